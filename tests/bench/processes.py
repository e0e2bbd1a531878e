"""The programs under test, each a process of its own, and what they cost."""

import asyncio
import contextlib
import re
import sys
import urllib.request
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

from tests.controlplane import ControlPlane
from tests.demo.guard import Guard

_IN_SYNC = re.compile(r'^daytwo_objects\{state="InSync"\} (\S+)$', re.MULTILINE)
_QUEUE = re.compile(r"^daytwo_queue_depth (\S+)$", re.MULTILINE)
_SETTLE = 120.0


@contextlib.asynccontextmanager
async def bare(plane: ControlPlane, namespace: str, concurrency: int) -> AsyncIterator[int]:
    """The bare loop on one namespace; yields its process id when it is ready."""
    command = ["-m", "tests.bench.bare", "--url", plane.url, "--namespace", namespace]
    command += ["--ca", str(plane.folder / "ca.crt"), "--pem", str(plane.folder / "admin.pem")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--concurrency", str(concurrency), stdout=PIPE
    )
    try:
        await _ready(process)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(process: Process) -> None:
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise RuntimeError("the bare loop did not start")


@contextlib.asynccontextmanager
async def drift(kubeconfig: Path, count: int, *arguments: str) -> AsyncIterator[Guard]:
    """`drift run --mode remediate`; yields it when all `count` objects were found in sync."""
    with Guard(kubeconfig, "--mode", "remediate", *arguments) as guard:
        await asyncio.to_thread(guard.wait_until_ready, _SETTLE)
        async with asyncio.timeout(_SETTLE):
            while not await asyncio.to_thread(_settled, guard.metrics_url, count):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield guard
        await asyncio.to_thread(guard.stop)


def _settled(url: str, count: int) -> bool:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    in_sync, queued = _IN_SYNC.search(text), _QUEUE.search(text)
    return in_sync is not None and queued is not None and float(in_sync[1]) >= count and float(queued[1]) == 0


def resident(pid: int) -> float:
    """Memory of a process in MB (Linux: VmRSS)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1000  # type: ignore[index]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
