"""The program as a whole: subcommands found lazily, and one boundary for errors."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from drift import __version__
from drift.cli import audit, main
from drift.core.errors import ClusterError
from tests.cli.conftest import Run

ARGUMENTS = ("report", "-f", "app.yaml", "--live", "live.yaml")


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(audit, "audit", fail)


def test_the_help_imports_no_subcommand() -> None:
    script = (
        "import sys; from drift.cli.main import main; sys.argv = ['drift', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in sys.modules if m.startswith(('drift.', 'msgspec', 'yaml', 'asyncio'))))\n"
    )
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert answer.stdout.splitlines()[-1] == "['drift.cli', 'drift.cli.main']"


def test_the_short_help_is_what_the_command_says() -> None:
    context = click.Context(main.main)
    for name in main.main.list_commands(context):
        command = main.main.get_command(context, name)
        assert command is not None
        assert (command.help or "").splitlines()[0] == main.COMMANDS[name]


def test_every_command_has_help_with_examples(run: Run) -> None:
    for name in main.main.list_commands(click.Context(main.main)):
        result = run(name, "--help")
        assert result.exit_code == 0
        assert "Example" in result.stdout, name


def test_version_of_the_program(run: Run) -> None:
    assert run("--version").stdout == f"drift {__version__}\n"


def test_no_arguments_show_the_help(run: Run) -> None:
    result = run()
    assert result.exit_code == 2
    assert "drift report --helm -A" in result.stderr


def test_an_unknown_command_is_one_line(run: Run) -> None:
    result = run("repor")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: No such command 'repor'")
    assert result.stderr.count("\n") == 1


def test_our_errors_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ClusterError("the server\n\x1b[31mis away"))
    result = run(*ARGUMENTS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: the server\\n\\x1b[31mis away\n"


def test_our_error_out_of_a_task_group_is_the_same_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ExceptionGroup("tasks", [ClusterError("away"), ClusterError("away too")]))
    assert run(*ARGUMENTS).stderr == "error: away\n"


def test_a_bug_is_one_line_without_its_values(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("hunter2"))
    result = run(*ARGUMENTS)
    assert result.exit_code == 2
    assert result.stderr.startswith("internal error: KeyError at test_main.py:")
    assert result.stderr.endswith("(bug; run with --debug for the traceback)\n")
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("arguments", [("--debug", *ARGUMENTS), (*ARGUMENTS, "--debug")])
def test_debug_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    failing(monkeypatch, KeyError("hunter2"))
    assert "Traceback" in run(*arguments).stderr


def test_an_interrupt_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    result = run(*ARGUMENTS)
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr


def test_as_a_plugin_of_kubectl_it_shows_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kubectl-drift", "report", "--help"])
    with pytest.raises(SystemExit):
        main.main()
    assert capsys.readouterr().out.startswith("Usage: kubectl drift report ")
