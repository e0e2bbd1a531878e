"""Plugins as single files in a folder: `weekend.py` holds the strategy called `weekend`, whatever else it defines.

Each file becomes a module of its own, `daytwo_plugins.NAME`, so that it can hide no other module. Files whose names
begin with `_` may be imported by the others (`from daytwo_plugins import _shared`) and are no plugins; nor are tests.
"""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from drift.core.errors import UsageError
from drift.core.redact import printable

PACKAGE = "daytwo_plugins"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def plugin_files(folder: str) -> Iterator[tuple[str, Path]]:
    """Yield (name, path) of every plugin file, without importing any. Raises UsageError where there is no folder."""
    root = Path(folder)
    if not root.is_dir():
        raise UsageError(printable(f"--plugins {folder}: is no folder"))
    for path in sorted(root.glob("*.py")):
        if _NAME.fullmatch(path.stem) and not path.stem.startswith("test_"):
            yield path.stem, path


def load_file(name: str, path: Path) -> Any:
    """Run a file and return the class in it that is called as the file is. Raises whatever the file raises."""
    _package(path.parent)
    full = f"{PACKAGE}.{name}"
    spec = importlib.util.spec_from_file_location(full, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(full, None)
        raise
    return _strategy_of(module, name)


def _package(folder: Path) -> None:
    package = ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package


def _strategy_of(module: ModuleType, name: str) -> Any:
    for value in vars(module).values():
        own = isinstance(value, type) and value.__module__ == module.__name__
        if own and getattr(value, "name", None) == name:
            return value
    raise ImportError(f"the file defines no class with name = {name!r}, as the file is called")
