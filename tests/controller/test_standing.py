"""What a guard's status says, and when it is worth a write."""

import msgspec
import pytest

from drift.controller.standing import Drift, Standing, status_of, worth_writing
from drift.controller.status import Condition, Counts, GuardStatus
from drift.core.assess import Assessment, Difference, State
from drift.core.objects import ObjectRef
from drift.core.ownership import Owner
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason

NOON, ONE = "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"
CLEAN = Standing(generation=2, synced=True, counts=Counts(objects=3, in_sync=3), last_check=NOON)
PAUSED = HoldVerdict(Reason.PAUSED, "paused until tomorrow")


def drift(name: str, hold: HoldVerdict | None = None, **owner_times: str) -> Drift:
    differences = tuple(
        Difference(
            path=f"/data/{manager}",
            display=f"data.{manager}",
            op="changed",
            desired="hunter2",
            owner=Owner(manager=manager, time=when),
        )
        for manager, when in owner_times.items()
    )
    ref = ObjectRef("apps", "Deployment", "shop", name)
    return Drift(
        Assessment(ref, "apps/v1", "helm:shop/web", State.DRIFTED, Reason.FIELDS_DIFFER, "", differences), hold
    )


def drifted(*drifts: Drift) -> Standing:
    counts = Counts(objects=30, in_sync=30 - len(drifts), drifted=len(drifts))
    return msgspec.structs.replace(CLEAN, counts=counts, drifts=drifts)


def conditions(standing: Standing, before: GuardStatus | None = None, now: str = NOON) -> dict[str, Condition]:
    return {item.type: item for item in status_of(standing, before, now).conditions}


def words(standing: Standing) -> dict[str, str]:
    return {kind: f"{item.status} {item.reason}" for kind, item in conditions(standing).items()}


@pytest.mark.parametrize(
    ("standing", "ready", "reconciling", "stalled", "is_drifted"),
    [
        (CLEAN, "True Guarding", "False No", "False No", "False NoDriftDetected"),
        (Standing(generation=1), "Unknown Reading", "True Reading", "False No", "Unknown StateUnknown"),
        (
            Standing(generation=1, stalled="spec.mode: no such mode"),
            "False InvalidInput",
            "False No",
            "True InvalidInput",
            "Unknown StateUnknown",
        ),
        (Standing(generation=1, suspended=True), "False Suspended", "False No", "False No", "Unknown StateUnknown"),
        (
            msgspec.structs.replace(CLEAN, trouble="no release", trouble_reason=Reason.DESIRED_EMPTY),
            "False DesiredEmpty",
            "False No",
            "False No",
            "Unknown StateUnknown",
        ),
        (drifted(drift("web")), "True Guarding", "False No", "False No", "True DriftDetected"),
        (
            msgspec.structs.replace(CLEAN, counts=Counts(objects=3, in_sync=2, unknown=1)),
            "True Guarding",
            "False No",
            "False No",
            "Unknown StateUnknown",
        ),
    ],
)
def test_conditions_say_how_a_guard_fares(
    standing: Standing, ready: str, reconciling: str, stalled: str, is_drifted: str
) -> None:
    found = words(standing)
    assert (found["Ready"], found["Reconciling"]) == (ready, reconciling)
    assert (found["Stalled"], found["Drifted"]) == (stalled, is_drifted)


def test_held_names_the_reasons_and_observing_is_none() -> None:
    assert words(drifted(drift("a", HoldVerdict(Reason.OBSERVE_ONLY, ""))))["Held"] == "False No"
    held = conditions(drifted(drift("a", PAUSED), drift("b", HoldVerdict(Reason.FIGHT, "")), drift("c")))["Held"]
    assert (held.status, held.reason) == ("True", "Fight")
    assert held.message == "2 drifted objects are not repaired: Fight, Paused"


def test_a_drift_tells_who_and_when_and_no_value() -> None:
    status = status_of(drifted(drift("web", k9s="2026-01-01T00:00:00Z", lens="2026-01-02T00:00:00Z")), None, NOON)
    (found,) = status.drifts
    assert (found.who, found.when, found.first_seen) == ("lens", "2026-01-02T00:00:00Z", NOON)
    assert found.fields == ("data.k9s", "data.lens")
    assert b"hunter2" not in msgspec.json.encode(status)


def test_times_of_conditions_and_drifts_stay_while_nothing_changes() -> None:
    first = status_of(drifted(drift("web")), None, NOON)
    again = status_of(drifted(drift("web"), drift("new")), first, ONE)
    assert {item.last_transition_time for item in again.conditions} == {NOON}
    assert {item.name: item.first_seen for item in again.drifts} == {"web": NOON, "new": ONE}
    cured = conditions(CLEAN, again, ONE)
    assert cured["Drifted"].last_transition_time == ONE
    assert cured["Ready"].last_transition_time == NOON


def test_of_many_drifts_the_first_are_told_and_the_others_counted() -> None:
    status = status_of(drifted(*(drift(f"web-{number:02}") for number in reversed(range(25)))), None, NOON)
    assert [item.name for item in status.drifts] == [f"web-{number:02}" for number in range(10)]
    assert status.more_drifts == 15


def test_nothing_new_is_not_worth_a_write() -> None:
    first = status_of(CLEAN, None, NOON)
    assert worth_writing(None, first)
    assert not worth_writing(first, status_of(CLEAN, first, ONE))
    assert worth_writing(first, status_of(drifted(drift("web")), first, ONE))


@pytest.mark.parametrize(("at", "worth"), [("2026-01-31T12:04:59Z", False), ("2026-01-31T12:05:00Z", True)])
def test_that_all_was_looked_at_again_is_told_every_five_minutes(at: str, *, worth: bool) -> None:
    first = status_of(CLEAN, None, NOON)
    later = status_of(msgspec.structs.replace(CLEAN, last_check=at), first, at)
    assert worth_writing(first, later) is worth


def test_a_status_survives_the_api() -> None:
    status = status_of(drifted(drift("web", PAUSED, k9s=NOON)), None, NOON)
    assert msgspec.json.decode(msgspec.json.encode(status), type=GuardStatus) == status
