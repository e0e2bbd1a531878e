"""Every dependency has a reason, and the lock file pins all of them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower() for line in project["dependencies"]}


def test_every_dependency_has_a_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert set(re.findall(r"^\| ([a-z0-9_-]+) \|", page, re.MULTILINE)) - {"package"} == declared()


def test_every_dependency_is_pinned_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for name in declared():
        assert re.search(rf"^{name.replace('_', '-')}==[^\n]+\n    --hash=sha256:", lock, re.MULTILINE), name
