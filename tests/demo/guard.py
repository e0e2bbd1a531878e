"""`drift run` as a process of its own, and what its log says."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DRIFT = Path(sys.executable).with_name("drift")
Line = dict[str, Any]


class GuardError(Exception):
    """drift did not start, did not become ready or did not end; the text carries the end of its log."""


def environment(kubeconfig: Path) -> dict[str, str]:
    """An environment in which drift sees one cluster and no settings of whoever runs the demo."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRIFT_")}
    return {**kept, "KUBECONFIG": str(kubeconfig)}


class Guard:
    """`drift run` with JSON logs; a context manager that ends it by SIGTERM."""

    def __init__(self, kubeconfig: Path, *arguments: str) -> None:
        self._arguments = ("run", *arguments, "--log-format", "json", "--metrics-port", "0")
        self._environment = environment(kubeconfig)
        self._lines: list[Line] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self.exit_code: int | None = None
        self.metrics_url = ""  # known once it is ready
        self.listener: Callable[[Line], None] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(DRIFT), *self._arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the demo, which ends it in order
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, seconds: float = 10.0) -> None:
        """End it as Kubernetes would: SIGTERM, then the hard way."""
        if self._process is None or self.exit_code is not None:
            return
        self._process.terminate()
        try:
            self.exit_code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.exit_code = self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for text in process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"event": "text", "text": text.rstrip()}
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
            if self.listener is not None:
                self.listener(line)

    def mark(self) -> int:
        """Where its log is now."""
        with self._changed:
            return len(self._lines)

    def lines(self, mark: int = 0) -> list[Line]:
        """Its log since a mark."""
        with self._changed:
            return self._lines[mark:]

    def wait(self, mark: int, wanted: Callable[[Line], bool], seconds: float) -> Line | None:
        """Wait for the first line since a mark that is as wanted; None when the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                found = next((line for line in self._lines[mark:] if wanted(line)), None)
                if found is not None or time.monotonic() >= deadline or self._ended():
                    return found
                self._changed.wait(min(0.2, max(0.0, deadline - time.monotonic())))

    def wait_until_ready(self, seconds: float = 20.0) -> None:
        """Come back when every source was read and every watch shows the present."""
        deadline = time.monotonic() + seconds
        started = self.wait(0, lambda line: line["event"] == "started", seconds)
        if started is None:
            raise self._error("did not start")
        self.metrics_url = started["metrics"]
        while not _answers(self.metrics_url.replace("/metrics", "/readyz")):
            if time.monotonic() > deadline or self._ended():
                raise self._error("did not become ready")
            time.sleep(0.02)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _error(self, what: str) -> GuardError:
        tail = [json.dumps(line) for line in self.lines()[-10:]]
        return GuardError("\n  ".join([f"drift run {what}; the end of its log:", *tail]))


def _answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
        return bool(answer.status == 200)
    return False


def report(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `drift report` as anybody would."""
    command = [str(DRIFT), "report", *arguments]
    return subprocess.run(command, env=environment(kubeconfig), capture_output=True, text=True, check=False)
