"""Assesses one object with what the API server knows: schema, autoscalers, and its verdict by dry run.

Reads only. The server is asked about a suspected drift at most once per object, revision and value (decision D1).
"""

import time
from collections.abc import Iterable

import msgspec

from drift.cluster import Cluster
from drift.core.assess import Assessment, Difference, Facts, State, assess, unknown
from drift.core.errors import ClusterError, ForbiddenError, NotFoundError, UnknownKindError
from drift.core.known import Scaler
from drift.core.live import decode_live
from drift.core.objects import Body, GroupKind, Manifest, split_api_version
from drift.core.ownership import Managers
from drift.core.plan import Context
from drift.core.reasons import Reason
from drift.core.repairs import applicable
from drift.core.rules import IgnoreRule
from drift.core.schema import KindSchema

_HPA = GroupKind("autoscaling", "HorizontalPodAutoscaler")
_REPLICAS = "/spec/replicas"
_PROBE = "daytwo-dry-run"


class Options(msgspec.Struct, frozen=True, eq=False):
    """How to assess. `judge`: ask the server by dry run where permitted. `scaler_ttl`: seconds.

    `exact`: report every addition that neither the server's defaulting nor admission explains.
    """

    ignore: tuple[IgnoreRule, ...] = ()
    managers: Managers = Managers()
    judge: bool = True
    scaler_ttl: float = 5.0
    exact: bool = False


class Sight(msgspec.Struct, frozen=True, eq=False):
    """One object as seen: the assessment and what it was made from. `live` is None when missing or unknown."""

    manifest: Manifest
    assessment: Assessment
    schema: KindSchema
    live: Body | None = None
    taught: frozenset[str] = frozenset()
    facts: Facts = Facts()

    def __repr__(self) -> str:
        """Without the bodies: they may be a Secret's."""
        return f"Sight({self.assessment.ref}, {self.assessment.state})"


