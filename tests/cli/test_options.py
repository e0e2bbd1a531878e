"""Shared options: wrong ones are one line that says what to do."""

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "nothing to check: name it with --helm, --release NAME, --chart PATH or -f FILE"),
        ("-f app.yaml -n shop -A", "-n and -A contradict each other: give one of them"),
        ("--helm --release web", "--helm checks every release: leave out --release, or --helm"),
        ("-f app.yaml --values v.yaml", "--values, --set and --name belong to --chart PATH (manifests: -f)"),
        ("-f - -f -", "standard input (-) can be read only once"),
        ("-f - --live -", "standard input (-) can be read only once"),
        (
            "-f app.yaml --live live.yaml --context c",
            "--live asks no cluster: leave out --kubeconfig and --context",
        ),
        ("-f app.yaml --kube-version v1.30.0", "--kube-version belongs to --live: a cluster knows its own"),
        ("-f app.yaml --live gone.yaml", "--live gone.yaml: No such file or directory"),
        ("-f app.yaml --live live.yaml -l !!", "--selector '!!'"),
        ("-f app.yaml -o xml", "Invalid value for '-o' / '--output': 'xml' is not one of 'table', 'diff',"),
        ("-f app.yaml --request-timeout 3y", "Invalid value for '--request-timeout': '3y' is no duration"),
        ("--frobnicate", "No such option '--frobnicate'"),
    ],
)
def test_wrong_options_are_one_line(run: Run, arguments: str, line: str) -> None:
    result = run("report", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {line}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("duration", ["0", "45", "1.5", "30s", "1m30s", "500ms"])
def test_durations_as_kubectl_writes_them(run: Run, duration: str) -> None:
    assert run("report", "-f", "app.yaml", "--live", "live.yaml", "--request-timeout", duration).exit_code == 0


def test_options_may_stand_in_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFT_REPORT_LIVE", "drifted.yaml")
    assert run("report", "-f", "app.yaml").exit_code == 1
