"""Plugins by entry points: what is installed, where it comes from, and what is wrong with it.

Listing imports nothing; a plugin is imported when it is asked for. A broken plugin is a value with its error in one
line, never an exception for those who did not ask for it.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import msgspec

from drift.core.errors import PluginError, UsageError
from drift.core.redact import printable
from drift.strategy import PROTOCOL_VERSION, Strategy

__all__ = ["GROUPS", "NOTIFIERS", "OUTPUTS", "SOURCES", "STRATEGIES", "Plugin", "Registry", "summary_of"]

STRATEGIES = "drift.strategies"
SOURCES = "drift.sources"
OUTPUTS = "drift.outputs"
NOTIFIERS = "drift.notifiers"
GROUPS = (STRATEGIES, SOURCES, OUTPUTS, NOTIFIERS)
_OWN = "daytwo"
_WORDS = {STRATEGIES: "strategy", SOURCES: "source", OUTPUTS: "output", NOTIFIERS: "notifier"}


class Plugin(msgspec.Struct, frozen=True, eq=False):
    """One entry point. `loaded` is the object it names, once asked for; `error` says in one line what is wrong."""

    name: str
    group: str
    value: str
    distribution: str = ""
    version: str = ""
    loaded: Any = None
    error: str = ""

    def __str__(self) -> str:
        """`strategy revert (daytwo 0.1.0)`."""
        origin = f"{self.distribution} {self.version}".strip() or "unknown distribution"
        return f"{_WORDS.get(self.group, self.group)} {self.name} ({origin})"


class Registry:
    """What is installed now. Each plugin is imported at most once; `find` is handed in by tests."""

    def __init__(self, find: Callable[[str], Iterable[EntryPoint]] | None = None) -> None:
        self._find = find or _installed
        self._entries: dict[str, dict[str, EntryPoint]] = {}
        self._plugins: dict[str, tuple[Plugin, ...]] = {}

    def listed(self, group: str) -> tuple[Plugin, ...]:
        """Return the plugins of a group by name. Nothing is imported: only a name given twice is an error yet."""
        if group not in self._plugins:
            entries = _distinct(self._find(group))
            self._entries[group] = {_key(entry): entry for entry in entries}
            self._plugins[group] = tuple(_plugin(entry, group, entries) for entry in entries)
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
        entry = self._entries[plugin.group][f"{plugin.name}={plugin.value}"]
        try:
            loaded = entry.load()
            loaded = loaded() if plugin.group == STRATEGIES and isinstance(loaded, type) else loaded
        except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything, and harms only itself
            return msgspec.structs.replace(plugin, error=_one_line(error))
        fault = _strategy_fault(plugin.name, loaded) if plugin.group == STRATEGIES else ""
        return msgspec.structs.replace(plugin, loaded=None if fault else loaded, error=fault)


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


def _plugin(entry: EntryPoint, group: str, entries: Iterable[EntryPoint]) -> Plugin:
    rivals = [other for other in entries if other.name == entry.name and other is not entry]
    own = _distribution(entry) == _OWN and all(_distribution(other) != _OWN for other in rivals)
    error = "" if own or not rivals else f"the name is taken by {', '.join(_origin(other) for other in rivals)}"
    version = entry.dist.version if entry.dist else ""
    return Plugin(entry.name, group, entry.value, _distribution(entry), version, error=error)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else ""


def _origin(entry: EntryPoint) -> str:
    return f"{entry.value} of {_distribution(entry) or 'an unknown distribution'}"


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
    return "" if own_name == name else f"calls itself {own_name!r}: name and entry point must agree"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return printable(f"cannot be imported: {type(error).__name__}: {text}" if text else type(error).__name__)
