"""Brings the facts of the gates together, the cheap ones first; asks the outside only for what passed those.

Pauses, the source, blockers and the lock are asked right before a write, once for all writes that wait at that moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from drift.core.approval import is_approved
from drift.core.budget import Breaker, Ledger
from drift.core.errors import ClusterError
from drift.core.gates import CHAIN, GateFacts, budget_gate, disruptive, first_hold, verdicts
from drift.core.objects import ObjectRef
from drift.core.plan import HoldVerdict
from drift.core.policy import Policy
from drift.core.reasons import Reason
from drift.engine.decider import Decision
from drift.engine.desired_index import DesiredIndex, SourceState
from drift.engine.fence import Fence
from drift.engine.lock import DisruptionLock
from drift.engine.switches import Switches, pauses_in, resumed_until
from drift.engine.tracking import Tracked
from drift.source import Hold

StillCurrent = Callable[[SourceState], Awaitable[Hold | None]]
Blocker = Callable[[], Awaitable[HoldVerdict | None]]
_BLOCKER_AGE = 10.0
_RECENT = 60.0
_ASK_AGAIN = 5.0
# Holds that a switch on a namespace may lift.
_ASKING_HELPS = frozenset({Reason.WAITING_FOR_APPROVAL, Reason.CIRCUIT_OPEN})


class Gatekeeper:
    """Decides whether a plan may be carried out now."""

    def __init__(
        self,
        index: DesiredIndex,
        policy: Policy,
        *,
        remediate: bool,
        switches: Switches | None = None,
        blocker: Blocker | None = None,
        lock: DisruptionLock | None = None,
    ) -> None:
        """`still_current` is set by whoever follows the sources; parts that are None hold nothing."""
        self._index = index
        self._policy = policy
        self.remediate = remediate
        self._switches = switches
        self._blocker = blocker
        self._lock = lock
        self.still_current: StillCurrent | None = None
        self._sources: Fence[Hold | None] = Fence()
        self._blockers: Fence[HoldVerdict | None] = Fence()
        self._ledger = Ledger(policy.limits)
        self._recent: dict[ObjectRef, float] = {}
        self.breaker = Breaker()

    async def admit(
        self, decision: Decision, state: SourceState, memory: Tracked, *, since: float, preview: bool = False
    ) -> Decision:
        """Return the decision with the hold of the first gate that does not allow it.

        What is allowed is taken off the budget at once, for many are asked at the same time; a preview takes nothing.
        """
        if decision.hold is not None or not decision.writes:
            return decision
        facts = self._facts(decision, state, memory)
        hold = first_hold(facts)
        if hold is None or hold.reason in _ASKING_HELPS:
            try:
                facts = await self._asked(facts, decision, state, since)
                hold = first_hold(facts)
            except ClusterError as error:
                hold = HoldVerdict(error.reason, f"what guards this write cannot be asked: {error}", _ASK_AGAIN)
        if hold is None and not preview:
            hold = await self._take(facts)
        return msgspec.structs.replace(decision, hold=hold)

    async def _take(self, facts: GateFacts) -> HoldVerdict | None:
        """Take the lock and a part of the budget, or say why not."""
        lock = self._lock if disruptive(facts.assessment, facts.plan) else None
        if lock is not None and (hold := await lock.take()) is not None:
            return hold
        clock = time.monotonic()  # no waiting from here on: whoever is asked next sees what was spent
        spent = budget_gate(msgspec.structs.replace(facts, budget_wait=self._ledger.wait(clock)))
        if spent is None:
            self._ledger.spend(clock)
        elif lock is not None:
            await lock.give_back()
        return spent

    def ask_early(self, source: str) -> None:
        """Begin to ask the source while the object is still being looked at: the answer will be needed for a write."""
        state, ask = self._index.source(source), self.still_current
        if self.remediate and state is not None and state.hold is None and ask is not None:
            self._sources.ask_early(state.source, lambda: ask(state))

    async def explain(
        self, decision: Decision, state: SourceState, memory: Tracked
    ) -> tuple[tuple[str, HoldVerdict | None], ...]:
        """Return every gate's word; takes no lock. Raises ClusterError."""
        facts = await self._asked(self._facts(decision, state, memory), decision, state, time.monotonic())
        return verdicts(facts, CHAIN)

    async def written(self, decision: Decision) -> None:
        """Give back what a write that was carried out (or tried) took."""
        if self._lock is not None and disruptive(decision.sight.assessment, decision.plan):
            await self._lock.give_back()

    def _facts(self, decision: Decision, state: SourceState, memory: Tracked) -> GateFacts:
        sight, hold, clock = decision.sight, state.hold, time.monotonic()
        rivals = [item.owner.manager for item in sight.assessment.differences if item.owner]
        self._note(sight.manifest.ref, clock)
        return GateFacts(
            assessment=sight.assessment,
            plan=decision.plan,
            desired=sight.manifest.body,
            live=sight.live,
            source_hold=HoldVerdict(hold.reason, hold.message) if hold else self._claimed(sight.manifest.ref),
            remediate=self.remediate,
            score=memory.score,
            rival=rivals[0] if rivals else "",
            windows=self._policy.windows,
            budget_wait=self._ledger.wait(clock),
            breaker=self.breaker,
            approved=is_approved(sight.assessment, _annotations(sight.live), {}),
            named=decision.named,
            opted=decision.opted,
            role=sight.manifest.role,
            job_ran=memory.job_ran,
            shrink=self._index.shrink(state.source),
            max_shrink=self._policy.limits.max_shrink,
            now=time.time(),
            clock=clock,
        )

    def _note(self, ref: ObjectRef, clock: float) -> None:
        """Count the different objects that drifted lately: what the breaker looks at."""
        self._recent.pop(ref, None)
        self._recent[ref] = clock
        while self._recent and next(iter(self._recent.values())) < clock - _RECENT:
            self._recent.pop(next(iter(self._recent)))
        self.breaker = self.breaker.judged(len(self._recent), len(self._index), self._policy.limits, time.time())

    def _claimed(self, ref: ObjectRef) -> HoldVerdict | None:
        claims = self._index.claims(ref)
        if len(claims) < 2:
            return None
        return HoldVerdict(Reason.TWO_SOURCES, f"declared by two sources, {' and '.join(claims)}: remove one")

    async def _asked(self, facts: GateFacts, decision: Decision, state: SourceState, since: float) -> GateFacts:
        """Add what only the outside knows: the source, the switches, the blockers; asked at the same time."""
        source, switches, blocker = await asyncio.gather(
            self._ask_source(state, since), self._ask_switches(decision, since), self._ask_blocker(since)
        )
        around, everywhere = switches
        resumed = resumed_until(everywhere)
        if resumed > facts.now and self.breaker.open_since:
            self.breaker = Breaker(resumed_until=resumed)
        own = _annotations(facts.live)
        return msgspec.structs.replace(
            facts,
            source_hold=facts.source_hold or source,
            pauses=pauses_in(around, everywhere),
            blocker=blocker,
            breaker=self.breaker,
            approved=facts.approved or is_approved(facts.assessment, own, around),
        )

    async def _ask_source(self, state: SourceState, since: float) -> HoldVerdict | None:
        ask = self.still_current
        if ask is None:
            return None
        hold = await self._sources.ask(state.source, lambda: ask(state), since=since)
        return HoldVerdict(hold.reason, hold.message, _ASK_AGAIN) if hold else None

    async def _ask_switches(self, decision: Decision, since: float) -> tuple[dict[str, str], dict[str, str]]:
        if self._switches is None:
            return {}, {}
        around, everywhere = await self._switches.of(decision.sight.manifest.ref.namespace, since=since)
        return dict(around), dict(everywhere)

    async def _ask_blocker(self, since: float) -> HoldVerdict | None:
        if self._blocker is None:
            return None
        return await self._blockers.ask("blocker", self._blocker, since=min(since, time.monotonic() - _BLOCKER_AGE))


def _annotations(live: object) -> dict[str, str]:
    metadata = live.get("metadata") or {} if isinstance(live, dict) else {}
    return dict(metadata.get("annotations") or {})
