"""The ordered chain of pure policies before every write: each allows it or holds it with a reason for the user.

A gate sees only frozen facts. The first hold wins; `verdicts` gives all of them for an explanation.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from drift.core.assess import Assessment, State
from drift.core.budget import Breaker
from drift.core.fight import Score
from drift.core.marks import is_mark
from drift.core.objects import Body, Role
from drift.core.plan import Delete, HoldVerdict, Plan
from drift.core.reasons import Reason
from drift.core.windows import Window, any_open

PAUSE = "daytwo.dev/pause-until"
# Deleting or recreating these needs the user's opt-in by name (decision D6); PVCs lose data, the rest lose more.
_RESTARTING = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "Pod")})
PROTECTED_FROM_RECREATION = frozenset({("", "PersistentVolumeClaim"), ("", "PersistentVolume")})


class GateFacts(msgspec.Struct, frozen=True, eq=False):
    """What the gates look at. `now` is Unix seconds, `clock` monotonic seconds.

    `pauses` are the pause values of namespace, guard and cluster; `named`: the rule names this very object; `approved`:
    a person approved this very drift; `blocker` and `lock` are the holds that came of asking.
    """

    assessment: Assessment
    plan: Plan
    desired: Body
    live: Body | None
    source_hold: HoldVerdict | None = None
    remediate: bool = False
    pauses: tuple[str, ...] = ()
    score: Score = Score()
    rival: str = ""
    windows: tuple[Window, ...] = ()
    blocker: HoldVerdict | None = None
    lock: HoldVerdict | None = None
    budget_wait: float = 0.0
    breaker: Breaker = Breaker()
    approved: bool = False
    named: bool = False
    opted: bool = False
    role: Role = Role.DECLARED
    job_ran: bool | None = None
    shrink: float = 0.0
    max_shrink: float = 1.0
    now: float = 0.0
    clock: float = 0.0

    def __repr__(self) -> str:
        return f"GateFacts({self.assessment.ref})"


Gate = Callable[[GateFacts], HoldVerdict | None]


def source_gate(facts: GateFacts) -> HoldVerdict | None:
    """A source that is in flight, failed or unreadable freezes its objects."""
    return facts.source_hold


def state_gate(facts: GateFacts) -> HoldVerdict | None:
    """Nothing is written on an unknown state."""
    if facts.assessment.state is State.UNKNOWN:
        return HoldVerdict(facts.assessment.reason, facts.assessment.message)
    return None


def mode_gate(facts: GateFacts) -> HoldVerdict | None:
    """Observing never writes."""
    return None if facts.remediate else HoldVerdict(Reason.OBSERVE_ONLY, "mode is observe: nothing is written")


def pause_gate(facts: GateFacts) -> HoldVerdict | None:
    """`daytwo.dev/pause-until` on the object, its namespace or its guard; unreadable means paused."""
    pauses = [*facts.pauses]
    for body in (facts.live, facts.desired):
        value = annotation(body, PAUSE)
        if value is not None:
            pauses.append(value)
    for value in pauses:
        hold = pause_hold(value, facts.now)
        if hold is not None:
            return hold
    return None


def pause_hold(value: str, now: float) -> HoldVerdict | None:
    """Read one pause value: an RFC 3339 time with zone, optionally followed by a reason; `forever` has no end."""
    text, _, why = value.strip().partition(" ")
    because = f" ({why.strip()})" if why.strip() else ""
    if text == "forever":
        return HoldVerdict(Reason.PAUSED, f"paused until the annotation is removed{because}")
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        return HoldVerdict(Reason.PAUSED, f"paused: {PAUSE} is not an RFC 3339 time with zone, which counts as paused")
    left = until.timestamp() - now
    return HoldVerdict(Reason.PAUSED, f"paused until {text}{because}", left + 0.05) if left > 0 else None


def terminating_gate(facts: GateFacts) -> HoldVerdict | None:
    """An object that is being deleted is left to vanish first."""
    if facts.assessment.terminating:
        return HoldVerdict(Reason.TERMINATING, "the object is being deleted; finalizers hold it")
    return None


def protected_gate(facts: GateFacts) -> HoldVerdict | None:
    """Kinds whose recreation would hide a loss of data."""
    ref = facts.assessment.ref
    if facts.live is None and not facts.named and (ref.group, ref.kind) in PROTECTED_FROM_RECREATION:
        message = f"a deleted {ref.kind} lost its data: recreate it by hand, or name it in a rule"
        return HoldVerdict(Reason.PROTECTED_KIND, message)
    return None


def finished_job_gate(facts: GateFacts) -> HoldVerdict | None:
    """A Job that has run, or may have run, is not run again: nobody can tell after it is gone."""
    ref, spec = facts.assessment.ref, facts.desired.get("spec") or {}
    if facts.live is not None or facts.named or (ref.group, ref.kind) != ("batch", "Job"):
        return None
    if spec.get("ttlSecondsAfterFinished") is not None:
        return HoldVerdict(Reason.JOB_FINISHED, "the Job removes itself when finished; it is not run again")
    if facts.job_ran is False:
        return None
    what = "the Job has run" if facts.job_ran else "the Job may have run before it was deleted"
    return HoldVerdict(Reason.JOB_FINISHED, f"{what}: it is not run again, unless a rule names it")


def deletion_gate(facts: GateFacts) -> HoldVerdict | None:
    """Nothing is deleted unless a rule names this very object (decision D6)."""
    deletes = [*facts.plan.actions, *facts.plan.fallback, *facts.plan.last_resort]
    if not facts.named and any(isinstance(action, Delete) for action in deletes):
        return HoldVerdict(
            Reason.NOT_PERMITTED_BY_RULE, "deleting needs a rule that names this object by kind and name"
        )
    return None


def shrink_gate(facts: GateFacts) -> HoldVerdict | None:
    """A source that suddenly declares far less is not believed: nothing of what it dropped is deleted."""
    if facts.role is not Role.DROPPED or facts.shrink <= facts.max_shrink:
        return None
    message = f"the source dropped {facts.shrink:.0%} of its objects at once, more than {facts.max_shrink:.0%}"
    return HoldVerdict(Reason.DESIRED_EMPTY, f"{message}: nothing of it is deleted")


def crds_gate(facts: GateFacts) -> HoldVerdict | None:
    """Helm installs what is in a chart's `crds/` folder once and never touches it again; so do we, without opt-in."""
    if facts.role is not Role.CRDS or facts.opted:
        return None
    message = "it comes from the chart's crds/ folder, which Helm never updates: repaired where a rule names its kind"
    return HoldVerdict(Reason.NOT_PERMITTED_BY_RULE, message)


