"""The diff: what differs per object, under its path."""

from drift.core.report import Report
from drift.outputs import RenderOptions, render
from tests.outputs.examples import NOW, changed, drifted, one_of_everything


def diff(content: Report) -> list[str]:
    return render(content, "diff", RenderOptions(now=NOW)).splitlines()


def test_a_change_is_a_hunk_under_its_path() -> None:
    assert diff(drifted(changed("spec.replicas", 2, 5))) == [
        "Drift: 1 drifted; 0 of 1 object in sync.",
        "",
        "--- desired  Deployment.apps shop/web  (helm:shop/web)",
        "+++ live     Deployment.apps shop/web",
        "@@ -1 +1 @@ spec.replicas   kubectl-edit, 14m ago",
        "-replicas: 2",
        "+replicas: 5",
    ]


def test_additions_and_removals_have_one_side() -> None:
    added = diff(drifted(changed("spec.template", None, {"a": [1, "2"]}, op="added")))
    assert added[4:] == [
        "@@ -0,0 +1,4 @@ spec.template   kubectl-edit, 14m ago",
        "+template:",
        "+  a:",
        "+  - 1",
        '+  - "2"',
    ]
    removed = diff(drifted(changed("spec.x", "v", None, None, op="removed")))
    assert removed[4:] == ["@@ -1 +0,0 @@ spec.x   who: not recorded", "-x: v"]


def test_a_long_text_shows_only_the_lines_around_the_change() -> None:
    before = [f"\tline {number}" for number in range(20)]
    after = [*before]
    after[10] = "\tother"
    lines = diff(drifted(changed("data.conf", "\n".join(before), "\n".join(after))))
    assert lines[4] == "@@ -9,7 +9,7 @@ data.conf   kubectl-edit, 14m ago"
    assert "-  \\tline 10" in lines
    assert "+  \\tother" in lines
    assert len(lines) == 13


def test_objects_that_are_not_there_say_why() -> None:
    lines = diff(one_of_everything())
    assert "--- desired  Service shop/web  (helm:shop/web)" in lines
    assert "+++ live     (no such object: the object does not exist)" in lines
    assert "+++ live     (not checked: cannot list secrets in shop)" in lines
    assert lines[1] == "# problem: helm:shop/old: the release Secret is corrupt"


def test_a_newline_at_the_end_shows_in_the_mark() -> None:
    lines = diff(drifted(changed("data.conf", "a\nb\n", "a\nb")))
    assert lines[5:] == ["-conf: |", "+conf: |-", "   a", "   b"]
