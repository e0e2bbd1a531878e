"""Strategies as files in a folder: found by name, loaded each under a name of its own, and harmless when broken."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from drift.core.errors import PluginError, UsageError
from drift.registry import STRATEGIES, Registry
from tests.cli.conftest import Run, run  # noqa: F401 - a fixture

GOOD = '''
"""Somebody's."""
from drift.strategy import PROTOCOL_VERSION, NoSettings, nothing

class Weekend:
    """Rests on weekends."""

    name = "weekend"
    protocol = PROTOCOL_VERSION
    Settings = NoSettings

    def plan(self, context, settings):
        return nothing("resting")
'''
BROKEN = {
    "syntax.py": ("class Syntax(:\n", "cannot be imported: SyntaxError: "),
    "raises.py": ("raise ValueError('at\\nimport')\n", "cannot be imported: ValueError: at import"),
    "leaves.py": ("import sys; sys.exit(3)\n", "cannot be imported: SystemExit: 3"),
    "absent.py": (
        "import no_such_module\n",
        "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "misnamed.py": (GOOD, "cannot be imported: ImportError: the file defines no class with name = 'misnamed'"),
    "future.py": (
        GOOD.replace("weekend", "future").replace("= PROTOCOL_VERSION", "= 99"),
        "is written for plugin protocol 99, this is 1",
    ),
    "settings.py": (GOOD.replace("weekend", "settings").replace("= NoSettings", "= dict"), "has no Settings class"),
    "needy.py": (
        GOOD.replace("weekend", "needy").replace("    Settings", '    needs = ("pods",)\n    Settings'),
        "has needs that are no tuple of Need",
    ),
    "changing.py": (
        GOOD.replace("weekend", "changing").replace("    Settings", '    changes = ("moved",)\n    Settings'),
        "has changes other than missing, modified, dropped",
    ),
    "raising.py": (
        GOOD.replace("weekend", "raising").replace(
            "    def plan", "    def __init__(self):\n        1 / 0\n\n    def plan"
        ),
        "cannot be imported: ZeroDivisionError: division by zero",
    ),
    "revert.py": (GOOD.replace("weekend", "revert"), "the name is taken by plugins.revert:Revert of daytwo"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weekend.py").write_text(GOOD)
    return tmp_path


def test_a_file_is_a_strategy_under_a_module_of_its_own(folder: Path) -> None:
    strategy: Any = Registry(folder=str(folder)).strategy("weekend")
    assert type(strategy).__module__ == "daytwo_plugins.weekend"
    assert strategy.plan(None, None).reason == "resting"


def test_listing_runs_nothing(folder: Path) -> None:
    (folder / "evil.py").write_text("open('ran', 'w')")
    names = [plugin.name for plugin in Registry(folder=str(folder)).listed(STRATEGIES)]
    assert {"evil", "weekend", "revert"} <= set(names)
    assert not Path("ran").exists()


def test_a_file_named_as_a_library_hides_nothing(folder: Path) -> None:
    (folder / "json.py").write_text(GOOD.replace("weekend", "json"))
    Registry(folder=str(folder)).strategy("json")
    import json

    assert json.loads("1") == 1
    assert "daytwo_plugins.json" in sys.modules


def test_files_may_share_what_is_no_plugin(folder: Path) -> None:
    (folder / "_shared.py").write_text("WHY = 'shared'\n")
    (folder / "other.py").write_text(
        "from daytwo_plugins import _shared\n" + GOOD.replace("weekend", "other").replace('"resting"', "_shared.WHY")
    )
    registry = Registry(folder=str(folder))
    strategy: Any = registry.strategy("other")
    assert strategy.plan(None, None).reason == "shared"
    assert "_shared" not in [plugin.name for plugin in registry.listed(STRATEGIES)]


def test_the_folder_of_a_config_map_is_read_through_its_links(tmp_path: Path) -> None:
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "weekend.py").write_text(GOOD)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "weekend.py").symlink_to("..data/weekend.py")
    assert Registry(folder=str(tmp_path)).strategy("weekend").name == "weekend"


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_path_and_hurts_no_other(folder: Path, name: str) -> None:
    text, error = BROKEN[name]
    path = folder / name
    path.write_text(text)
    registry = Registry(folder=str(folder))
    found = [plugin for plugin in registry.loaded(STRATEGIES) if plugin.path == str(path)]
    assert [plugin.error.startswith(error) for plugin in found] == [True], found
    assert "\n" not in found[0].error
    assert registry.strategy("weekend")
    assert registry.strategy("revert")


def test_a_file_that_takes_its_time_to_import_is_given_up(folder: Path) -> None:
    (folder / "slow.py").write_text("while True: pass\n")
    begun = time.monotonic()
    with pytest.raises(PluginError, match=r"slow\.py\): took longer than 0.2 s to import"):
        Registry(folder=str(folder), limit=0.2).strategy("slow")
    assert time.monotonic() - begun < 5.0


def test_a_folder_that_is_none_is_an_error() -> None:
    with pytest.raises(UsageError, match="--plugins /no/such: is no folder"):
        Registry(folder="/no/such").listed(STRATEGIES)


def test_the_command_lists_files_with_their_paths(run: Run, folder: Path) -> None:  # noqa: F811
    (folder / "raises.py").write_text("raise ValueError('x')")
    lines = run("plugins", "--plugins", str(folder)).stdout.splitlines()
    assert f"strategy weekend ({folder}/weekend.py)  Rests on weekends." in lines
    assert f"strategy raises ({folder}/raises.py)  broken: cannot be imported: ValueError: x" in lines


def test_the_command_shows_one(run: Run, folder: Path) -> None:  # noqa: F811
    lines = run("plugins", "--plugins", str(folder), "show", "weekend").stdout.splitlines()
    assert lines == [
        f"strategy weekend ({folder}/weekend.py)",
        "  Rests on weekends.",
        f"  from {folder}/weekend.py",
        "settings: none",
    ]


def test_a_thread_that_was_given_up_does_not_keep_the_program_from_ending(folder: Path) -> None:
    (folder / "sleeps.py").write_text("import time; time.sleep(60)\n")
    program = (
        "from drift.registry import Registry, STRATEGIES\n"
        f"found = Registry(folder={str(folder)!r}, limit=0.2).loaded(STRATEGIES)\n"
        "print([plugin.error for plugin in found if plugin.name == 'sleeps'])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert result.stdout == "['took longer than 0.2 s to import']\n"
