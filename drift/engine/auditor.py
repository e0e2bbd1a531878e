"""One full check: load every source, list every kind once, compare, ask the server about suspects, report.

Writes nothing. One list per kind (and namespace, where few are concerned), never a request per object. What could not
be read becomes Unknown with its reason; everything else is still checked.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from drift.cluster import Cluster
from drift.core.assess import Assessment, State, labels_of, unknown
from drift.core.errors import ClusterError, DriftError, ForbiddenError
from drift.core.ignoring import idle_rules
from drift.core.live import identity
from drift.core.objects import GroupKind, Manifest, ObjectRef, Resource, split_api_version
from drift.core.pairing import claimed_twice, pair, with_former
from drift.core.reasons import Reason
from drift.core.report import Report, SourceHold, SourceProblem
from drift.core.scope import place
from drift.engine.assessor import Assessor, Options, Sight
from drift.engine.desired_index import ROLE_ORDER
from drift.engine.watches import served
from drift.source import DesiredState, Hold, Problem, Source

_AT_ONCE = 8
_FEW_NAMESPACES = 3
# Holds that say the desired state itself cannot be trusted: its objects are Unknown, not merely held.
_BLINDING = frozenset({Reason.SOURCE_FAILED, Reason.STATE_UNKNOWN, Reason.DESIRED_INVALID, Reason.DESIRED_EMPTY})
LabelTest = Callable[[Mapping[str, str]], bool]
LiveItems = dict[ObjectRef, msgspec.Raw]


class _Scope(msgspec.Struct, frozen=True, order=True):
    resource: Resource
    namespace: str


class Survey(msgspec.Struct, frozen=True, eq=False):
    """A report, and the states it was made from with their manifests placed."""

    report: Report
    states: tuple[tuple[Source, DesiredState], ...]


class Auditor:
    """Checks sources against one cluster."""

    def __init__(
        self,
        cluster: Cluster,
        options: Options,
        *,
        default_namespace: str = "default",
        labels: LabelTest | None = None,
    ) -> None:
        """`labels` narrows the check to desired objects whose labels it accepts."""
        self._cluster = cluster
        self._assessor = Assessor(cluster, options)
        self._default_namespace = default_namespace
        self._labels = labels
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def check(self, sources: Sequence[Source]) -> Report:
        """Check everything now; what cannot be loaded is a problem of the report."""
        return (await self.survey(sources)).report

    async def survey(self, sources: Sequence[Source]) -> "Survey":
        """Check everything now, and keep what was desired for whoever repairs it."""
        loaded, problems = await self.load(sources)
        states = [state for _, state in loaded]
        placed, blind = await self._place_all(states)
        manifests = [manifest for own in placed for manifest in own]
        live = await self._live(manifests)
        found = [unknown(manifest, error.reason, str(error)) for manifest, error in blind]
        found += await self._assess(manifests, live, states)
        problems += [_unseen(state) for state in states if state.hold and not state.manifests]
        report = Report(
            context=self._cluster.context,
            assessments=tuple(found),
            problems=tuple(problems),
            holds=tuple(_hold(state) for state in states if state.hold),
            limits=(*sorted(self._assessor.limits), *self._idle_rules(found, manifests)),
            sources=len(states),
        )
        pairs = zip(loaded, placed, strict=True)
        return Survey(report, tuple((source, _with(state, own)) for (source, state), own in pairs))

    def _idle_rules(self, found: Iterable[Assessment], manifests: Iterable[Manifest]) -> Iterable[str]:
        labels = {manifest.ref: labels_of(manifest.body) for manifest in manifests}
        return idle_rules(self._assessor.options.ignore, found, labels, _now())

    async def load(self, sources: Sequence[Source]) -> tuple[list[tuple[Source, DesiredState]], list[SourceProblem]]:
        """Load all sources; one that fails is a problem and stops no other."""
        states: list[tuple[Source, DesiredState]] = []
        problems: list[SourceProblem] = []
        for source in sources:
            try:
                loaded = await source.load()
            except DriftError as error:
                problems.append(SourceProblem(source.name, str(error), error.reason))
                continue
            except Exception as error:  # noqa: BLE001 - a poisonous source harms only itself
                message = f"{type(error).__name__} while loading it"
                problems.append(SourceProblem(source.name, message, Reason.INTERNAL_ERROR))
                continue
            for item in loaded:
                if isinstance(item, Problem):
                    problems.append(_problem(item))
                else:
                    states.append((source, item))
                    problems += [_problem(problem) for problem in item.problems]
        return states, problems

    async def _place_all(
        self, states: Iterable[DesiredState]
    ) -> tuple[list[tuple[Manifest, ...]], list[tuple[Manifest, ClusterError]]]:
        """Manifests of each state with their namespaces, and those whose kind cannot be resolved."""
        placed: list[tuple[Manifest, ...]] = []
        blind: list[tuple[Manifest, ClusterError]] = []
        for state in states:
            own, unresolved = await self._place(state.manifests)
            former, _ = await self._place(state.former)
            placed.append(with_former(own, former))
            blind += unresolved
        return placed, blind

    async def _place(self, manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[tuple[Manifest, ClusterError]]]:
        placed: list[Manifest] = []
        blind: list[tuple[Manifest, ClusterError]] = []
        for manifest in manifests:
            if self._labels is not None and not self._labels(labels_of(manifest.body)):
                continue
            try:
                resource = await self._resource(manifest)
            except ClusterError as error:
                blind.append((manifest, error))
            else:
                placed.append(place(manifest, resource.namespaced, self._default_namespace))
        return placed, blind

    async def _resource(self, manifest: Manifest) -> Resource:
        _, version = split_api_version(manifest.api_version)
        return await served(self._cluster, GroupKind(manifest.ref.group, manifest.ref.kind), version)

    async def _live(self, manifests: Sequence[Manifest]) -> dict[ObjectRef, msgspec.Raw | ClusterError]:
        """Live state of every desired object that exists, or the error that hid it."""
        wanted: dict[Resource, dict[str, list[ObjectRef]]] = {}
        for manifest in manifests:
            namespaces = wanted.setdefault(await self._resource(manifest), {})
            namespaces.setdefault(manifest.ref.namespace, []).append(manifest.ref)
        found: dict[ObjectRef, msgspec.Raw | ClusterError] = {}
        for part in await asyncio.gather(*(self._list_kind(*item) for item in wanted.items())):
            found.update(part)
        return found

    async def _list_kind(
        self, resource: Resource, namespaces: dict[str, list[ObjectRef]]
    ) -> dict[ObjectRef, msgspec.Raw | ClusterError]:
        if len(namespaces) > _FEW_NAMESPACES:
            try:
                items = await self._items(_Scope(resource, ""))
            except ForbiddenError:
                pass  # then namespace by namespace
            except ClusterError as error:
                return {ref: error for refs in namespaces.values() for ref in refs}
            else:
                return {ref: items[ref] for refs in namespaces.values() for ref in refs if ref in items}
        found: dict[ObjectRef, msgspec.Raw | ClusterError] = {}
        for namespace, refs in namespaces.items():
            found.update(await self._list_namespace(resource, namespace, refs))
        return found

    async def _list_namespace(
        self, resource: Resource, namespace: str, refs: list[ObjectRef]
    ) -> Mapping[ObjectRef, msgspec.Raw | ClusterError]:
        try:
            items = await self._items(_Scope(resource, namespace))
        except ClusterError as error:
            return dict.fromkeys(refs, error)
        return {ref: items[ref] for ref in refs if ref in items}

    async def _items(self, scope: _Scope) -> LiveItems:
        async with self._gate:
            listing = await self._cluster.list(scope.resource, scope.namespace)
        found = {}
        for item in listing.items:
            head = identity(item)
            found[ObjectRef(scope.resource.group, scope.resource.kind, head.namespace, head.name)] = item
        return found

    async def _assess(
        self,
        manifests: Sequence[Manifest],
        live: Mapping[ObjectRef, msgspec.Raw | ClusterError],
        states: Sequence[DesiredState],
    ) -> list[Assessment]:
        twice, by_source = claimed_twice(manifests), {state.source: state for state in states}
        pairing = pair(manifests, live)
        found, once = [], set()
        sights: list[tuple[Manifest, msgspec.Raw | ClusterError | None]] = [
            *pairing.matched,
            *((manifest, None) for manifest in pairing.missing),
        ]
        for manifest, raw in sorted(sights, key=lambda sight: ROLE_ORDER[sight[0].role]):
            if manifest.ref in once:
                continue  # told already, or another source declares what this one dropped
            once.add(manifest.ref)
            state = by_source[manifest.provenance.source]
            found.append(self._one(manifest, raw, state, twice.get(manifest.ref, ())))
        assessments = await asyncio.gather(*found)
        return [item for item in assessments if item.reason is not Reason.NOT_DESIRED or item.state is State.DRIFTED]

    async def _one(
        self,
        manifest: Manifest,
        raw: msgspec.Raw | ClusterError | None,
        state: DesiredState,
        claims: tuple[str, ...],
    ) -> Assessment:
        if claims:
            message = f"declared by two sources, {' and '.join(claims)}: remove one"
            return unknown(manifest, Reason.TWO_SOURCES, message)
        if isinstance(raw, ClusterError):
            return unknown(manifest, raw.reason, str(raw))
        if state.hold and state.hold.reason in _BLINDING:
            return unknown(manifest, state.hold.reason, state.hold.message)
        sight = await self._judged(manifest, raw, state)
        return _held(sight.assessment, state.hold)

    async def _judged(self, manifest: Manifest, raw: msgspec.Raw | None, state: DesiredState) -> Sight:
        sight = await self._assessor.see(manifest, raw, now=_now())
        if sight.assessment.state is not State.DRIFTED:
            return sight
        async with self._gate:
            return await self._assessor.judge(sight, state.manager)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _held(assessment: Assessment, hold: Hold | None) -> Assessment:
    if hold is None or assessment.state not in {State.DRIFTED, State.MISSING}:
        return assessment
    return msgspec.structs.replace(assessment, state=State.HELD, reason=hold.reason, message=hold.message)


def _hold(state: DesiredState) -> SourceHold:
    assert state.hold is not None  # noqa: S101 - told by the caller
    return SourceHold(state.source, state.hold.message, state.hold.reason)


def _unseen(state: DesiredState) -> SourceProblem:
    """A source that has nothing to compare with (a first installation that failed, or runs): nothing was checked."""
    hold = _hold(state)
    return SourceProblem(hold.source, hold.message, hold.reason)


def _problem(problem: Problem) -> SourceProblem:
    return SourceProblem(problem.source, problem.message, problem.reason)


def _with(state: DesiredState, manifests: tuple[Manifest, ...]) -> DesiredState:
    return msgspec.structs.replace(state, manifests=manifests, former=())
