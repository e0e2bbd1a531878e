"""Manifests that a guard carries, and those of a ConfigMap."""

import asyncio
from typing import Any

import pytest

from desired.given import ConfigMapSource, InlineSource
from drift.cluster import Listed
from drift.core.reasons import Reason
from drift.source import DesiredState, Problem, SourceError
from tests.desired.fakes import FakeCluster

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"k": "1"}}
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def holder(version: str = "1", **data: str) -> dict[str, Any]:
    named = {key.replace("_", "."): text for key, text in data.items()}
    return {"metadata": {"name": "app", "namespace": "shop", "resourceVersion": version}, "data": named}


def cluster_with(*objects: dict[str, Any]) -> FakeCluster:
    return FakeCluster(*objects, kind="ConfigMap")


async def test_inline_objects_are_one_state() -> None:
    source = InlineSource([SETTINGS], name="shop", default_namespace="shop")
    (state,) = await source.load()
    assert isinstance(state, DesiredState)
    assert (state.source, state.hold, len(state.manifests)) == ("inline:shop", None, 1)
    revisions = source.follow()
    followed = await anext(revisions)
    assert isinstance(followed, DesiredState)
    assert followed.revision == state.revision
    assert await source.still_current(state) is None


async def test_the_revision_of_inline_objects_is_their_content() -> None:
    first, same, other = [
        (await InlineSource([body], name="a").load())[0]
        for body in (SETTINGS, dict(reversed(SETTINGS.items())), {**SETTINGS, "data": {"k": "2"}})
    ]
    assert isinstance(first, DesiredState)
    assert isinstance(same, DesiredState)
    assert isinstance(other, DesiredState)
    assert first.revision == same.revision != other.revision


async def test_an_inline_object_that_is_none_holds_the_others() -> None:
    (state,) = await InlineSource([SETTINGS, {"kind": "ConfigMap"}], name="a").load()
    assert isinstance(state, DesiredState)
    assert state.hold is not None
    assert state.hold.reason is Reason.DESIRED_PARTIAL


async def test_a_config_map_gives_all_that_ends_as_manifests_do() -> None:
    cluster = cluster_with(holder(b_yaml=MANIFEST % "b", a_json=MANIFEST % "a", README_md="no manifest"))
    (state,) = await ConfigMapSource(cluster, "shop", "app").load()
    assert isinstance(state, DesiredState)
    assert [manifest.ref.name for manifest in state.manifests] == ["a", "b"]
    assert state.source == "configmap:shop/app"


async def test_a_config_map_gives_one_key() -> None:
    cluster = cluster_with(holder(b_yaml=MANIFEST % "b", other=MANIFEST % "o"))
    (state,) = await ConfigMapSource(cluster, "shop", "app", key="other").load()
    assert isinstance(state, DesiredState)
    assert [manifest.ref.name for manifest in state.manifests] == ["o"]
    with pytest.raises(SourceError, match="has no key missing"):
        await ConfigMapSource(cluster, "shop", "app", key="missing").load()


async def test_a_config_map_that_is_not_there_or_empty_is_an_error() -> None:
    with pytest.raises(SourceError, match="is not there"):
        await ConfigMapSource(cluster_with(), "shop", "app").load()
    with pytest.raises(SourceError, match="holds no Kubernetes object"):
        await ConfigMapSource(cluster_with(holder()), "shop", "app").load()


async def test_changes_are_followed_and_what_cannot_be_read_freezes() -> None:
    cluster = cluster_with(holder(a_yaml=MANIFEST % "a"))
    source = ConfigMapSource(cluster, "shop", "app", clock=lambda: 7.0)
    revisions = source.follow()
    first = await anext(revisions)
    assert isinstance(first, DesiredState)

    cluster.put(holder("2", a_yaml=MANIFEST % "b"))
    second = await asyncio.wait_for(anext(revisions), 5)
    assert isinstance(second, DesiredState)
    assert [manifest.ref.name for manifest in second.manifests] == ["b"]
    assert second.former == first.manifests

    cluster.put(holder("3", a_yaml="a: ["))
    broken = await asyncio.wait_for(anext(revisions), 5)
    assert isinstance(broken, DesiredState)
    assert broken.hold is not None
    assert (broken.revision, broken.hold.since) == (second.revision, 7.0)

    cluster.remove(holder())
    gone = await asyncio.wait_for(anext(revisions), 5)
    assert isinstance(gone, DesiredState)
    assert gone.hold is not None
    assert "is not there" in gone.hold.message


async def test_one_that_never_was_there_is_a_problem() -> None:
    revision = await anext(ConfigMapSource(cluster_with(), "shop", "app").follow())
    assert isinstance(revision, Problem)


async def test_a_change_that_was_not_seen_yet_holds() -> None:
    cluster = cluster_with(holder(a_yaml=MANIFEST % "a"))
    source = ConfigMapSource(cluster, "shop", "app")
    (state,) = await source.load()
    assert isinstance(state, DesiredState)
    assert await source.still_current(state) is None
    cluster.put(holder("2", a_yaml=MANIFEST % "b"))
    hold = await source.still_current(state)
    assert hold is not None
    assert hold.reason is Reason.OLDER_REVISION
    cluster.down = True
    hold = await source.still_current(state)
    assert hold is not None
    assert hold.reason is Reason.STATE_UNKNOWN


async def test_an_event_that_says_nothing_of_it_is_passed_over() -> None:
    from tests.desired.fakes import silence

    cluster = cluster_with(holder(a_yaml=MANIFEST % "a"))
    revisions = ConfigMapSource(cluster, "shop", "app").follow()
    await anext(revisions)
    cluster.send(silence())
    cluster.send(Listed(cluster.items("shop"), "2"))
    assert isinstance(await asyncio.wait_for(anext(revisions), 5), DesiredState)
