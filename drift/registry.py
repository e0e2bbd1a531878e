"""Plugins by entry points and by files: what there is, where it comes from, and what is wrong with it.

Listing imports nothing; a plugin is imported when it is asked for, within a time limit where it is not our own. A
broken plugin is a value with its error in one line, never an exception for those who did not ask for it.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

import msgspec

from drift.core.errors import PluginError, UsageError
from drift.core.plan import MATCHES, Need
from drift.core.redact import printable
from drift.core.rules import CHANGES
from drift.plugin_files import PACKAGE, load_file, plugin_files
from drift.strategy import PROTOCOL_VERSION, Strategy
from drift.timebox import FailedError, OvertimeError, within

__all__ = ["GROUPS", "NOTIFIERS", "OUTPUTS", "SOURCES", "STRATEGIES", "Plugin", "Registry", "summary_of"]

STRATEGIES = "drift.strategies"
SOURCES = "drift.sources"
OUTPUTS = "drift.outputs"
NOTIFIERS = "drift.notifiers"
GROUPS = (STRATEGIES, SOURCES, OUTPUTS, NOTIFIERS)
_OWN = "daytwo"
_IMPORT_LIMIT = 10.0
_WORDS = {STRATEGIES: "strategy", SOURCES: "source", OUTPUTS: "output", NOTIFIERS: "notifier"}


class Plugin(msgspec.Struct, frozen=True, eq=False):
    """One plugin. `loaded` is the object it names, once asked for; `error` says in one line what is wrong.

    `value` is what an entry point names; `path` the file of a plugin that is one.
    """

    name: str
    group: str
    value: str
    distribution: str = ""
    version: str = ""
    loaded: Any = None
    error: str = ""
    path: str = ""

    @property
    def own(self) -> bool:
        """Whether it is built in."""
        return self.distribution == _OWN

    def __str__(self) -> str:
        """`strategy revert (daytwo 0.1.0)`, or with the path of its file."""
        origin = self.path or f"{self.distribution} {self.version}".strip() or "unknown distribution"
        return f"{_WORDS.get(self.group, self.group)} {self.name} ({origin})"


class Registry:
    """What is there now. Each plugin is imported at most once; `find` is handed in by tests."""

    def __init__(
        self,
        find: Callable[[str], Iterable[EntryPoint]] | None = None,
        *,
        folder: str = "",
        limit: float = _IMPORT_LIMIT,
    ) -> None:
        """`folder` may hold strategies as files; `limit`: seconds that an import may take."""
        self._find = find or _installed
        self._folder = folder
        self._limit = limit
        self._entries: dict[str, dict[str, EntryPoint]] = {}
        self._plugins: dict[str, tuple[Plugin, ...]] = {}

    def listed(self, group: str) -> tuple[Plugin, ...]:
        """Return the plugins of a group by name. Nothing is imported: only a name given twice is an error yet.

        Raises UsageError for a folder that is none.
        """
        if group not in self._plugins:
            entries = _distinct(self._find(group))
            self._entries[group] = {_key(entry): entry for entry in entries}
            files = _files(self._folder) if self._folder and group == STRATEGIES else ()
            self._plugins[group] = _told_apart([*(_plugin(entry, group) for entry in entries), *files])
        return self._plugins[group]

    def loaded(self, group: str) -> tuple[Plugin, ...]:
        """Return the plugins of a group, every one imported and checked."""
        self._plugins[group] = tuple(self._load(plugin) for plugin in self.listed(group))
        return self._plugins[group]

    def get(self, group: str, name: str) -> Plugin:
        """Return one plugin, imported and checked. Raises UsageError for an unknown name, PluginError if broken."""
        same = [plugin for plugin in self.listed(group) if plugin.name == name]
        chosen = next((plugin for plugin in same if not plugin.error), same[0] if same else None)
        if chosen is None:
            known = ", ".join(sorted({plugin.name for plugin in self.listed(group)})) or "none"
            raise UsageError(f"no {_WORDS.get(group, group)} is called {name!r}: known are {known}")
        plugin = self._load(chosen)
        self._plugins[group] = tuple(plugin if item is chosen else item for item in self.listed(group))
        if plugin.error:
            raise PluginError(f"{plugin}: {plugin.error}")
        return plugin

    def strategy(self, name: str) -> Strategy:
        """Return a strategy ready to plan. Raises UsageError or PluginError."""
        return cast("Strategy", self.get(STRATEGIES, name).loaded)

    def _load(self, plugin: Plugin) -> Plugin:
        if plugin.loaded is not None or plugin.error:
            return plugin
        try:
            loaded = self._imported(plugin)
        except FailedError as error:
            return msgspec.structs.replace(plugin, error=_one_line(error.__cause__ or error))
        except OvertimeError:
            return msgspec.structs.replace(plugin, error=f"took longer than {self._limit:g} s to import")
        except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything, and harms only itself
            return msgspec.structs.replace(plugin, error=_one_line(error))
        fault = _strategy_fault(plugin.name, loaded) if plugin.group == STRATEGIES else ""
        return msgspec.structs.replace(plugin, loaded=None if fault else loaded, error=fault)

    def _imported(self, plugin: Plugin) -> Any:
        return self._import(plugin) if plugin.own else within(self._limit, lambda: self._import(plugin))

    def _import(self, plugin: Plugin) -> Any:
        if plugin.path:
            loaded = load_file(plugin.name, Path(plugin.path))
        else:
            loaded = self._entries[plugin.group][f"{plugin.name}={plugin.value}"].load()
        return loaded() if plugin.group == STRATEGIES and isinstance(loaded, type) else loaded


def summary_of(loaded: Any) -> str:
    """First line of a plugin's docstring, or ""."""
    kind = loaded if isinstance(loaded, type) or callable(loaded) else type(loaded)
    lines = str(kind.__doc__ or "").strip().splitlines()
    return printable(lines[0].strip()) if lines else ""


