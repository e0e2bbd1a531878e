"""The small commands: plugins, version, completion."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import msgspec
import pytest

from drift import __version__, registry
from drift.cli import connect
from drift.core.errors import ClusterError
from tests.cli.conftest import Run


class Waiting:
    """Waits before it acts."""

    name = "waiting"
    protocol = 1

    class Settings(msgspec.Struct, frozen=True):
        seconds: int
        unit: str = "s"
        kinds: tuple[str, ...] = ()
        labels: ClassVar[str] = ""

    def plan(self, context: object, settings: object) -> object:
        return context, settings


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(group: str) -> Iterable[EntryPoint]:
        if group != registry.STRATEGIES:
            return ()
        return (
            EntryPoint("waiting", f"{__name__}:Waiting", group),
            EntryPoint("broken", "no_such_module:Thing", group),
        )

    monkeypatch.setattr(registry, "_installed", find)


@pytest.mark.usefixtures("plugins")
def test_plugins_lists_the_broken_ones_too(run: Run) -> None:
    result = run("plugins")
    missing = "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"strategy broken (unknown distribution)  broken: {missing}",
        "strategy waiting (unknown distribution)  Waits before it acts.",
    ]


@pytest.mark.usefixtures("plugins")
def test_plugins_show_tells_the_settings(run: Run) -> None:
    result = run("plugins", "show", "waiting")
    assert result.stdout.splitlines()[3:] == [
        "settings:",
        "  seconds: int (required)",
        "  unit: str = 's'",
        "  kinds: tuple[str, ...] = ()",
    ]


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("waitin", "error: no strategy is called 'waitin': known are broken, waiting\n"),
        ("broken", "error: strategy broken (unknown distribution): cannot be imported: "),
    ],
)
def test_plugins_show_says_what_is_wrong(run: Run, name: str, line: str) -> None:
    result = run("plugins", "show", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(line)


def test_version_needs_no_cluster(run: Run) -> None:
    assert run("version").stdout.startswith(f"drift {__version__}\npython 3.")


def with_server(monkeypatch: pytest.MonkeyPatch, version: Any) -> None:
    @asynccontextmanager
    async def opened(_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(server_version=version, context="prod")

    monkeypatch.setattr(connect, "open_cluster", opened)


def test_version_asks_the_server_when_told_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def version() -> str:
        return "v1.36.3"

    with_server(monkeypatch, version)
    assert run("version", "--server").stdout.splitlines()[-1] == "server v1.36.3 (prod)"


def test_version_of_a_server_that_is_away_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def version() -> str:
        raise ClusterError("cannot reach https://prod")

    with_server(monkeypatch, version)
    result = run("version", "--server")
    assert (result.exit_code, result.stderr) == (2, "error: cannot reach https://prod\n")
    assert result.stdout.startswith("drift ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_covers_both_names(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_DRIFT_COMPLETE" in script
    assert "_KUBECTL_DRIFT_COMPLETE" in script


def test_bash_takes_the_script(run: Run) -> None:
    script = run("completion", "bash").stdout
    check = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p drift kubectl-drift"], capture_output=True, text=True, check=True
    )
    assert "_drift_completion drift" in check.stdout
    assert "kubectl-drift" in check.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [("drift pl", "plugins"), ("drift report --out", "--output"), ("drift report -o js", "jsonl")],
)
def test_words_are_completed(words: str, offered: str) -> None:
    import sys

    program = "import sys; sys.argv[0] = 'drift'; from drift.cli.main import main; main()"
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "_DRIFT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert f"plain,{offered}" in answer.stdout.splitlines()
