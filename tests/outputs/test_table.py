"""The table: answer first, path-first lines, owners and ages, nothing that a terminal would act on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift.core.assess import Difference, State
from drift.core.objects import ObjectRef
from drift.core.ownership import Owner
from drift.core.reasons import Reason
from drift.core.report import Report, SourceHold, SourceProblem
from drift.outputs import RenderOptions, render
from tests.outputs.examples import NOW, assessed, changed, drifted, one_of_everything, report


def table(content: Report, *, every: bool = False, colour: bool = False) -> str:
    return render(content, "table", RenderOptions(every=every, now=NOW, colour=colour))


def line_of(difference: Difference) -> str:
    return table(drifted(difference)).splitlines()[4]


def test_the_whole_table() -> None:
    assert table(one_of_everything()).splitlines() == [
        "Drift: 1 drifted, 1 missing, 1 could not be checked, 1 source problem; 1 of 4 objects in sync.",
        "",
        "files:app",
        "  Secret shop/key  Unknown   cannot list secrets in shop",
        "",
        "helm:shop/web",
        "  Service shop/web  Missing   the object does not exist",
        "  Deployment.apps shop/web  Drifted",
        "    spec.replicas  2 -> 5   kubectl (scale), 30s ago",
        '    spec.paused  "v" -> (removed)   who: not recorded',
        '    + spec.env[name=DEBUG]  (added) {"name": "DEBUG", "value": "1"}   kubectl-edit, 14m ago',
        "    - spec.old  1 (no longer declared)   kubectl-edit, 14m ago",
        "",
        "problem: helm:shop/old: the release Secret is corrupt",
        "hold: helm:shop/web: an upgrade is in flight",
        "limit: no permission for a dry run",
    ]


def test_all_adds_what_is_in_sync_notes_and_ignored() -> None:
    lines = table(one_of_everything(), every=True).splitlines()
    assert "  ConfigMap shop/app  InSync" in lines
    assert '    note: + metadata.labels.team  (added) "x"   kubectl-edit, 14m ago; no part of desired' in lines
    assert "    ignored: spec.minReadySeconds  1 -> 2   kubectl-edit, 14m ago" in lines


def test_a_hold_that_repeats_its_problem_is_not_told_twice() -> None:
    told = SourceProblem("helm:a", "damaged", Reason.SOURCE_FAILED)
    held = SourceHold("helm:a", "damaged", Reason.SOURCE_FAILED)
    assert table(report(problems=(told,), holds=(held,))).count("damaged") == 1


def test_in_sync_is_one_line() -> None:
    assert table(report(assessed(State.IN_SYNC, Reason.IN_SYNC))) == "In sync: 1 object.\n"


def test_a_text_of_several_lines_shows_the_first_that_differs() -> None:
    line = line_of(changed("data.conf", "a\nb\nc\n", "a\nX\nc\n"))
    assert line.strip().startswith('data.conf  line 2: "b" -> "X"   ')
    line = line_of(changed("data.conf", "a\nb", "a\nb\nc\nd"))
    assert 'line 3: (none) -> "c" (and more)' in line


def test_long_values_are_cut_around_what_differs() -> None:
    image = "registry.example.com/team/" + "x" * 60
    line = line_of(changed("image", f"{image}:1", f"{image}:2"))
    assert 'xxx:1" -> ...xxx' in line
    assert line.rstrip().endswith(':2"   kubectl-edit, 14m ago')
    assert len(line) < 200


def test_a_secret_stays_masked_and_visible_as_a_change() -> None:
    assert "data.password  *** (desired) -> *** (live)" in table(
        drifted(changed("data.password", "*** (desired)", "*** (live)"))
    )


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-03-01T11:59:59Z", "m, 1s ago"),
        ("2026-03-01T09:00:00Z", "m, 3h ago"),
        ("2026-02-27T09:00:00Z", "m, 2d ago"),
        ("2026-03-01T12:00:09Z", "m, just now"),
        ("", "m"),
        ("yesterday", "m"),
    ],
)
def test_ages(time: str, told: str) -> None:
    assert line_of(changed("spec.x", 1, 2, Owner("m", "Update", "", time))).endswith(f"1 -> 2   {told}")


def test_colours_change_no_letter() -> None:
    plain = table(one_of_everything(), every=True)
    painted = table(one_of_everything(), every=True, colour=True)
    assert painted != plain
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


@given(st.text(alphabet=st.sampled_from("a\n\r\t\x1b\x00\x07\x7f\x9b\u202e\u2066"), max_size=12))
def test_nothing_from_the_cluster_reaches_the_terminal_unneutralised(hostile: str) -> None:
    difference = changed(hostile or "x", hostile, [hostile], Owner(hostile, hostile, hostile, hostile))
    content = report(
        assessed(State.DRIFTED, Reason.FIELDS_DIFFER, difference, notes=(difference,)),
        assessed(
            State.UNKNOWN,
            Reason.FORBIDDEN,
            ref=ObjectRef("", "Pod", hostile, hostile),
            message=hostile,
            source=hostile,
        ),
        problems=(SourceProblem(hostile, hostile, Reason.SOURCE_FAILED),),
        limits=(hostile,),
    )
    for fmt in ("table", "diff", "json", "yaml", "jsonl"):
        text = render(content, fmt, RenderOptions(every=True, now=NOW))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), fmt