def strategy_gate(facts: GateFacts) -> HoldVerdict | None:
    """The strategy itself wants to wait."""
    return facts.plan.hold


def approval_gate(facts: GateFacts) -> HoldVerdict | None:
    """Some repairs wait for a person."""
    if not facts.plan.approval or facts.approved:
        return None
    ref = facts.assessment.ref
    where = f"-n {ref.namespace} " if ref.namespace else ""
    return HoldVerdict(
        Reason.WAITING_FOR_APPROVAL, f"waits for approval: drift approve {where}{ref.kind}/{ref.name}", 30.0
    )


def window_gate(facts: GateFacts) -> HoldVerdict | None:
    """Maintenance windows."""
    allowed, wait = any_open(facts.windows, facts.now, disruptive=disruptive(facts.assessment, facts.plan))
    if allowed:
        return None
    return HoldVerdict(Reason.OUTSIDE_WINDOW, f"outside every maintenance window; the next opens in {wait:.0f} s", wait)


def blocker_gate(facts: GateFacts) -> HoldVerdict | None:
    """Firing alerts, or pods whose presence blocks."""
    return facts.blocker


def lock_gate(facts: GateFacts) -> HoldVerdict | None:
    """Disruptive writes go one at a time."""
    return facts.lock if disruptive(facts.assessment, facts.plan) else None


def budget_gate(facts: GateFacts) -> HoldVerdict | None:
    """So many repairs a minute and an hour, and no more."""
    if facts.budget_wait <= 0:
        return None
    message = f"the budget of repairs is spent; the next fits in {facts.budget_wait:.0f} s"
    return HoldVerdict(Reason.BUDGET_EXHAUSTED, message, facts.budget_wait)


def breaker_gate(facts: GateFacts) -> HoldVerdict | None:
    """Mass drift holds everything until somebody has looked."""
    return HoldVerdict(Reason.CIRCUIT_OPEN, facts.breaker.message, 5.0) if facts.breaker.open_since else None


def disruptive(assessment: Assessment, plan: Plan) -> bool:
    """Whether carrying out a plan restarts pods or deletes something."""
    if any(isinstance(action, Delete) for action in (*plan.actions, *plan.last_resort)):
        return True
    workload = (assessment.ref.group, assessment.ref.kind) in _RESTARTING and not is_mark(plan)
    return workload and any(item.path.startswith("/spec/template") for item in assessment.differences)


def fight_gate(facts: GateFacts) -> HoldVerdict | None:
    """A rival writer costs a bounded number of writes."""
    wait = facts.score.wait(facts.clock, len(facts.plan.actions))
    if wait <= 0:
        return None
    rival = facts.rival or "another writer"
    return HoldVerdict(Reason.FIGHT, f"{rival} keeps changing this object; repair waits {wait:.0f} s", wait)


CHAIN: tuple[tuple[str, Gate], ...] = (
    ("state", state_gate),
    ("source", source_gate),
    ("mode", mode_gate),
    ("pause", pause_gate),
    ("terminating", terminating_gate),
    ("protected", protected_gate),
    ("job", finished_job_gate),
    ("deletion", deletion_gate),
    ("crds", crds_gate),
    ("shrink", shrink_gate),
    ("strategy", strategy_gate),
    ("breaker", breaker_gate),
    ("window", window_gate),
    ("approval", approval_gate),
    ("blocker", blocker_gate),
    ("lock", lock_gate),
    ("budget", budget_gate),
    ("fight", fight_gate),
)


def first_hold(facts: GateFacts, chain: tuple[tuple[str, Gate], ...] = CHAIN) -> HoldVerdict | None:
    """Return the hold of the first gate that does not allow the write; None allows it."""
    for _, gate in chain:
        hold = gate(facts)
        if hold is not None:
            return hold
    return None


def verdicts(
    facts: GateFacts, chain: tuple[tuple[str, Gate], ...] = CHAIN
) -> tuple[tuple[str, HoldVerdict | None], ...]:
    """Every gate's word, for `drift explain`."""
    return tuple((name, gate(facts)) for name, gate in chain)


def annotation(body: Body | None, name: str) -> str | None:
    """Return an annotation as text; None where there is none."""
    annotations: Mapping[str, Any] = ((body or {}).get("metadata") or {}).get("annotations") or {}
    value = annotations.get(name)
    return None if value is None else str(value)
