"""One source per namespace whose labels are as wanted: for namespaces that are made or labelled later, too.

Only chosen namespaces are read: the rest of the cluster may hold what this identity must not see.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from drift.core.errors import ClusterError, DriftError
from drift.core.objects import GroupKind
from drift.core.reasons import Reason
from drift.source import (
    Changed,
    Cluster,
    DesiredState,
    Empty,
    Fresh,
    Hold,
    Listed,
    Problem,
    Removed,
    Revision,
    Source,
    SourceError,
    Stale,
    WatchEvent,
)

__all__ = ["ChosenNamespaces"]

_NAMESPACE = GroupKind("", "Namespace")
_RESTART_DELAY = 5.0


class _Name(msgspec.Struct, frozen=True):
    name: str


class _Namespace(msgspec.Struct, frozen=True):
    metadata: _Name


_NAMESPACES = msgspec.json.Decoder(_Namespace)


class _Followed(msgspec.Struct, eq=False):
    """One chosen namespace: its source, the task that follows it, and the states that were told."""

    source: Source
    task: "asyncio.Task[None]"
    told: set[str] = msgspec.field(default_factory=set)


class ChosenNamespaces:
    """The states of `source_in(namespace)` for every namespace that a label selector chooses."""

    def __init__(self, cluster: Cluster, selector: str, source_in: Callable[[str], Source]) -> None:
        """Nothing is read yet. An empty selector chooses every namespace."""
        self._cluster = cluster
        self._selector = selector
        self._source_in = source_in
        self._followed: dict[str, _Followed] = {}
        self._owners: dict[str, Source] = {}
        self._blind = ""
        self._news: asyncio.Queue[Revision | WatchEvent] = asyncio.Queue()

    @property
    def name(self) -> str:
        """`namespaces:SELECTOR`."""
        return f"namespaces:{self._selector or '*'}"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Read every chosen namespace once. Raises SourceError when the namespaces cannot be listed."""
        try:
            resource = await self._cluster.resource(_NAMESPACE)
            listing = await self._cluster.list(resource, label_selector=self._selector, metadata_only=True)
        except ClusterError as error:
            raise SourceError(str(error), reason=error.reason) from error
        sources = [self._source_in(_name(item)) for item in listing.items]
        answers = await asyncio.gather(*(self._loaded(source) for source in sources))
        return tuple(item for answer in answers for item in answer)

    async def _loaded(self, source: Source) -> tuple[DesiredState | Problem, ...]:
        try:
            states = await source.load()
        except SourceError as error:
            return (Problem(source.name, str(error), error.reason),)
        self._owners |= {state.source: source for state in states if isinstance(state, DesiredState)}
        return states

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield every state of every chosen namespace, then every change of either."""
        self._news = asyncio.Queue()
        watching = asyncio.create_task(self._watch(), name=self.name)
        try:
            while True:
                news = await self._news.get()
                if isinstance(news, Listed | Changed | Stale | Fresh):
                    for revision in self._choose(news):
                        yield revision
                elif self._wanted(news):
                    yield news
        finally:
            watching.cancel()
            for followed in self._followed.values():
                followed.task.cancel()
            self._followed.clear()

    async def still_current(self, state: DesiredState) -> Hold | None:
        """Ask the source of the namespace, unless which namespaces are chosen cannot be seen."""
        if self._blind:
            return Hold(Reason.STATE_UNKNOWN, f"which namespaces are guarded cannot be seen: {self._blind}")
        source = self._owners.get(state.source)
        if source is None:
            return Hold(Reason.OLDER_REVISION, f"{state.source}: its namespace is not guarded any more")
        return await source.still_current(state)

    async def _watch(self) -> None:
        """Follow the namespaces; one that cannot be watched is told, and tried again."""
        while True:
            try:
                resource = await self._cluster.resource(_NAMESPACE)
                async for event in self._cluster.follow(resource, label_selector=self._selector):
                    self._news.put_nowait(event)
            except ClusterError as error:
                self._news.put_nowait(Stale(str(error), error.reason))
            await asyncio.sleep(_RESTART_DELAY)

    def _choose(self, event: WatchEvent) -> list[Revision]:
        """Begin and end namespaces; return what to tell at once."""
        match event:
            case Stale():
                self._blind = event.error
                return [Problem(self.name, event.error)]
            case Fresh():
                self._blind = ""
                return []
            case Changed(type="DELETED"):
                return self._end(_name(event.object))
            case Changed():
                self._begin(_name(event.object))
                return []
        self._blind = ""
        chosen = {_name(item) for item in event.items}
        ended = [gone for name in self._followed.keys() - chosen for gone in self._end(name)]
        for name in sorted(chosen):
            self._begin(name)
        return [*ended, *([] if chosen else [Empty(self.name)])]

    def _begin(self, namespace: str) -> None:
        if namespace not in self._followed:
            source = self._source_in(namespace)
            task = asyncio.create_task(self._follow_one(source), name=source.name)
            self._followed[namespace] = _Followed(source, task)

    def _end(self, namespace: str) -> list[Revision]:
        followed = self._followed.pop(namespace, None)
        if followed is None:
            return []
        followed.task.cancel()
        for name in followed.told:
            self._owners.pop(name, None)
        return [Removed(name) for name in sorted(followed.told)]

    async def _follow_one(self, source: Source) -> None:
        while True:
            try:
                async for revision in source.follow():
                    self._news.put_nowait(revision)
            except DriftError as error:
                self._news.put_nowait(Problem(source.name, str(error), error.reason))
            await asyncio.sleep(_RESTART_DELAY)

    def _wanted(self, revision: Revision) -> bool:
        """Note whose state it is; one that was told just before its namespace ended is not wanted any more."""
        if not isinstance(revision, DesiredState):
            return True
        followed = self._followed.get(revision.source.partition(":")[2].partition("/")[0])
        if followed is None:
            return False
        followed.told.add(revision.source)
        self._owners[revision.source] = followed.source
        return True


def _name(raw: msgspec.Raw) -> str:
    return _NAMESPACES.decode(raw).metadata.name
