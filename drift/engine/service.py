"""The loop: sources feed the index, informers feed the queue, workers reconcile. Runs until cancelled.

Every task is supervised: a source or an informer that fails is told and started again; one object's failure stays with
that object. Nothing is written on the word of a watch that is not trusted.
"""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from drift.cluster import Cluster
from drift.core.assess import State
from drift.core.errors import ClusterError, DriftError
from drift.core.objects import GroupKind, Manifest, ObjectRef, Resource, split_api_version
from drift.core.pairing import with_former
from drift.core.reasons import Reason
from drift.core.scope import place
from drift.engine.desired_index import DesiredIndex, SourceState, rank
from drift.engine.informer import Informer
from drift.engine.queue import WorkQueue
from drift.engine.reconciler import Reconciler
from drift.engine.records import Listener, SourceChanged, SourceRemoved, SourceTroubled
from drift.engine.switches import CONTROL_NAMESPACE, Switches
from drift.engine.tracking import Observation
from drift.engine.watches import Watches, served
from drift.source import DesiredState, Hold, Problem, Removed, Revision, Source

_RESTART_DELAY = 5.0
_PLACE_AGAIN = 10.0
# Problems of a source that could not be looked at yet: until it can, the service is not ready.
_UNSEEN = frozenset({Reason.CLUSTER_UNREACHABLE, Reason.FORBIDDEN, Reason.TIMEOUT, Reason.SERVER_ERROR})


class ServiceOptions(msgspec.Struct, frozen=True):
    """`resync`: seconds between full lists. `workers`: objects repaired at the same time.

    `patience`: seconds that one waits for the answer a strategy asked for, before it takes the next object.
    """

    resync: float = 1800.0
    workers: int = 16
    patience: float = 0.25
    default_namespace: str = "default"
    control_namespace: str = CONTROL_NAMESPACE


