"""One object from observation to outcome: see, decide, gate, write, remember.

Level-triggered: it acts on what is, never on what an event said happened. Every write is followed by the state that
the server returned; the event that echoes it is recognised and costs nothing.
"""

import time
from datetime import UTC, datetime

import msgspec

from drift.cluster import Cluster
from drift.core.assess import State, unknown
from drift.core.errors import ClusterError, ConflictError, NotFoundError
from drift.core.live import fingerprint, identity, version_number
from drift.core.marks import is_mark, marked, unmark
from drift.core.objects import GroupKind, Manifest, ObjectRef, split_api_version
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason
from drift.core.redact import is_secret
from drift.engine.assessor import Assessor, Sight
from drift.engine.decider import Decider, Decision
from drift.engine.desired_index import DesiredIndex, SourceState
from drift.engine.executor import Executor, Outcome
from drift.engine.gatekeeper import Gatekeeper
from drift.engine.queue import LONGEST_BACK_OFF
from drift.engine.records import Acted, Detected, Failed, Held, Listener, Proposed, Repaired, Resolved, Unchanged
from drift.engine.tracking import DONE, Observation, Tracked, Verdict, addresses_of, job_ran

# Refusals that time may cure: asked again by back-off; all others wait for a change of the object or its desired.
_SLOW_RETRY = 60.0
# What ends without an event of the object itself is asked for at least this often (seconds).
_ROOM_COMES = {Reason.NAMESPACE_TERMINATING: 15.0, Reason.NAMESPACE_MISSING: 15.0, Reason.QUOTA_EXCEEDED: 60.0}


