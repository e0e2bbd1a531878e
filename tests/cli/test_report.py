"""`drift report` from options to exit code, on a dump: no cluster is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import DESIRED, Run

PROGRAM = "import sys; sys.argv[0] = 'drift'; from drift.cli.main import main; main()"


def test_in_sync_is_one_line_and_zero(run: Run) -> None:
    result = run("report", "-f", "app.yaml", "--live", "live.yaml")
    first, _, rest = result.stdout.partition("\n")
    assert (result.exit_code, first) == (0, "In sync: 2 objects.")
    assert rest.strip().startswith("limit: the dump says nothing of who changed what")


def test_drift_is_the_answer_first_then_paths(run: Run) -> None:
    result = run("report", "-f", "app.yaml", "--live", "drifted.yaml")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0] == "Drift: 1 drifted; 1 of 2 objects in sync."
    assert lines[3:5] == ["  Deployment.apps shop/web  Drifted", "    spec.replicas  2 -> 5   who: not recorded"]
    assert result.stderr == ""


def test_drift_may_have_another_exit_code(run: Run) -> None:
    assert run("report", "-f", "app.yaml", "--live", "drifted.yaml", "--drift-exit-code", "0").exit_code == 0
    assert run("report", "-f", "app.yaml", "--live", "live.yaml", "--drift-exit-code", "7").exit_code == 0


def test_what_could_not_be_checked_wins(run: Run, folder: Path) -> None:
    (folder / "live.yaml").write_text(DESIRED.partition("---")[0].replace("replicas: 2", "replicas: 5"))
    result = run("report", "-f", "app.yaml", "--live", "live.yaml")
    assert result.exit_code == 2
    assert "Service shop/web  Unknown   the dump holds no Service" in result.stdout
    assert "spec.replicas  2 -> 5" in result.stdout


def test_json_and_yaml_are_the_same_document(run: Run) -> None:
    arguments = ("report", "-f", "app.yaml", "--live", "drifted.yaml", "-o")
    document = json.loads(run(*arguments, "json").stdout)
    assert document["summary"]["drifted"] == 1
    assert document["objects"][0]["differences"][0]["path"] == "/spec/replicas"
    assert yaml.safe_load(run(*arguments, "yaml").stdout) == document


def test_all_lists_what_is_in_sync(run: Run) -> None:
    result = run("report", "-f", "app.yaml", "--live", "live.yaml", "--all", "-o", "json")
    assert [item["state"] for item in json.loads(result.stdout)["objects"]] == ["InSync", "InSync"]


def test_both_sides_may_come_from_standard_input(run: Run) -> None:
    assert run("report", "-f", "-", "--live", "live.yaml", input=DESIRED).exit_code == 0
    assert run("report", "-f", "app.yaml", "--live", "-", input=DESIRED).exit_code == 0


def test_a_selector_narrows_the_check(run: Run) -> None:
    result = run("report", "-f", "app.yaml", "--live", "live.yaml", "-l", "app=web")
    assert result.stdout.startswith("In sync: 1 object.")


def test_ignore_rules_hide_what_they_name(run: Run, folder: Path) -> None:
    (folder / "ignore.yaml").write_text("- kinds: [Deployment]\n  paths: [/spec/replicas]\n")
    result = run("report", "-f", "app.yaml", "--live", "drifted.yaml", "--ignore", "ignore.yaml", "--all")
    assert result.exit_code == 0
    assert "ignored: spec.replicas  2 -> 5" in result.stdout


def test_an_ignore_rule_that_expired_hides_nothing(run: Run, folder: Path) -> None:
    (folder / "ignore.yaml").write_text("- paths: [/spec/replicas]\n  expires: 2020-01-01\n")
    assert run("report", "-f", "app.yaml", "--live", "drifted.yaml", "--ignore", "ignore.yaml").exit_code == 1


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "- paths: [spec.replicas]",
            "error: ignore.yaml: entry 1: field paths: 'spec.replicas' is no JSON Pointer",
        ),
        ("- pahts: [/spec]", "error: ignore.yaml: entry 1: unknown field pahts: allowed are kinds, names"),
        ("kinds: [Pod]", "error: ignore.yaml: must be a YAML list of rules, got a mapping"),
        ("- [", "error: ignore.yaml: document 1, line"),
    ],
)
def test_a_wrong_ignore_file_is_one_line(run: Run, folder: Path, content: str, line: str) -> None:
    (folder / "ignore.yaml").write_text(content)
    result = run("report", "-f", "app.yaml", "--live", "live.yaml", "--ignore", "ignore.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_there_hides_no_other(run: Run) -> None:
    result = run("report", "-f", "app.yaml", "-f", "gone.yaml", "--live", "live.yaml")
    assert result.exit_code == 2
    assert "problem: " in result.stdout
    assert "gone.yaml: cannot be read" in result.stdout


def test_a_dump_that_is_cut_is_no_answer(run: Run, folder: Path) -> None:
    (folder / "live.yaml").write_text('{"apiVersion": "v1", "kind": "List", "items": [')
    result = run("report", "-f", "app.yaml", "--live", "live.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: live.yaml:")


def test_the_context_must_exist(run: Run, folder: Path) -> None:
    result = run("report", "-f", "app.yaml", "--kubeconfig", str(folder / "none"))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: there is no kubeconfig ")
    assert result.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "report", "-f", "app.yaml", "--live", "drifted.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(timeout=60) == 1
    assert complaint == b""


def test_a_terminal_that_is_not_utf_8_gets_escapes(folder: Path) -> None:
    (folder / "drifted.yaml").write_text(DESIRED.replace("nginx:1", "n\u00e9"))
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, "report", "-f", "app.yaml", "--live", "drifted.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "ascii"},
    )
    assert (answer.returncode, answer.stderr) == (1, "")
    assert '"nginx:1" -> "n\\xe9"' in answer.stdout


def test_a_file_that_cannot_be_read_leaves_the_others_checked(run: Run, folder: Path) -> None:
    (folder / "broken.yaml").write_text("a: [\n")
    result = run("report", "-f", "broken.yaml", "-f", "app.yaml", "--live", "drifted.yaml")
    assert result.exit_code == 2
    assert result.stdout.startswith("Drift: 1 drifted, 1 source problem; 1 of 2 objects in sync.\n")
    assert "spec.replicas  2 -> 5" in result.stdout


@pytest.mark.parametrize(("redirect", "why"), [(">&-", "stdout is closed"), (">/dev/full", "No space left on device")])
def test_a_result_that_cannot_be_written_is_one_line(redirect: str, why: str) -> None:
    shell = f'"$0" -c "$1" report -f app.yaml --live live.yaml {redirect}'
    done = subprocess.run(
        ["bash", "-c", shell, sys.executable, PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (2, f"error: the result cannot be written: {why}\n")


def test_a_source_with_a_bug_harms_only_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from desired.helm_release import HelmReleaseSource

    async def load(_: HelmReleaseSource) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(HelmReleaseSource, "load", load)
    result = run("report", "--helm", "-f", "app.yaml", "--live", "drifted.yaml")
    assert result.exit_code == 2
    assert "helm:default/*: KeyError while loading it" in result.stdout
    assert "spec.replicas  2 -> 5" in result.stdout
    assert "hunter2" not in result.stdout + result.stderr
