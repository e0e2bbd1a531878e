"""Plugins: found without importing, checked when asked for, and a broken one harms only itself."""

import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import msgspec
import pytest

from drift.core.errors import PluginError, UsageError
from drift.registry import OUTPUTS, STRATEGIES, Registry, summary_of


class Settings(msgspec.Struct, frozen=True):
    wait: int = 3


class Good:
    """Does good.

    And more.
    """

    name: ClassVar[str] = "good"
    protocol: ClassVar[int] = 1
    Settings: ClassVar[type[msgspec.Struct]] = Settings

    def plan(self, context: object, settings: object) -> object:
        return (context, settings)


class FromTheFuture(Good):
    name = "future"
    protocol = 2


class Planless:
    name = "planless"
    protocol = 1
    Settings = Settings


class Misnamed(Good):
    name = "other"


class Unsettled(Good):
    name = "unsettled"
    Settings: ClassVar[Any] = dict


class Stubborn(Good):
    def __init__(self) -> None:
        raise SystemExit(3)


class FakeDistribution(Distribution):
    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        return "1.2"

    def read_text(self, filename: str) -> str | None:
        del filename
        return None

    def locate_file(self, path: Any) -> Any:
        return path


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("fake_plugins")
    for kind in (Good, FromTheFuture, Planless, Misnamed, Unsettled, Stubborn):
        setattr(fake, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "fake_plugins", fake)


def entry(name: str, value: str, distribution: str = "acme") -> EntryPoint:
    point = EntryPoint(name, f"fake_plugins:{value}" if ":" not in value else value, STRATEGIES)
    vars(point)["dist"] = FakeDistribution(distribution)
    return point


def registry(*entries: EntryPoint) -> Registry:
    def find(group: str) -> Iterable[EntryPoint]:
        return entries if group == STRATEGIES else ()

    return Registry(find)


def test_a_strategy_is_loaded_by_name() -> None:
    strategy: Any = registry(entry("good", "Good")).strategy("good")
    assert isinstance(strategy, Good)
    assert strategy.plan(1, 2) == (1, 2)
    assert summary_of(strategy) == "Does good."


def test_listing_imports_nothing() -> None:
    (plugin,) = registry(entry("bad", "no_such_module:X")).listed(STRATEGIES)
    assert (plugin.name, plugin.error, plugin.loaded) == ("bad", "", None)


def test_a_broken_plugin_does_not_hide_the_others() -> None:
    found = registry(entry("good", "Good"), entry("bad", "no_such_module:X")).loaded(STRATEGIES)
    assert [(plugin.name, bool(plugin.error)) for plugin in found] == [("bad", True), ("good", False)]
    assert found[0].error == "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("future", "FromTheFuture", "is written for plugin protocol 2, this is 1"),
        ("planless", "Planless", "has no method plan"),
        ("misnamed", "Misnamed", "calls itself 'other'"),
        ("unsettled", "Unsettled", "has no Settings class"),
        ("stubborn", "Stubborn", "cannot be imported: SystemExit: 3"),
        ("absent", "NoSuchClass", "cannot be imported: AttributeError"),
    ],
)
def test_a_plugin_that_does_not_fit_is_named_with_its_distribution(name: str, value: str, error: str) -> None:
    with pytest.raises(PluginError) as raised:
        registry(entry(name, value)).strategy(name)
    assert str(raised.value).startswith(f"strategy {name} (acme 1.2): {error}")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no strategy is called 'bett': known are best, good"):
        registry(entry("good", "Good"), entry("best", "Good")).strategy("bett")


def test_nobody_takes_the_name_of_a_built_in() -> None:
    both = registry(entry("good", "Misnamed", "acme"), entry("good", "Good", "daytwo"))
    chosen: Any = both.strategy("good")
    assert isinstance(chosen, Good)
    errors = [plugin.error for plugin in both.listed(STRATEGIES) if plugin.distribution == "acme"]
    assert errors == ["the name is taken by fake_plugins:Good of daytwo"]


def test_two_strangers_with_one_name_are_both_refused() -> None:
    both = registry(entry("good", "Good", "acme"), entry("good", "Misnamed", "umbrella"))
    with pytest.raises(PluginError, match="the name is taken by"):
        both.strategy("good")


def test_the_same_distribution_found_twice_is_one_plugin() -> None:
    assert len(registry(entry("good", "Good"), entry("good", "Good")).listed(STRATEGIES)) == 1


def test_a_group_without_plugins_is_empty() -> None:
    assert registry().loaded(OUTPUTS) == ()
    with pytest.raises(UsageError, match="no output is called 'x': known are none"):
        registry().get(OUTPUTS, "x")
