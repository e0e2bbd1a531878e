"""`drift guard`, and `drift run --guard`: a guard as a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.controller.guards import FULL, guard


@pytest.mark.parametrize("options", [(), ("--cluster",)])
def test_the_example_is_valid(run: Run, folder: Path, options: tuple[str, ...]) -> None:
    (folder / "guard.yaml").write_text(run("guard", "--example", *options).stdout)
    result = run("guard", "-f", "guard.yaml")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("guard.yaml: ")
    assert result.stdout.endswith(" is valid\n")


def test_the_example_says_what_each_field_means(run: Run) -> None:
    text = run("guard", "--example").stdout
    assert "  # observe writes nothing; remediate repairs what drifts.\n  mode: observe\n" in text
    assert "  # prometheus: Firing alerts hold repairs.\n" in text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (json.dumps(guard(mode="repair")), "guard.yaml: spec.mode: invalid enum value 'repair'"),
        ("", "guard.yaml: must hold one guard, has 0 documents"),
        (f"{json.dumps(FULL)}\n---\n{json.dumps(FULL)}", "guard.yaml: must hold one guard, has 2 documents"),
        ("a: [", "guard.yaml: document 1, line 1"),
    ],
)
def test_a_wrong_guard_is_one_line(run: Run, folder: Path, content: str, line: str) -> None:
    (folder / "guard.yaml").write_text(content)
    result = run("guard", "-f", "guard.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {line}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("--example", "-f", "x"), ("--cluster", "-f", "x")])
def test_either_an_example_or_a_check_is_asked_for(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("guard", *arguments)
    assert result.exit_code == 2
    assert "give either --example" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--guard guard.yaml --helm", "--guard says what to check and how"),
        ("--guard guard.yaml --policy p.yaml", "--guard says what to check and how"),
        ("--guard guard.yaml --scope exact", "--guard says what to check and how"),
        ("--guard guard.yaml --rules r.yaml", "--guard says which rules hold"),
        ("", "nothing to check"),
    ],
)
def test_a_guard_and_options_do_not_contradict_each_other(run: Run, arguments: str, line: str) -> None:
    result = run("run", *arguments.split())
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {line}")


def test_only_run_takes_a_guard(run: Run) -> None:
    assert "No such option '--guard'" in run("report", "--guard", "guard.yaml").stderr


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"suspend": True}, "spec.suspend"),
        ({"kubeConfig": {"secretRef": {"name": "other"}}}, "spec.kubeConfig"),
    ],
)
def test_what_only_the_controller_can_do_is_refused(spec: dict[str, Any], line: str) -> None:
    from drift.cli.guards import check_runnable
    from drift.controller.validity import read_guard
    from drift.core.errors import UsageError

    with pytest.raises(UsageError, match=line):
        check_runnable(read_guard(guard(**spec)), "guard.yaml")


def test_what_means_nothing_here_is_told() -> None:
    from drift.cli.guards import unheeded
    from drift.controller.validity import read_guard

    assert [line.split(":")[0] for line in unheeded(read_guard(FULL))] == [
        "spec.serviceAccountName shop-drift",
        "spec.audit",
    ]
    assert unheeded(read_guard(guard())) == ()
