"""Runs a renderer as a child process: bounded in time, memory and output, with none of our credentials.

The child gets a home of its own that is gone afterwards, and its whole process group ends with it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from drift.core.errors import SourceError

__all__ = ["Bounds", "Outcome", "run_child"]

_CHUNK = 256 * 1024
_ERROR_BYTES = 64 * 1024
_LAST_WORDS = 5.0


class Bounds(msgspec.Struct, frozen=True):
    """Seconds of wall clock, bytes of standard output, bytes of address space."""

    seconds: float = 60.0
    output: int = 64 * 1024 * 1024
    memory: int = 8 * 1024 * 1024 * 1024


class Outcome(msgspec.Struct, frozen=True):
    """Exit code, standard output and the end of standard error."""

    code: int
    output: bytes
    errors: str


async def run_child(argv: Sequence[str], *, what: str, bounds: Bounds, stdin: bytes = b"") -> Outcome:
    """Run to the end. Raises SourceError when it cannot start, takes too long or writes too much."""
    with tempfile.TemporaryDirectory(prefix="daytwo-render-") as home:
        async with _started(argv, Path(home), what, bounds) as process:
            try:
                async with asyncio.timeout(bounds.seconds):
                    return await _converse(process, what, bounds, stdin)
            except TimeoutError:
                raise SourceError(f"{what} took longer than {bounds.seconds:g} s and was stopped") from None


@contextlib.asynccontextmanager
async def _started(
    argv: Sequence[str], home: Path, what: str, bounds: Bounds
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start in a process group of its own and leave nothing of it behind."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=home,
            env=_environment(home),
            start_new_session=True,
        )
    except OSError as error:
        raise SourceError(f"{what}: {argv[0]} cannot be started: {(error.strerror or '').lower()}") from error
    _limit_memory(process.pid, bounds.memory)
    try:
        yield process
    finally:
        _kill(process)
        # Unread output would keep wait() waiting; a grandchild that left the group must not.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await asyncio.gather(_read_end(process.stdout), _read_end(process.stderr), process.wait())


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the whole process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(home: Path) -> dict[str, str]:
    """Nothing but where programs are; no kubeconfig, no token, no proxy, no in-cluster address."""
    folder = str(home)
    own = (
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "HELM_CACHE_HOME",
        "HELM_CONFIG_HOME",
        "HELM_DATA_HOME",
        "HELM_PLUGINS",
    )
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, **dict.fromkeys(own, folder), "LANG": "C.UTF-8", "KUBECONFIG": os.devnull}


def _limit_memory(pid: int, memory: int) -> None:
    """Bound the address space where the system can do it for another process."""
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))


async def _converse(process: asyncio.subprocess.Process, what: str, bounds: Bounds, stdin: bytes) -> Outcome:
    """Feed, read both streams, wait."""
    output, errors, _ = await asyncio.gather(
        _read(process, bounds.output), _read_end(process.stderr), _write(process.stdin, stdin)
    )
    if output is None:
        raise SourceError(f"{what} wrote more than {bounds.output} bytes and was stopped")
    return Outcome(await process.wait(), output, errors.decode(errors="replace"))


async def _read(process: asyncio.subprocess.Process, most: int) -> bytes | None:
    """Read to the end; more than `most` ends the process and is None."""
    chunks: list[bytes] = []
    size = 0
    while process.stdout is not None and (chunk := await process.stdout.read(_CHUNK)):
        size += len(chunk)
        if size > most:
            _kill(process)
            chunks.clear()
            continue
        chunks.append(chunk)
    return b"".join(chunks) if size <= most else None


async def _read_end(stream: asyncio.StreamReader | None) -> bytes:
    """Read to the end and keep the last part."""
    kept = b""
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        kept = (kept + chunk)[-_ERROR_BYTES:]
    return kept


async def _write(stream: asyncio.StreamWriter | None, data: bytes) -> None:
    """Write everything; a child that does not read it is no fault of ours."""
    if stream is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
        stream.close()
