"""Namespaces chosen by their labels: those made later too, and those that stop being chosen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from desired.chosen_namespaces import ChosenNamespaces
from drift.core.reasons import Reason
from drift.source import DesiredState, Empty, Hold, Problem, Removed, Revision, SourceError
from tests.desired.fakes import FakeCluster, silence


class Releases:
    """One release called web per namespace."""

    def __init__(self, namespace: str) -> None:
        self.name = f"helm:{namespace}/*"
        self._namespace = namespace

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        if self._namespace == "broken":
            raise SourceError("cannot be read")
        return (DesiredState(f"helm:{self._namespace}/web", "1", ()),)

    async def follow(self) -> AsyncIterator[Revision]:
        for state in await self.load():
            yield state
        await asyncio.Event().wait()

    async def still_current(self, state: DesiredState) -> Hold | None:
        return Hold(Reason.HELM_IN_FLIGHT, state.source)


def namespace(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": ""}}


def cluster_with(*names: str) -> FakeCluster:
    return FakeCluster(*(namespace(name) for name in names), kind="Namespace")


def chosen(cluster: FakeCluster) -> ChosenNamespaces:
    return ChosenNamespaces(cluster, "team=shop", Releases)


async def following(revisions: AsyncIterator[Revision]) -> Revision:
    return await asyncio.wait_for(anext(revisions), 5)


async def test_every_chosen_namespace_is_loaded() -> None:
    cluster = cluster_with("a", "b", "broken")
    found = await chosen(cluster).load()
    assert [getattr(item, "source", "") for item in found] == ["helm:a/web", "helm:b/web", "helm:broken/*"]
    assert cluster.requests == ["list namespaces  team=shop"]


async def test_namespaces_that_cannot_be_listed_are_an_error() -> None:
    cluster = cluster_with("a")
    cluster.down = True
    with pytest.raises(SourceError):
        await chosen(cluster).load()


async def test_a_namespace_that_comes_later_is_followed_and_one_that_goes_is_let_go() -> None:
    cluster = cluster_with("a")
    revisions = chosen(cluster).follow()
    first = await following(revisions)
    assert isinstance(first, DesiredState)
    assert first.source == "helm:a/web"

    cluster.put(namespace("b"))
    second = await following(revisions)
    assert isinstance(second, DesiredState)
    assert second.source == "helm:b/web"

    cluster.remove(namespace("a"))
    assert await following(revisions) == Removed("helm:a/web")


async def test_no_namespace_is_no_trouble() -> None:
    assert await following(chosen(cluster_with()).follow()) == Empty("namespaces:team=shop")


async def test_a_write_asks_the_namespace_s_own_source() -> None:
    source = chosen(cluster_with("a"))
    state = await following(source.follow())
    assert isinstance(state, DesiredState)
    hold = await source.still_current(state)
    assert hold is not None
    assert hold.reason is Reason.HELM_IN_FLIGHT


async def test_nothing_is_written_while_it_cannot_be_seen_which_are_chosen() -> None:
    cluster = cluster_with("a")
    source = chosen(cluster)
    revisions = source.follow()
    state = await following(revisions)
    assert isinstance(state, DesiredState)
    cluster.send(silence())
    assert isinstance(await following(revisions), Problem)
    hold = await source.still_current(state)
    assert hold is not None
    assert hold.reason is Reason.STATE_UNKNOWN


async def test_a_state_of_a_namespace_that_is_not_chosen_any_more_holds() -> None:
    hold = await chosen(cluster_with("a")).still_current(DesiredState("helm:a/web", "1", ()))
    assert hold is not None
    assert hold.reason is Reason.OLDER_REVISION
