"""What a guard's status says, as a pure function of what is known: so that nothing is written when nothing changed.

kstatus: Ready is the last word, Reconciling is there while there is work, Stalled while somebody has to change the
guard. Drifted and Held tell of what is guarded. A time of a condition changes with its status alone.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from drift.controller.status import MOST_DRIFTS, Condition, ConditionType, Counts, GuardStatus, StatusObject
from drift.core.assess import Assessment, State
from drift.core.ownership import Owner
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason

_MOST_FIELDS = 16
_CHECK_AGE = 300.0


class Drift(msgspec.Struct, frozen=True, eq=False):
    """An object that is not as declared, and what holds its repair."""

    assessment: Assessment
    hold: HoldVerdict | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is known of a guard. `stalled`: what is wrong with the guard itself. `trouble`: what cannot be read now.

    `synced`: every source was read and every watch shows the present.
    """

    generation: int
    synced: bool = False
    suspended: bool = False
    stalled: str = ""
    trouble: str = ""
    trouble_reason: Reason = Reason.SOURCE_FAILED
    counts: Counts = Counts()
    drifts: tuple[Drift, ...] = ()
    revision: str = ""
    last_check: str = ""
    last_audit: str = ""
    requested_at: str = ""


Said = tuple[ConditionType, str, str, str]


def status_of(standing: Standing, before: GuardStatus | None, now: str) -> GuardStatus:
    """Return what the status should say at `now` (RFC 3339), given what it says."""
    was = before or GuardStatus()
    listed = sorted(standing.drifts, key=lambda drift: drift.assessment.ref)
    return GuardStatus(
        observed_generation=standing.generation,
        conditions=tuple(_condition(said, standing.generation, was, now) for said in _said(standing)),
        counts=standing.counts,
        drifts=tuple(_object(drift, was, now) for drift in listed[:MOST_DRIFTS]),
        more_drifts=max(0, len(listed) - MOST_DRIFTS),
        revision=standing.revision,
        last_check=standing.last_check,
        last_audit=standing.last_audit,
        last_handled_requested_at=standing.requested_at,
    )


def worth_writing(before: GuardStatus | None, after: GuardStatus) -> bool:
    """Whether a status says something new; that everything was looked at again is, every five minutes."""
    if before is None:
        return True
    if msgspec.structs.replace(before, last_check=after.last_check) != after:
        return True
    return _seconds(before.last_check, after.last_check) >= _CHECK_AGE


def _said(standing: Standing) -> Iterable[Said]:
    """Every condition as type, status, reason and message."""
    yield ("Ready", *_ready(standing))
    busy = not (standing.synced or standing.stalled or standing.suspended)
    yield ("Reconciling", *(("True", "Reading", "reading what is declared and what is there") if busy else _NO))
    yield ("Stalled", *(("True", Reason.INVALID_INPUT.value, standing.stalled) if standing.stalled else _NO))
    yield ("Drifted", *_drifted(standing))
    yield ("Held", *_held(standing))


_NO = ("False", "No", "")


def _ready(standing: Standing) -> tuple[str, str, str]:
    if standing.stalled:
        return "False", Reason.INVALID_INPUT.value, standing.stalled
    if standing.suspended:
        return "False", "Suspended", "suspended by spec.suspend: nothing is watched or repaired"
    if standing.trouble:
        return "False", standing.trouble_reason.value, standing.trouble
    if not standing.synced:
        return "Unknown", "Reading", "reading what is declared and what is there"
    return "True", "Guarding", _sentence(standing.counts)


def _sentence(counts: Counts) -> str:
    if not counts.drifted and not counts.unknown:
        return f"{counts.objects} objects in sync"
    unknown = f", {counts.unknown} could not be checked" if counts.unknown else ""
    return f"{counts.in_sync} of {counts.objects} objects in sync, {counts.drifted} drifted{unknown}"


def _drifted(standing: Standing) -> tuple[str, str, str]:
    """Never a clean answer where something was not looked at (decision D7)."""
    counts = standing.counts
    if counts.drifted:
        return "True", "DriftDetected", f"{counts.drifted} of {counts.objects} objects drifted"
    if standing.synced and not standing.trouble and not counts.unknown:
        return "False", "NoDriftDetected", ""
    return "Unknown", Reason.STATE_UNKNOWN.value, "not everything could be looked at"


def _held(standing: Standing) -> tuple[str, str, str]:
    """One that only observes holds everything by its nature: that is no news."""
    holds = [drift.hold for drift in standing.drifts if drift.hold and drift.hold.reason is not Reason.OBSERVE_ONLY]
    if not holds:
        return _NO
    reasons = sorted({hold.reason.value for hold in holds})
    return "True", reasons[0], f"{len(holds)} drifted objects are not repaired: {', '.join(reasons)}"


def _condition(said: Said, generation: int, was: GuardStatus, now: str) -> Condition:
    kind, status, reason, message = said
    known = next((item for item in was.conditions if item.type == kind), None)
    since = known.last_transition_time if known is not None and known.status == status else now
    built = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
    return msgspec.convert({**built, "observedGeneration": generation}, Condition)


def _object(drift: Drift, was: GuardStatus, now: str) -> StatusObject:
    found = drift.assessment
    owner = newest_owner(found)
    state = State.HELD if drift.hold and drift.hold.reason is not Reason.OBSERVE_ONLY else found.state
    return StatusObject(
        api_version=found.api_version,
        kind=found.ref.kind,
        namespace=found.ref.namespace,
        name=found.ref.name,
        state=state.value,
        reason=(drift.hold.reason if drift.hold and state is State.HELD else found.reason).value,
        fields=tuple(item.display for item in found.differences[:_MOST_FIELDS]),
        who=owner.manager if owner else "",
        when=owner.time if owner else "",
        first_seen=_first_seen(found, was) or now,
    )


def newest_owner(assessment: Assessment) -> Owner | None:
    """Who made the newest difference, where managedFields tells."""
    owners = [item.owner for item in assessment.differences if item.owner is not None]
    return max(owners, key=lambda owner: owner.time, default=None)


def _first_seen(found: Assessment, was: GuardStatus) -> str:
    """When a drift that is told already was first seen."""
    ref = found.ref
    for item in was.drifts:
        if (item.kind, item.namespace, item.name) == (ref.kind, ref.namespace, ref.name):
            same_group = item.api_version.rpartition("/")[0] == found.api_version.rpartition("/")[0]
            if same_group:
                return item.first_seen
    return ""


def _seconds(before: str, after: str) -> float:
    """Seconds between two times; infinite where one cannot be read and they differ."""
    if before == after:
        return 0.0
    try:
        return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")
