"""docs/strategies.md: every code block on the page runs, and the table is what is installed.

`python -m tests.plugins.test_docs` writes the table anew.
"""

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import yaml

from drift.config import load_rules
from drift.core.consent import ONLY_BY_NAME
from drift.engine.decider import Decider
from drift.notify.ask import SIGNATURE, TIMESTAMP, signature
from drift.registry import STRATEGIES, Registry, summary_of
from plugins.hook import Answer, Hook, HookSettings
from tests.plugins.examples import scaled_and_extended

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"
BEGIN, END = "<!-- strategies:begin -->\n", "<!-- strategies:end -->"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def table() -> str:
    """The built-in strategies with their settings, as Markdown."""
    lines = ["| strategy | what it does | settings |", "|---|---|---|"]
    for plugin in Registry().loaded(STRATEGIES):
        if plugin.own:
            fields = msgspec.structs.fields(plugin.loaded.Settings)
            names = ", ".join(f"`{field.encode_name}`" for field in fields)
            lines.append(f"| `{plugin.name}` | {summary_of(plugin.loaded)} | {names} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def test_the_table_is_fresh() -> None:
    assert PAGE.read_text() == with_table(PAGE.read_text()), "run python -m tests.plugins.test_docs"


def test_the_rules_are_accepted_by_the_strategies_they_name() -> None:
    (text,) = blocks("yaml")
    rules = load_rules(text.encode(), "rules.yaml", lambda data, _: [yaml.safe_load(data)])
    registry = Registry()
    Decider({rule.strategy: registry.strategy(rule.strategy) for rule in rules}, rules)
    assert {rule.strategy for rule in rules} < {plugin.name for plugin in registry.listed(STRATEGIES)}


def test_the_strategy_of_the_page_passes_the_test_of_the_page(tmp_path: Path) -> None:
    files = [block for block in blocks("python") if block.startswith("# strategies/")]
    for block in files:
        name, _, code = block.partition("\n")
        (tmp_path / Path(name).name).write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "1 passed" in result.stdout, result.stdout + result.stderr
    assert [plugin.name for plugin in Registry(folder=str(tmp_path)).loaded(STRATEGIES) if plugin.path] == ["image"]
    assert len([line for line in files[0].splitlines() if line.strip()]) <= 15 + 1  # and the name of the file


def test_the_entry_point_is_of_the_right_group() -> None:
    (text,) = blocks("toml")
    assert list(tomllib.loads(text)["project"]["entry-points"]) == [STRATEGIES]


def test_the_question_and_the_answer_are_as_shown() -> None:
    question, answer = (json.loads(block) for block in blocks("json"))
    sent = json.loads(msgspec.json.encode(Hook().question(scaled_and_extended(), HookSettings(url="https://h")).body))
    assert list(sent) == list(question)
    for name in ("version", "ref", "source", "revision", "change"):
        assert sent[name] == question[name]
    assert question["differences"][0] in sent["differences"]
    assert msgspec.convert(answer, Answer).action == "revert"


def test_the_verification_of_the_page_accepts_what_is_sent_and_nothing_else() -> None:
    (code,) = [block for block in blocks("python") if "def verified" in block]
    known: dict[str, Any] = {}
    exec(compile(code, "strategies.md", "exec"), known)  # noqa: S102 - our own page
    verified, now = known["verified"], str(int(time.time()))
    headers = {TIMESTAMP: now, SIGNATURE: signature(b"key", now, b"{}")}
    assert verified(headers, b"{}", b"key")
    assert not verified(headers, b"{ }", b"key")
    assert not verified(headers, b"{}", b"other")
    old = str(int(time.time()) - 3600)
    assert not verified({TIMESTAMP: old, SIGNATURE: signature(b"key", old, b"{}")}, b"{}", b"key")


def test_the_kinds_that_need_their_name_are_told() -> None:
    text = PAGE.read_text().replace("PersistentVolume(Claim)", "PersistentVolume PersistentVolumeClaim")
    assert all(kind in text for _, kind in ONLY_BY_NAME)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