class Reconciler:
    """Brings single objects to what the index says they should be."""

    def __init__(
        self,
        cluster: Cluster,
        index: DesiredIndex,
        assessor: Assessor,
        decider: Decider,
        gatekeeper: Gatekeeper,
        listener: Listener,
    ) -> None:
        """Wire the parts; nothing is read before an object is reconciled."""
        self._cluster = cluster
        self._index = index
        self._assessor = assessor
        self._decider = decider
        self._executor = Executor(cluster)
        self.gatekeeper = gatekeeper
        self._tell = listener
        self.tracked: dict[ObjectRef, Tracked] = {}

    def memory(self, ref: ObjectRef) -> Tracked:
        """What is remembered of an object."""
        return self.tracked.setdefault(ref, Tracked())

    def forget(self, ref: ObjectRef) -> None:
        """Nobody desires this object any more."""
        self.tracked.pop(ref, None)

    async def read(self, ref: ObjectRef, manifest: Manifest) -> Observation:
        """Read the live object now."""
        at = time.monotonic()
        _, version = split_api_version(manifest.api_version)
        resource = await self._cluster.resource(GroupKind(ref.group, ref.kind), version)
        try:
            return Observation(await self._cluster.get(ref, version=resource.version), at)
        except NotFoundError as error:
            if error.reason is Reason.KIND_NOT_SERVED:
                raise
            return Observation(None, at)

    async def preview(self, ref: ObjectRef) -> Decision | None:
        """Say what `reconcile` would do now, gates included; None where nothing is to be done. Raises ClusterError."""
        if self._index.manifest(ref) is None:
            return None
        sight, decision = await self.explain(ref)
        if decision is None:
            return None
        state = self._state_of(sight)
        memory = self.memory(ref)
        return await self.gatekeeper.admit(decision, state, memory, since=time.monotonic(), preview=True)

    async def explain(self, ref: ObjectRef) -> tuple[Sight, Decision | None]:
        """Look at one object now and plan, without asking the gates. Raises ClusterError, KeyError if not desired."""
        desired = self._index.manifest(ref)
        if desired is None:
            raise KeyError(ref)
        manifest, state = desired
        observation = await self.read(ref, manifest)
        sight = await self.see(manifest, observation, self.memory(ref))
        sight = await self._assessor.judge(sight, state.manager)
        if sight.assessment.state not in {State.DRIFTED, State.MISSING}:
            return sight, None
        addresses = self.memory(ref).addresses
        return sight, await self._decider.decide(sight, manager=state.manager, last_seen=addresses)

    async def gate_words(self, decision: Decision) -> tuple[tuple[str, HoldVerdict | None], ...]:
        """Every gate's word on a decision. Raises ClusterError."""
        sight = decision.sight
        return await self.gatekeeper.explain(decision, self._state_of(sight), self.memory(sight.manifest.ref))

    def _state_of(self, sight: Sight) -> SourceState:
        state = self._index.source(sight.assessment.source)
        if state is None:
            raise KeyError(sight.assessment.source)
        return state

    async def reconcile(self, ref: ObjectRef, seen: Observation | None) -> Verdict:
        """Look at one object and repair it if that is allowed. Raises nothing but cancellation."""
        desired = self._index.manifest(ref)
        if desired is None:
            self.forget(ref)
            return DONE
        manifest, state = desired
        try:
            observation = seen or await self.read(ref, manifest)
            return await self._reconcile(manifest, state, observation)
        except ConflictError:
            return Verdict(retry=True)  # the object moved on: look again
        except ClusterError as error:
            return self._failed(manifest, error)

    async def _reconcile(self, manifest: Manifest, state: SourceState, observation: Observation) -> Verdict:
        memory, stamp = self.memory(manifest.ref), self._index.stamp(manifest.ref)
        if memory.taught_for != stamp:
            memory.taught, memory.taught_for = frozenset(), stamp
        sight = await self.see(manifest, observation, memory)
        if sight.assessment.state in {State.IN_SYNC, State.IGNORED}:
            self._settled(sight, observation, memory)
            return await self._unmark(sight, state, observation, memory)
        if sight.assessment.state is State.UNKNOWN:
            return self._unknown(sight)
        return await self._repair(sight, state, observation, memory)

    async def see(self, manifest: Manifest, observation: Observation, memory: Tracked) -> Sight:
        """Assess one observation; remembers the addresses of a Service."""
        raw = observation.raw
        last = raw if raw is not None else observation.last
        if last is not None:
            memory.addresses = addresses_of(manifest.ref, last) or memory.addresses
            memory.job_ran = memory.job_ran or job_ran(manifest.ref, last)
        changed = memory.verified is not None  # it was in sync, and is no longer what it was then
        return await self._assessor.see(manifest, raw, now=_now(), taught=memory.taught, suspect=changed)

    def _settled(self, sight: Sight, observation: Observation, memory: Tracked) -> Verdict:
        if memory.state in {State.DRIFTED, State.MISSING}:
            self._tell(Resolved(sight.manifest.ref, sight.assessment.source))
        memory.state, memory.told, memory.held = sight.assessment.state, "", ""
        memory.failed, memory.proposed = False, 0
        if observation.raw is not None and marked(sight.live) is None:
            memory.verified = self._verified(sight.manifest.ref, observation.raw)
        return DONE

    def _verified(self, ref: ObjectRef, raw: bytes | msgspec.Raw) -> tuple[int, int]:
        return fingerprint(raw), self._index.stamp(ref)

    def known_in_sync(self, ref: ObjectRef, raw: msgspec.Raw) -> bool:
        """Whether this live state was found in sync before: the cheap end of most events."""
        memory = self.tracked.get(ref)
        if memory is None or memory.verified is None or memory.state is not State.IN_SYNC:
            return False
        return memory.verified == (fingerprint(raw), self._index.stamp(ref))

    def _unknown(self, sight: Sight) -> Verdict:
        self._announce(sight)
        return Verdict(after=15.0)

    def _announce(self, sight: Sight) -> None:
        """Tell a drift once, and again when it changes."""
        found, memory = sight.assessment, self.memory(sight.manifest.ref)
        signature = f"{found.state}:{found.reason}:" + ",".join(item.fact for item in found.differences)
        if memory.told != signature:
            memory.told, memory.held = signature, ""  # another drift may be held for the same reason: tell it again
            self._tell(Detected(found))
        memory.state = found.state

    async def _repair(self, sight: Sight, state: SourceState, observation: Observation, memory: Tracked) -> Verdict:
        if not self.gatekeeper.remediate:
            sight = await self._assessor.judge(sight, state.manager)
            memory.taught = sight.taught
            if sight.assessment.state is State.IN_SYNC:
                return self._settled(sight, observation, memory)
        decision = await self.decide(sight, state, observation.at)
        self._propose(decision, memory)
        if decision.hold is not None or not decision.writes:
            if memory.held != Reason.FIGHT:  # what a rival writes next is no news
                self._announce(sight)
            return self._held(decision)
        return await self._write(decision, observation, memory)

    async def decide(self, sight: Sight, state: SourceState, since: float) -> Decision:
        """Plan, and put the plan through the gates; `since`: when the state was seen (monotonic seconds)."""
        memory = self.memory(sight.manifest.ref)
        decision = await self._decider.decide(sight, manager=state.manager, last_seen=memory.addresses)
        return await self.gatekeeper.admit(decision, state, memory, since=since)

    def _held(self, decision: Decision) -> Verdict:
        memory, hold = self.memory(decision.sight.manifest.ref), decision.hold
        if hold is None:
            return DONE
        if memory.held != hold.reason and hold.reason is not Reason.OBSERVE_ONLY:
            self._tell(Held(decision.sight.assessment, hold))
        memory.held = hold.reason
        return Verdict(after=hold.retry_after) if hold.retry_after > 0 else DONE

    async def _write(self, decision: Decision, observation: Observation, memory: Tracked) -> Verdict:
        sight = decision.sight
        before = fingerprint(observation.raw) if observation.raw is not None else None
        memory.score, memory.held = memory.score.written(time.monotonic()), ""
        try:
            outcome = await self._executor.execute(decision.plan)
        finally:
            await self.gatekeeper.written(decision)
        seconds = time.monotonic() - observation.at
        memory.score = memory.score.written(time.monotonic(), outcome.writes - 1)
        after = fingerprint(outcome.object) if outcome.object else None
        if outcome.object is not None:
            memory.written = version_number(identity(outcome.object).resource_version)
        if outcome.object is None or not decision.plan.repairs:
            return self._acted(decision, outcome)
        if after is not None and after == before:
            return await self._changed_nothing(decision, outcome, memory)
        self._announce(sight)
        self._tell(Repaired(sight.assessment, decision.strategy, outcome.writes, outcome.created, seconds))
        return await self._verify(decision, outcome, memory)

    async def _unmark(self, sight: Sight, state: SourceState, observation: Observation, memory: Tracked) -> Verdict:
        """Take the mark of a drift that is over away, whichever strategy set it."""
        if sight.live is None or sight.assessment.state is not State.IN_SYNC or marked(sight.live) is None:
            return DONE
        decision = Decision(sight, "annotate", unmark(sight.manifest.ref, sight.live))
        decision = await self.gatekeeper.admit(decision, state, memory, since=observation.at)
        if decision.hold is not None:
            return Verdict(after=decision.hold.retry_after)
        return await self._write(decision, observation, memory)

    def _propose(self, decision: Decision, memory: Tracked) -> None:
        """Tell what strategies wrote for the user, once."""
        if decision.proposals and memory.proposed != hash(decision.proposals):
            memory.proposed = hash(decision.proposals)
            self._tell(Proposed(decision.sight.assessment, decision.strategy, decision.proposals))

    def _acted(self, decision: Decision, outcome: Outcome) -> Verdict:
        """A deletion, a mark, or what a hook said: whether the drift ended by it, the next look tells."""
        if decision.sight.assessment.state is not State.IN_SYNC:
            self._announce(decision.sight)
        deleted = outcome.object is None  # then it is missing now, or will be once its finalizers let it go
        self._tell(Acted(decision.sight.assessment, decision.strategy, decision.plan.reason, deleted))
        return DONE if is_mark(decision.plan) else Verdict(retry=True)

    async def _changed_nothing(self, decision: Decision, outcome: Outcome, memory: Tracked) -> Verdict:
        """The server left everything as it was: its reading of what is declared, no drift and no repair."""
        memory.score = msgspec.structs.replace(memory.score, value=max(0.0, memory.score.value - 1.0))
        assert outcome.object is not None  # noqa: S101 - as below
        sight = await self._assessor.learn(decision.sight, outcome.object, decision.differences)
        memory.taught = sight.taught
        self._tell(Unchanged(sight.assessment))
        return await self._verify(decision, outcome, memory)

    async def _verify(self, decision: Decision, outcome: Outcome, memory: Tracked) -> Verdict:
        """Look at what the write returned. What the plan was about and is still different, the server insists on."""
        assert outcome.object is not None  # noqa: S101 - a deletion is not verified
        sight = decision.sight
        observation = Observation(outcome.object, time.monotonic())
        after = await self._assessor.see(sight.manifest, outcome.object, now=_now(), taught=memory.taught)
        if after.assessment.state is State.DRIFTED:
            left = {item.fact for item in sight.assessment.differences if item not in decision.differences}
            insisted = {item.fact for item in after.assessment.differences if not item.surplus} - left
            memory.taught = memory.taught | insisted
            after = await self._assessor.see(sight.manifest, outcome.object, now=_now(), taught=memory.taught)
        memory.state = State.IN_SYNC
        if after.assessment.state in {State.IN_SYNC, State.IGNORED}:
            return self._settled(after, observation, memory)
        return Verdict(retry=True)

    def _failed(self, manifest: Manifest, error: ClusterError) -> Verdict:
        memory = self.memory(manifest.ref)
        message = "the API server refused the write" if is_secret(manifest.ref) else str(error)
        assessment = unknown(manifest, error.reason, message)
        if memory.told != f"failed:{error.reason}:{error.status}":
            memory.told = f"failed:{error.reason}:{error.status}"
            self._tell(Failed(assessment, error.reason, message, _SLOW_RETRY))
        memory.failed = True
        if error.retry_after:
            return Verdict(after=error.retry_after)
        permanent = error.reason in {Reason.INVALID, Reason.IMMUTABLE_FIELD, Reason.DENIED, Reason.FORBIDDEN}
        if permanent:
            return Verdict(after=_SLOW_RETRY)
        return Verdict(retry=True, longest=_ROOM_COMES.get(error.reason, LONGEST_BACK_OFF))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
