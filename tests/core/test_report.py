import msgspec

from drift.core.assess import Assessment, Difference, State
from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.core.report import Report, SourceProblem


def _item(state: State, name: str = "web", source: str = "s") -> Assessment:
    differences = (Difference("/a", "a", "changed", 1, 2),) if state is State.DRIFTED else ()
    ref = ObjectRef("apps", "Deployment", "shop", name)
    return Assessment(ref, "apps/v1", source, state, Reason.IN_SYNC, differences=differences)


def _report(*states: State, problems: int = 0) -> Report:
    items = tuple(_item(state, f"o{number}") for number, state in enumerate(states))
    return Report("test", items, tuple(SourceProblem("s", "m", Reason.SOURCE_FAILED) for _ in range(problems)))


def test_exit_codes_never_hide_what_could_not_be_checked() -> None:
    assert _report(State.IN_SYNC, State.IGNORED).exit_code() == 0
    assert _report(State.IN_SYNC, State.DRIFTED).exit_code() == 1
    assert _report(State.MISSING).exit_code(7) == 7
    assert _report(State.DRIFTED, State.UNKNOWN).exit_code() == 2
    assert _report(State.IN_SYNC, problems=1).exit_code() == 2


def test_the_sentence() -> None:
    assert _report(State.IN_SYNC, State.IN_SYNC).sentence == "In sync: 2 objects."
    drift = _report(State.IN_SYNC, State.DRIFTED, State.MISSING, State.UNKNOWN, problems=1)
    assert drift.sentence == (
        "Drift: 1 drifted, 1 missing, 1 could not be checked, 1 source problem; 1 of 4 objects in sync."
    )
    assert _report(State.IN_SYNC, problems=1).sentence.startswith("Not fully checked")
    assert _report().sentence == "Nothing to check: no release or manifest declares an object."
    assert _report(problems=2).sentence == "Not checked: 2 problems and no object."


def test_a_held_object_counts_as_what_it_is() -> None:
    held = _item(State.DRIFTED)
    summary = Report("t", (msgspec.structs.replace(held, state=State.HELD), _item(State.HELD, "x"))).summary
    assert (summary.drifted, summary.missing) == (1, 1)


def test_the_document_is_sorted_and_leaves_out_what_is_in_sync() -> None:
    report = Report("t", (_item(State.DRIFTED, "b"), _item(State.IN_SYNC, "a"), _item(State.MISSING, "a", "r")))
    assert [item["ref"]["name"] for item in report.document()["objects"]] == ["a", "b"]
    assert len(report.document(every=True)["objects"]) == 3
    (difference,) = report.document()["objects"][1]["differences"]
    assert difference["path"] == "/a"
    assert difference["owner"] is None