class Assessor:
    """Turns manifests and live bytes into assessments."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        """One per cluster and check; caches schemas and autoscalers."""
        self._cluster = cluster
        self.options = options
        self.limits: set[str] = set()
        self._scalers: dict[str, tuple[float, tuple[Scaler, ...]]] = {}
        self._may_judge = options.judge

    async def see(
        self,
        manifest: Manifest,
        raw: bytes | msgspec.Raw | None,
        *,
        now: str,
        taught: frozenset[str] = frozenset(),
        suspect: bool = False,
    ) -> Sight:
        """Assess against live bytes (None: missing). Never raises ClusterError: what fails is Unknown.

        `suspect`: most likely drifted, so decode all of it at once instead of comparing twice.
        """
        try:
            return await self._see(manifest, raw, now, taught, suspect=suspect)
        except ClusterError as error:
            blind = KindSchema.unknown(manifest.api_version, manifest.ref.kind)
            return Sight(manifest, unknown(manifest, error.reason, str(error)), blind)

    async def _see(
        self, manifest: Manifest, raw: bytes | msgspec.Raw | None, now: str, taught: frozenset[str], *, suspect: bool
    ) -> Sight:
        facts = Facts(self.options.managers, self.options.ignore, (), taught, now, self.options.exact)
        if raw is None:
            schema = await self.schema(manifest.api_version, manifest)
            return Sight(manifest, assess(manifest, None, schema, facts), schema, taught=taught, facts=facts)
        live = decode_live(raw, None if suspect else self.options.managers.is_human)
        schema = await self.schema(str(live.get("apiVersion") or manifest.api_version), manifest)
        found = assess(manifest, live, schema, facts)
        if found.differences or found.notes:
            complete = await self._with_scalers(facts, manifest, found)
            if not suspect or complete is not facts:
                live, facts = decode_live(raw), complete
                found = assess(manifest, live, schema, facts)
        return Sight(manifest, found, schema, live, taught, facts)

    async def schema(self, api_version: str, manifest: Manifest) -> KindSchema:
        """Schema of the served version a live body has."""
        group, version = split_api_version(api_version)
        resource = await self._cluster.resource(GroupKind(group, manifest.ref.kind), version)
        schema = await self._cluster.schema(resource)
        if not schema.known:
            self.limits.add(f"no schema of {resource.api_version} {resource.kind}: compared as it stands")
        return schema

    async def _with_scalers(self, facts: Facts, manifest: Manifest, found: Assessment) -> Facts:
        if not any(difference.path == _REPLICAS for difference in found.differences):
            return facts
        return msgspec.structs.replace(facts, scalers=await self._scalers_in(manifest.ref.namespace))

    async def _scalers_in(self, namespace: str) -> tuple[Scaler, ...]:
        at, known = self._scalers.get(namespace, (0.0, ()))
        if at and time.monotonic() - at < self.options.scaler_ttl:
            return known
        try:
            resource = await self._cluster.resource(_HPA)
            listing = await self._cluster.list(resource, namespace)
        except (UnknownKindError, NotFoundError):
            return ()
        except ForbiddenError as error:
            self.limits.add(f"autoscalers could not be read, their replicas show as drift: {error}")
            return ()
        found = tuple(scalers_of(msgspec.json.decode(item) for item in listing.items))
        self._scalers[namespace] = (time.monotonic(), found)
        return found

    async def judge(self, sight: Sight, manager: str) -> Sight:
        """Ask the server by a forced dry-run apply what it makes of a suspected drift.

        A difference that the apply would leave exactly as it is, is the server's own reading of what is declared
        (a default, a conversion, a webhook). A refusal is told, and is no proof of anything.
        """
        if self.options.exact and self._may_judge:
            sight = await self._foresee(sight, manager)
        suspects = [item for item in sight.assessment.differences if not item.surplus]
        if not self._may_judge or not suspects or sight.live is None or sight.assessment.state is not State.DRIFTED:
            return sight
        try:
            answer = await self._dry_run(sight, manager)
        except ForbiddenError as error:
            return self._not_judged(sight, error)
        except ClusterError as error:
            message = f"the API server refuses the desired state: {error}"
            return msgspec.structs.replace(sight, assessment=msgspec.structs.replace(sight.assessment, message=message))
        return await self.learn(sight, answer)

    async def _foresee(self, sight: Sight, manager: str) -> Sight:
        """Let the server make the desired object under another name, by dry run: admission explains its additions."""
        if sight.live is None or not any(item.op == "added" for item in sight.assessment.differences):
            return sight
        name = f"{sight.manifest.ref.name[:40].rstrip('-.')}-{_PROBE}"
        ref = msgspec.structs.replace(sight.manifest.ref, name=name)
        body = applicable(self._context(sight, manager))
        body["metadata"] = {**body.get("metadata", {}), "name": name}
        try:
            written = await self._cluster.apply(body, ref, manager=manager, force=True, dry_run=True)
        except ClusterError:
            return sight  # not every object can exist twice; then only the schema explains
        facts = msgspec.structs.replace(sight.facts, expected=decode_live(written.object, lambda _: False))
        again = assess(sight.manifest, sight.live, sight.schema, facts)
        return msgspec.structs.replace(sight, assessment=again, facts=facts)

    def _not_judged(self, sight: Sight, error: ForbiddenError) -> Sight:
        if error.reason is Reason.FORBIDDEN:
            self._may_judge = False
            self.limits.add("no permission to ask the API server by dry run: the local comparison alone decides")
        return sight

    async def _dry_run(self, sight: Sight, manager: str) -> bytes:
        manifest = sight.manifest
        body = applicable(self._context(sight, manager))
        body["metadata"] = {**body.get("metadata", {}), "uid": sight.assessment.uid}
        written = await self._cluster.apply(body, manifest.ref, manager=manager, force=True, dry_run=True)
        return written.object

    def _context(self, sight: Sight, manager: str) -> Context:
        manifest = sight.manifest
        return Context(
            ref=manifest.ref,
            source=manifest.provenance.source,
            revision=manifest.provenance.revision,
            desired=manifest.body,
            live=sight.live,
            schema=sight.schema,
            manager=manager,
        )

    async def learn(self, sight: Sight, answer: bytes, about: tuple[Difference, ...] | None = None) -> Sight:
        """Take what the server made of an apply as its verdict on each difference it was `about` (None: on all)."""
        after = assess(sight.manifest, decode_live(answer), sight.schema, Facts(self.options.managers))
        insisted = kept(sight.assessment.differences if about is None else about, after.differences)
        if not insisted:
            return sight
        taught = sight.taught | insisted
        facts = msgspec.structs.replace(sight.facts, taught=taught)
        assert sight.live is not None  # noqa: S101 - told by the callers
        again = assess(sight.manifest, sight.live, sight.schema, facts)
        return msgspec.structs.replace(sight, assessment=again, taught=taught, facts=facts)


def kept(before: Iterable[Difference], after: Iterable[Difference]) -> frozenset[str]:
    """Facts of declared differences that an apply left exactly as they were."""
    still = {item.fact for item in after if not item.surplus}
    return frozenset(item.fact for item in before if not item.surplus and item.fact in still)


def scalers_of(bodies: Iterable[Body]) -> Iterable[Scaler]:
    """Read HorizontalPodAutoscalers; one that KEDA owns may go down to 0."""
    for body in bodies:
        spec, metadata = body.get("spec") or {}, body.get("metadata") or {}
        target = spec.get("scaleTargetRef") or {}
        keda = any(owner.get("kind") == "ScaledObject" for owner in metadata.get("ownerReferences") or ())
        minimum = spec.get("minReplicas")
        yield Scaler(
            kind="ScaledObject" if keda else "HorizontalPodAutoscaler",
            name=str(metadata.get("name") or ""),
            target_kind=str(target.get("kind") or ""),
            target_name=str(target.get("name") or ""),
            minimum=0 if keda else 1 if minimum is None else int(minimum),
            maximum=int(spec.get("maxReplicas") or 0),
        )
