"""The processes of a control plane: one group, which never outlives whoever started it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL = 0.03
_LOG_TAIL = 25  # lines

# Ends when its stdin does, that is when the test process is gone by whatever signal, and clears up behind it.
_WATCHDOG = 'cat >/dev/null; kill -KILL -- "-$1" 2>/dev/null; sleep 0.2; rm -rf -- "$2"'


class ControlPlaneError(Exception):
    """The control plane could not be found, started or asked; the text says which part and why."""


class PortTakenError(ControlPlaneError):
    """Somebody else took the port between our choosing and the program's listening."""


@dataclass(slots=True)
class Program:
    """A running component and the file it logs to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def fail(self, reason: str) -> ControlPlaneError:
        """Make the error that carries the end of the component's log."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
        kind = PortTakenError if any("address already in use" in line for line in lines) else ControlPlaneError
        return kind("\n  ".join([f"{self.name} {reason}; the end of its log:", *lines]))

    def wait_until(self, what: str, ready: Callable[[], bool], *, seconds: float) -> None:
        """Poll until it is ready, its process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if (code := self.process.poll()) is not None:
                raise self.fail(f"ended with code {code} before {what}")
            if time.monotonic() > deadline:
                raise self.fail(f"was not there after {seconds:.0f} s: {what}")
            time.sleep(_POLL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Programs:
    """A temporary folder and the processes that work in it; `close` ends both, and so does our own death."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="daytwo-controlplane-"))
        self._running: list[Program] = []
        self._group = 0  # of the first process; 0 makes a new group
        self._watchdog: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Program:
        """Start a component; it logs to a file named after it."""
        name = Path(command[0]).name
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                process_group=self._group,
            )
        program = Program(name, process, log)
        self._running.append(program)
        if not self._group:
            self._group = process.pid
            self._watchdog = self._watch()
        return program

    def _watch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(self._group), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            process_group=0,
        )

    def close(self) -> None:
        if self._watchdog is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._watchdog.pid, signal.SIGKILL)
            self._watchdog.communicate()
        if self._group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        for program in self._running:
            program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
