"""One watched scope (a kind in a namespace, or everywhere): turns its events into observations of desired objects.

Keeps no bodies. An event of an object that nobody desires, or that is in the very state found in sync before, ends
here. What a stale or half stream does not show is never taken for missing.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from drift.cluster import Changed, Cluster, Fresh, Listed, Listing, Stale, WatchEvent
from drift.core.assess import State
from drift.core.live import identity, version_number
from drift.core.objects import ObjectRef, Resource
from drift.engine.desired_index import DesiredIndex
from drift.engine.reconciler import Reconciler
from drift.engine.records import Listener, WatchChanged
from drift.engine.tracking import Observation

_RESTART_DELAY = 5.0
Observe = Callable[[ObjectRef, Observation], None]


class Scope(msgspec.Struct, frozen=True, order=True):
    """What one informer watches; namespace "" is everywhere."""

    resource: Resource
    namespace: str = ""

    def __str__(self) -> str:
        """`deployments.apps in shop`."""
        name = f"{self.resource.plural}.{self.resource.group}" if self.resource.group else self.resource.plural
        return f"{name} in {self.namespace}" if self.namespace else name

    def covers(self, ref: ObjectRef) -> bool:
        """Whether an object lies in this scope."""
        return (
            ref.kind == self.resource.kind
            and ref.group == self.resource.group
            and self.namespace in {"", ref.namespace}
        )


class Informer:
    """Follows one scope until cancelled."""

    def __init__(
        self,
        cluster: Cluster,
        scope: Scope,
        index: DesiredIndex,
        reconciler: Reconciler,
        observe: Observe,
        listener: Listener,
    ) -> None:
        """`observe` is called for every object that must be looked at."""
        self._cluster = cluster
        self.scope = scope
        self._index = index
        self._reconciler = reconciler
        self._observe = observe
        self._tell = listener
        self.synced = False
        self.error = ""
        self.last_heard = 0.0

    @property
    def trusted(self) -> bool:
        """Whether what this informer shows is the present."""
        return self.synced and not self.error

    async def run(self) -> None:
        """Follow the scope for ever; what breaks a stream is told, and the stream begun anew."""
        while True:
            try:
                async for event in self._cluster.follow(self.scope.resource, self.scope.namespace):
                    self.handle(event)
            except Exception as error:  # noqa: BLE001 - one scope's trouble must not end the service
                self._heard(f"{type(error).__name__} while watching")
            await asyncio.sleep(_RESTART_DELAY)

    async def resync(self) -> None:
        """List again and compare with what is desired. Raises ClusterError."""
        listing = await self._cluster.list(self.scope.resource, self.scope.namespace)
        self._listed(listing)

    def handle(self, event: WatchEvent) -> None:
        """Take one event; cheap and without waiting."""
        self.last_heard = time.monotonic()
        match event:
            case Changed():
                self._changed(event)
            case Listed():
                self._heard("")
                self.synced = True
                self._listed(event)
            case Fresh():
                self._heard("")
            case Stale():
                self._heard(event.error or event.reason)

    def _heard(self, error: str) -> None:
        if error != self.error:
            self.error = error
            self._tell(WatchChanged(str(self.scope), error))

    def _ref(self, name: str, namespace: str) -> ObjectRef:
        return ObjectRef(self.scope.resource.group, self.scope.resource.kind, namespace, name)

    def _changed(self, event: Changed) -> None:
        found = identity(event.object)
        ref = self._ref(found.name, found.namespace)
        if ref not in self._index:
            return
        memory, number = self._reconciler.memory(ref), version_number(found.resource_version)
        if number and number <= memory.seen:
            return  # a repeated or late event: a newer state was seen already
        memory.seen = number
        if event.type == "DELETED":
            self._observe(ref, Observation(None, time.monotonic(), event.object, number))
        elif number and number < memory.written:
            return  # older than our own last write: its event is still to come
        elif not self._reconciler.known_in_sync(ref, event.object):
            self._observe(ref, Observation(event.object, time.monotonic(), number=number))

    def _listed(self, listing: Listed | Listing) -> None:
        at, here = time.monotonic(), set()
        for item in listing.items:
            found = identity(item)
            ref = self._ref(found.name, found.namespace)
            here.add(ref)
            if ref in self._index:
                self._take_item(ref, item, version_number(found.resource_version), at)
        as_of = version_number(listing.resource_version)
        for ref in self._index.refs():
            if ref not in here and self.scope.covers(ref):
                self._take_absence(ref, as_of, at)

    def _take_item(self, ref: ObjectRef, item: msgspec.Raw, number: int, at: float) -> None:
        memory = self._reconciler.memory(ref)
        memory.seen = number
        if number >= memory.written and not self._reconciler.known_in_sync(ref, item):
            self._observe(ref, Observation(item, at, number=number))

    def _take_absence(self, ref: ObjectRef, as_of: int, at: float) -> None:
        memory = self._reconciler.memory(ref)
        if memory.written and as_of < memory.written:
            return  # the list is older than our own write
        if memory.state is not State.MISSING:
            self._observe(ref, Observation(None, at))
