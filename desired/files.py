"""Desired state from files, folders and standard input.

A set of files is one state: when a part of it cannot be read, nothing of it is repaired until it can (the objects
that are known stay known and held).
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from desired.decode import Document, Limits, decode_tolerant
from desired.folders import STDIN, Content, fingerprint, read_paths
from desired.manifests import collect_manifests
from drift.core.reasons import Reason
from drift.core.scope import place
from drift.source import DesiredState, Hold, Manifest, Problem, Revision, SourceError

__all__ = ["FileSource"]

_DEFAULT = Limits()
_DEBOUNCE_ROUNDS = 20


class FileSource:
    """Manifests under `paths` (`-` is `stdin`); one desired state named `files:PATH`.

    Objects without a namespace get `default_namespace`; the engine strips it again from cluster-scoped kinds.
    `interval` is the polling period of `follow` in seconds.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        *,
        stdin: bytes | None = None,
        default_namespace: str = "",
        recursive: bool = True,
        interval: float = 1.0,
        limits: Limits = _DEFAULT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._paths = tuple(Path(path) for path in paths if str(path) != STDIN)
        self._uses_stdin = len(self._paths) != len(paths)
        self._stdin = stdin
        self._namespace = default_namespace
        self._recursive = recursive
        self._interval = interval
        self._limits = limits
        self._clock = clock
        self._name = "files:" + ",".join(str(path) for path in paths)

    @property
    def name(self) -> str:
        """`files:PATH,PATH`."""
        return self._name

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Read everything. Raises SourceError when no object can be read."""
        return (await asyncio.to_thread(self._read),)

    async def still_current(self, state: DesiredState) -> Hold | None:  # noqa: ARG002 (the protocol's shape)
        """Nobody else operates on what files say."""
        return None

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield now and after every change of content; a failing read freezes the last good state."""
        good: DesiredState | None = None
        told: object = None
        while True:
            mark = await self._settled()
            revision = self._judge(await self._attempt(), good)
            if isinstance(revision, DesiredState) and revision.hold is None:
                good = revision
            if _identity(revision) != told:
                told = _identity(revision)
                yield revision
            await self._wait_for_change(mark, retry=good is not revision)

    def _judge(self, read: DesiredState | SourceError, good: DesiredState | None) -> Revision:
        """What to tell after a read."""
        if isinstance(read, SourceError):
            problem = Problem(self._name, str(read), read.reason)
            if good is None:
                return problem
            return msgspec.structs.replace(good, hold=self._hold(Reason.SOURCE_FAILED, str(read)), problems=(problem,))
        if good is None:
            return read
        if read.hold is not None:
            return msgspec.structs.replace(good, hold=read.hold, problems=read.problems)
        former = good.former if read.revision == good.revision else good.manifests
        return msgspec.structs.replace(read, former=former)

    async def _attempt(self) -> DesiredState | SourceError:
        """Read, with the failure as a value."""
        try:
            return await asyncio.to_thread(self._read)
        except SourceError as error:
            return error

    async def _settled(self) -> object:
        """Wait until nothing changed between two looks: an editor or a sync may be half-way."""
        mark = await self._mark()
        for _ in range(_DEBOUNCE_ROUNDS):
            await asyncio.sleep(min(self._interval, 0.1))
            before, mark = mark, await self._mark()
            if before == mark:
                break
        return mark

    async def _wait_for_change(self, mark: object, *, retry: bool) -> None:
        """Poll; after a failure the next look is a new read, for not every failure leaves a trace in the times."""
        await asyncio.sleep(self._interval)
        while not retry and await self._mark() == mark:  # noqa: ASYNC110 (files send no event)
            await asyncio.sleep(self._interval)

    async def _mark(self) -> object:
        """Fingerprint of all paths."""
        return await asyncio.to_thread(fingerprint, self._paths, recursive=self._recursive)

    def _read(self) -> DesiredState:
        """Read and decode. Raises SourceError when no object can be read."""
        contents, faults = read_paths(self._paths, recursive=self._recursive, most=self._limits.bytes)
        if self._uses_stdin:
            contents = (*contents, self._standard_input())
        problems = tuple(Problem(self._name, fault) for fault in faults)
        manifests, unreadable = self._decode(contents)
        problems = (*problems, *unreadable)
        if not manifests:
            raise self._nothing(problems)
        hold = self._partial(problems) if problems else None
        return DesiredState(self._name, _revision(contents), manifests, hold=hold, problems=problems)

    def _standard_input(self) -> Content:
        """What the command line read for us."""
        if self._stdin is None:
            raise SourceError("- means standard input, and nothing was given there")
        return Content("stdin", self._stdin)

    def _decode(self, contents: Sequence[Content]) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
        """Decode every file; objects are unique over all of them."""
        documents: list[Document] = []
        problems: list[Problem] = []
        for content in contents:
            found, bad = decode_tolerant(content.data, file=content.name, source=self._name, limits=self._limits)
            documents.extend(found)
            problems.extend(bad)
        manifests, bad = collect_manifests(
            documents, source=self._name, revision=_revision(contents), default_namespace=self._namespace
        )
        return tuple(place(one, True, self._namespace) for one in manifests), (*problems, *bad)  # noqa: FBT003

    def _nothing(self, problems: Sequence[Problem]) -> SourceError:
        """An empty desired state is a failure: it would mean that nothing is wanted any more."""
        if problems:
            return SourceError(_summary(problems))
        paths = self._name.removeprefix("files:")
        return SourceError(f"{paths}: holds no Kubernetes object", reason=Reason.DESIRED_EMPTY)

    def _partial(self, problems: Sequence[Problem]) -> Hold:
        """Freeze what is only partly readable."""
        return self._hold(Reason.DESIRED_PARTIAL, f"nothing is repaired until this can be read: {_summary(problems)}")

    def _hold(self, reason: Reason, message: str) -> Hold:
        """Build a hold from now on."""
        return Hold(reason, message, self._clock())


def _summary(problems: Sequence[Problem]) -> str:
    """First problem, and how many more."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0].message + more


def _revision(contents: Sequence[Content]) -> str:
    """Short hash of names and bytes."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(f"{content.name}\0{len(content.data)}\0".encode(errors="surrogateescape"))
        digest.update(content.data)
    return digest.hexdigest()[:12]


def _identity(revision: Revision) -> object:
    """What makes two revisions the same news; since when a hold lasts does not."""
    if isinstance(revision, DesiredState):
        hold = revision.hold and (revision.hold.reason, revision.hold.message)
        return revision.revision, hold, revision.problems
    return revision
