"""Two processes and one Lease: the leader paused, killed, and told to end (promise P18)."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import ControlPlane, RequestError
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Writer:
    """One of the processes, and what it wrote."""

    def __init__(self, plane: ControlPlane, namespace: str, name: str) -> None:
        self._plane, self._path = plane, f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        arguments = (str(plane.admin_kubeconfig), namespace, name)
        self.process = subprocess.Popen([sys.executable, "-m", "tests.controller.writing", *arguments], cwd=ROOT)

    @property
    def written(self) -> str:
        """The resourceVersion of its last write, empty before its first."""
        try:
            return str(self._plane.request("GET", self._path)["metadata"]["resourceVersion"])
        except RequestError:
            return ""

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


@pytest.fixture
def pair(plane: ControlPlane, namespace: str) -> Iterator[tuple[Writer, Writer]]:
    """A leader that writes, and one that waits."""
    first = Writer(plane, namespace, "first")
    try:
        until("the first writes", lambda: first.written, seconds=30)
        second = Writer(plane, namespace, "second")
        try:
            yield first, second
        finally:
            second.end()
    finally:
        first.end()


def test_a_leader_paused_past_its_lease_and_woken_writes_nothing(pair: tuple[Writer, Writer]) -> None:
    first, second = pair
    first.process.send_signal(signal.SIGSTOP)
    until("the second writes", lambda: second.written, seconds=30)
    before, so_far = first.written, second.written
    first.process.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        assert first.written == before
    assert second.written != so_far
    assert first.process.poll() is None


def test_a_killed_leader_is_succeeded(pair: tuple[Writer, Writer]) -> None:
    first, second = pair
    first.process.kill()
    until("the second writes", lambda: second.written, seconds=30)


def test_a_leader_that_is_told_to_end_hands_over(pair: tuple[Writer, Writer]) -> None:
    first, second = pair
    first.process.terminate()
    assert first.process.wait(10) == 0
    last = first.written
    until("the second writes", lambda: second.written, seconds=30)
    assert first.written == last