class Service:
    """Keeps everything its sources declare as declared."""

    def __init__(
        self,
        cluster: Cluster,
        sources: Sequence[Source],
        index: DesiredIndex,
        reconciler: Reconciler,
        listener: Listener,
        options: ServiceOptions,
        switches: Switches | None = None,
    ) -> None:
        """Wire the parts; nothing starts before `run`."""
        self._cluster = cluster
        self._sources = {source.name: source for source in sources}
        self._owners: dict[str, Source] = {}
        self._states: dict[str, DesiredState] = {}
        self._index = index
        self._reconciler = reconciler
        reconciler.gatekeeper.still_current = self.still_current
        self._tell = listener
        self._options = options
        self._switches = switches
        self._queue: WorkQueue[ObjectRef] = WorkQueue()
        self._pending: dict[ObjectRef, Observation] = {}
        self._watches = Watches(cluster, index, reconciler, self._observed, listener)
        self._unplaced: dict[str, DesiredState] = {}
        self._loaded: set[str] = set()

    async def run(self) -> None:
        """Run until cancelled; ends every task it started."""
        try:
            async with asyncio.TaskGroup() as group:
                for source in self._sources.values():
                    group.create_task(self._follow(source))
                for _ in range(self._options.workers):
                    group.create_task(self._work())
                group.create_task(self._place_again())
                group.create_task(self._watches.resync_for_ever(self._options.resync))
                if self._switches is not None:
                    self._switches.on_change(self._switched)
                    group.create_task(self._switches.run())
        finally:
            await self._watches.stop()

    @property
    def ready(self) -> bool:
        """Whether every source was read and every watch shows the present."""
        return len(self._loaded) == len(self._sources) and all(informer.trusted for informer in self.informers)

    @property
    def informers(self) -> list[Informer]:
        """The watched scopes, for health and metrics."""
        return self._watches.informers

    @property
    def queue_depth(self) -> int:
        """Objects that wait to be looked at."""
        return len(self._queue)

    async def still_current(self, state: SourceState) -> Hold | None:
        """Ask the source that made a state; used as the reconciler's fence."""
        source, full = self._owners.get(state.source), self._states.get(state.source)
        if source is None or full is None:
            return Hold(Reason.SOURCE_FAILED, f"{state.source} is gone")
        return await source.still_current(full)

    # sources -> index

    async def _follow(self, source: Source) -> None:
        while True:
            try:
                async for revision in source.follow():
                    await self._take(source, revision)
            except DriftError as error:
                self._tell(SourceTroubled(source.name, error.reason, str(error)))
            except Exception as error:  # noqa: BLE001 - a poisonous source harms only itself
                message = f"{type(error).__name__} while following it"
                self._tell(SourceTroubled(source.name, Reason.INTERNAL_ERROR, message))
            await asyncio.sleep(_RESTART_DELAY)

    async def _take(self, source: Source, revision: Revision) -> None:
        match revision:
            case Problem():
                self._tell(SourceTroubled(revision.source, revision.reason, revision.message))
                if revision.reason in _UNSEEN:
                    return
            case Removed():
                await self._remove(revision.source)
            case DesiredState():
                self.adopt(source, revision)
                await self._put(revision)
        self._loaded.add(source.name)

    def adopt(self, source: Source, state: DesiredState) -> None:
        """Remember which source to ask about a state, and how it named it."""
        self._owners[state.source] = source
        self._states[state.source] = msgspec.structs.replace(state, manifests=(), former=())

    async def _put(self, state: DesiredState) -> None:
        placed, waiting = await self._placed(state)
        self._unplaced.pop(state.source, None)
        if waiting:
            self._unplaced[state.source] = state
        for problem in state.problems:
            self._tell(SourceTroubled(problem.source, problem.reason, problem.message))
        changed = self._index.put(msgspec.structs.replace(state, manifests=placed, former=()))
        hold = state.hold.message if state.hold else ""
        self._tell(SourceChanged(state.source, state.revision, len(state.manifests), hold))
        await self._watches.adjust()
        for ref in sorted(changed, key=lambda ref: (rank(ref), ref)):
            self._look_again(ref)

    def _look_again(self, ref: ObjectRef) -> None:
        """Look at an object whose desired state changed; one that waits for its first list is seen then."""
        if ref not in self._index:
            self._queue.drop(ref)
            self._pending.pop(ref, None)
            self._reconciler.forget(ref)
            return
        memory = self._reconciler.memory(ref)
        informer = self._watches.of(ref)
        settled = memory.state is State.IN_SYNC and memory.verified is not None
        if settled and memory.verified and memory.verified[1] == self._index.stamp(ref):
            return  # only a hold changed, and nothing waits for it
        if informer is not None and informer.synced:
            self._queue.add(ref)

    async def _placed(self, state: DesiredState) -> tuple[tuple[Manifest, ...], list[Manifest]]:
        """Manifests with the namespace their scope asks for, and those whose kind is not served (yet)."""
        placed, waiting = await self._place(state, state.manifests)
        former, _ = await self._place(state, state.former)
        return with_former(placed, former), waiting

    async def _place(self, state: DesiredState, manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
        placed, waiting = [], []
        for manifest in manifests:
            try:
                resource = await self._resource(manifest)
            except ClusterError as error:
                waiting.append(manifest)
                self._tell(SourceTroubled(state.source, error.reason, f"{manifest.ref}: {error}"))
            else:
                placed.append(place(manifest, resource.namespaced, self._options.default_namespace))
        return placed, waiting

    async def _resource(self, manifest: Manifest) -> Resource:
        _, version = split_api_version(manifest.api_version)
        return await served(self._cluster, GroupKind(manifest.ref.group, manifest.ref.kind), version)

    async def _place_again(self) -> None:
        while True:
            await asyncio.sleep(_PLACE_AGAIN)
            for state in list(self._unplaced.values()):
                if not await self._unserved(state):
                    await self._put(state)

    async def _unserved(self, state: DesiredState) -> list[Manifest]:
        """Manifests whose kind is still not served, without telling it again."""
        waiting = []
        for manifest in state.manifests:
            try:
                await self._resource(manifest)
            except ClusterError:
                waiting.append(manifest)
        return waiting

    async def _remove(self, source: str) -> None:
        self._owners.pop(source, None)
        self._states.pop(source, None)
        self._unplaced.pop(source, None)
        for ref in self._index.remove(source):
            self._look_again(ref)
        self._tell(SourceRemoved(source))
        await self._watches.adjust()

    # informers -> queue

    def _observed(self, ref: ObjectRef, observation: Observation) -> None:
        self._pending[ref] = observation
        claims = self._index.claims(ref)
        if observation.raw is None and len(claims) == 1:
            self._reconciler.gatekeeper.ask_early(claims[0])
        self._queue.add(ref)

    def _switched(self, namespace: str) -> None:
        """A switch was set or taken away: what is held there, or anywhere, is looked at again."""
        for ref in self._index.refs():
            memory = self._reconciler.tracked.get(ref)
            concerned = ref.namespace in {namespace, ""} or namespace == self._options.control_namespace
            if concerned and memory is not None and memory.state in {State.DRIFTED, State.MISSING}:
                self._queue.add(ref)

    # queue -> cluster

    async def _work(self) -> None:
        while True:
            ref = await self._queue.get()
            try:
                await self._process(ref)
            except Exception as error:  # noqa: BLE001 - a poisonous object harms only itself
                message = f"{ref}: {type(error).__name__} while reconciling"
                self._tell(SourceTroubled("engine", Reason.INTERNAL_ERROR, message))
                self._queue.retry(ref)
            finally:
                self._queue.done(ref)

    async def _process(self, ref: ObjectRef) -> None:
        informer = self._watches.of(ref)
        if informer is not None and not informer.trusted:
            self._pending.pop(ref, None)
            self._queue.add_after(ref, 1.0)  # what a stale watch showed is no ground to write on
            return
        seen = self._pending.pop(ref, None)
        if seen is not None and seen.number and seen.number < self._reconciler.memory(ref).written:
            return  # a state from before our own write: the event of that write is still to come
        verdict = await self._reconciler.reconcile(ref, seen)
        if verdict.after > 0:
            self._queue.add_after(ref, verdict.after)
        elif verdict.retry:
            self._queue.retry(ref, verdict.longest)
        else:
            self._queue.succeeded(ref)
