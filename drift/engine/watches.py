"""The set of informers: what is desired is watched, and nothing else.

A few namespaces are watched one by one, many at once where that is permitted. Each informer is a task of its own that
never ends by itself.
"""

import asyncio
import random

from drift.cluster import Cluster
from drift.core.errors import ClusterError, UnknownKindError
from drift.core.objects import GroupKind, ObjectRef, Resource, split_api_version
from drift.engine.desired_index import DesiredIndex
from drift.engine.informer import Informer, Observe, Scope
from drift.engine.reconciler import Reconciler
from drift.engine.records import Listener, SourceTroubled

_FEW_NAMESPACES = 3


async def served(cluster: Cluster, kind: GroupKind, version: str) -> Resource:
    """Resolve a kind in the version it is declared in, or in the one the server prefers."""
    try:
        return await cluster.resource(kind, version)
    except UnknownKindError:
        return await cluster.resource(kind)


class Watches:
    """Starts and stops informers as the index asks for."""

    def __init__(
        self, cluster: Cluster, index: DesiredIndex, reconciler: Reconciler, observe: Observe, listener: Listener
    ) -> None:
        """Nothing is watched before `adjust`."""
        self._cluster = cluster
        self._index = index
        self._reconciler = reconciler
        self._observe = observe
        self._tell = listener
        self._informers: dict[Scope, tuple[Informer, asyncio.Task[None]]] = {}
        self._adjusting = asyncio.Lock()

    @property
    def informers(self) -> list[Informer]:
        """Every informer that runs."""
        return [informer for informer, _ in self._informers.values()]

    def of(self, ref: ObjectRef) -> Informer | None:
        """The informer whose scope an object lies in."""
        return next((informer for scope, (informer, _) in self._informers.items() if scope.covers(ref)), None)

    async def adjust(self) -> None:
        """Watch what is desired now."""
        async with self._adjusting:
            wanted = await self._scopes()
            for scope in wanted - self._informers.keys():
                self._start(scope)
            await self._stop([scope for scope in self._informers if scope not in wanted])

    async def stop(self) -> None:
        """End every informer."""
        await self._stop(list(self._informers))

    async def resync_for_ever(self, period: float) -> None:
        """List everything again about every `period` seconds: the level under the edges."""
        while True:
            await asyncio.sleep(period * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load
            for informer in self.informers:
                if informer.trusted:
                    await self._resync(informer)

    async def _resync(self, informer: Informer) -> None:
        try:
            await informer.resync()
        except ClusterError as error:
            self._tell(SourceTroubled("resync", error.reason, str(error)))

    def _start(self, scope: Scope) -> None:
        informer = Informer(self._cluster, scope, self._index, self._reconciler, self._observe, self._tell)
        self._informers[scope] = (informer, asyncio.create_task(informer.run(), name=f"watch {scope}"))

    async def _stop(self, scopes: list[Scope]) -> None:
        tasks = [self._informers.pop(scope)[1] for scope in scopes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _scopes(self) -> set[Scope]:
        found: set[Scope] = set()
        for kind, namespaces in self._index.kinds().items():
            _, version = split_api_version(self._index.version(kind))
            try:
                resource = await served(self._cluster, kind, version)
            except ClusterError:
                continue  # told when it was placed
            found |= {Scope(resource, namespace) for namespace in await self._watched(resource, namespaces)}
        return found

    async def _watched(self, resource: Resource, namespaces: frozenset[str]) -> frozenset[str]:
        if not resource.namespaced:
            return frozenset({""})
        if len(namespaces) <= _FEW_NAMESPACES:
            return namespaces
        if Scope(resource) in self._informers or await self._may_watch_everywhere(resource):
            return frozenset({""})
        return namespaces

    async def _may_watch_everywhere(self, resource: Resource) -> bool:
        try:
            return await self._cluster.allowed("list", resource) and await self._cluster.allowed("watch", resource)
        except ClusterError:
            return False