def _installed(group: str) -> Iterable[EntryPoint]:
    return entry_points(group=group)


def _distinct(entries: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """One of each; the same distribution may be found twice on the path."""
    return tuple(sorted({_key(entry): entry for entry in entries}.values(), key=_key))


def _key(entry: EntryPoint) -> str:
    return f"{entry.name}={entry.value}"


def _plugin(entry: EntryPoint, group: str) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    return Plugin(entry.name, group, entry.value, name, version)


def _files(folder: str) -> Iterable[Plugin]:
    for name, path in plugin_files(folder):
        yield Plugin(name, STRATEGIES, f"{PACKAGE}.{name}", path=str(path))


def _told_apart(plugins: list[Plugin]) -> tuple[Plugin, ...]:
    """Mark every plugin whose name another one has too; a built-in keeps its name."""
    found = []
    for plugin in sorted(plugins, key=lambda plugin: (plugin.name, plugin.value)):
        rivals = [other for other in plugins if other.name == plugin.name and other is not plugin]
        safe = not rivals or (plugin.own and not any(other.own for other in rivals))
        error = "" if safe else f"the name is taken by {', '.join(_origin(other) for other in rivals)}"
        found.append(msgspec.structs.replace(plugin, error=error))
    return tuple(found)


def _origin(plugin: Plugin) -> str:
    return plugin.path or f"{plugin.value} of {plugin.distribution or 'an unknown distribution'}"


def _strategy_fault(name: str, loaded: Any) -> str:
    """Say what keeps a loaded object from being a strategy, or ""."""
    protocol = getattr(loaded, "protocol", None)
    if protocol != PROTOCOL_VERSION:
        return f"is written for plugin protocol {protocol}, this is {PROTOCOL_VERSION}: install a version that fits"
    if not callable(getattr(loaded, "plan", None)):
        return "has no method plan(context, settings)"
    settings = getattr(loaded, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
        return "has no Settings class (a msgspec.Struct; NoSettings where there is nothing to set)"
    own_name = getattr(loaded, "name", None)
    if own_name != name:
        return f"calls itself {own_name!r}: name and entry point must agree"
    return _declared_fault(loaded)


def _declared_fault(loaded: Any) -> str:
    needs, changes = getattr(loaded, "needs", ()), getattr(loaded, "changes", CHANGES)
    if not (isinstance(needs, tuple) and all(isinstance(need, Need) and need.match in MATCHES for need in needs)):
        return f"has needs that are no tuple of Need, with match one of {', '.join(MATCHES)}"
    fits = isinstance(changes, tuple) and set(changes) <= set(CHANGES)
    return "" if fits else f"has changes other than {', '.join(CHANGES)}"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return printable(f"cannot be imported: {type(error).__name__}: {text}" if text else type(error).__name__)
