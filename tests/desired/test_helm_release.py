"""Releases from storage: listed once, followed, fenced."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from desired.helm_release import HelmReleaseSource
from drift.cluster import Fresh, Listed, Stale, WatchEvent
from drift.core.objects import Resource
from drift.core.reasons import Reason
from drift.source import DesiredState, Hold, Problem, Removed, Revision, SourceError
from tests.desired.fakes import FakeCluster, config_map, payload, raw, silence, stored


def source(cluster: FakeCluster, **options: Any) -> HelmReleaseSource:
    return HelmReleaseSource(cluster, **{"clock": lambda: 1060.0, **options})


async def states(cluster: FakeCluster, **options: Any) -> dict[str, DesiredState]:
    found = await source(cluster, **options).load()
    assert all(isinstance(one, DesiredState) for one in found)
    return {one.source: one for one in found if isinstance(one, DesiredState)}


async def test_load_lists_once_and_yields_one_state_per_release() -> None:
    cluster = FakeCluster(
        stored("web", 1, "superseded"),
        stored("web", 2, "deployed"),
        stored("db", 1, "deployed", namespace="data"),
        stored("old", 1, "uninstalled"),
        {"metadata": {"name": "other", "namespace": "shop", "labels": {"owner": "helm"}}},
    )
    found = await states(cluster)
    assert sorted(found) == ["helm:data/db", "helm:shop/web"]
    assert found["helm:shop/web"].sequence == 2
    assert cluster.requests == ["list secrets  owner=helm"]


async def test_name_and_selector_go_to_the_server() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    await states(cluster, name="web", label_selector="team=a", namespaces=("shop",))
    assert cluster.requests == ["list secrets shop owner=helm,name=web,team=a"]
    with pytest.raises(SourceError, match="no installed Helm release web in data"):
        await states(cluster, name="web", namespaces=("data",))


async def test_a_release_may_be_stored_in_config_maps() -> None:
    body = stored("web", 1, "deployed")
    body["data"]["release"] = payload("web", 1, "deployed").decode()
    found = await states(FakeCluster(body, kind="ConfigMap"), storage="configmap")
    assert len(found["helm:shop/web"].manifests) == 1


async def test_a_namespace_that_may_not_be_read_hides_no_other() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    cluster.forbidden.add("data")
    found = await source(cluster, namespaces=("data", "shop")).load()
    assert [type(one) for one in found] == [Problem, DesiredState]
    cluster.down = True
    with pytest.raises(SourceError, match="may not list"):
        await source(cluster).load()


async def test_a_damaged_payload_holds_its_release_and_no_other() -> None:
    bad = stored("web", 1, "deployed")
    bad["data"]["release"] = "aHVudGVyMg=="
    found = await states(FakeCluster(bad, stored("db", 1, "deployed")))
    state = found["helm:shop/web"]
    assert state.manifests == ()
    assert state.hold is not None
    assert state.hold.reason is Reason.SOURCE_FAILED
    assert state.problems[0].message.startswith("Secret shop/sh.helm.release.v1.web.v1: the payload")
    assert found["helm:shop/db"].hold is None


async def test_a_payload_of_another_revision_is_refused() -> None:
    body = stored("web", 2, "deployed")
    body["data"] = stored("web", 1, "deployed")["data"]
    state = (await states(FakeCluster(body)))["helm:shop/web"]
    assert state.hold is not None
    assert "another release or revision" in state.hold.message


async def fence(cluster: FakeCluster, change: dict[str, Any] | None, **options: Any) -> Hold | None:
    origin = source(cluster, **options)
    (state,) = await origin.load()
    assert isinstance(state, DesiredState)
    if change:
        cluster.put(change)
    cluster.requests.clear()
    return await origin.still_current(state)


async def test_the_fence_reads_metadata_of_two_revisions() -> None:
    cluster = FakeCluster(stored("web", 2, "deployed"))
    assert await fence(cluster, None) is None
    assert sorted(cluster.requests) == [
        "get Secret shop/sh.helm.release.v1.web.v2 True",
        "get Secret shop/sh.helm.release.v1.web.v3 True",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (stored("web", 3, "pending-upgrade"), Reason.HELM_IN_FLIGHT),
        (stored("web", 3, "deployed"), Reason.OLDER_REVISION),
        (stored("web", 2, "superseded"), Reason.OLDER_REVISION),
        (stored("web", 2, "uninstalling"), Reason.HELM_IN_FLIGHT),
    ],
)
async def test_the_fence_sees_what_helm_began(change: dict[str, Any], reason: Reason) -> None:
    hold = await fence(FakeCluster(stored("web", 2, "deployed")), change)
    assert hold is not None
    assert hold.reason is reason


async def test_the_fence_behind_a_failed_revision_watches_that_one_too() -> None:
    def cluster() -> FakeCluster:
        return FakeCluster(stored("web", 2, "deployed"), stored("web", 3, "failed"))

    assert await fence(cluster(), None, on_failed="deployed") is None
    uninstalling = await fence(cluster(), stored("web", 3, "uninstalling"), on_failed="deployed")
    assert uninstalling is not None
    newer = await fence(cluster(), stored("web", 4, "pending-upgrade"), on_failed="deployed")
    assert newer is not None


async def test_the_fence_closes_when_it_cannot_look() -> None:
    cluster = FakeCluster(stored("web", 2, "deployed"))
    origin = source(cluster)
    (state,) = await origin.load()
    assert isinstance(state, DesiredState)
    cluster.down = True
    hold = await origin.still_current(state)
    assert hold is not None
    assert hold.reason is Reason.STATE_UNKNOWN


async def following(cluster: FakeCluster, **options: Any) -> AsyncIterator[Revision]:
    async with asyncio.timeout(10):
        async for revision in source(cluster, **options).follow():
            yield revision


async def next_state(stream: AsyncIterator[Revision]) -> DesiredState:
    revision = await anext(stream)
    assert isinstance(revision, DesiredState)
    return revision


async def test_follow_goes_along_with_an_upgrade_and_an_uninstall() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    stream = following(cluster)
    first = await next_state(stream)
    assert first.sequence == 1
    cluster.put(stored("web", 2, "pending-upgrade"))
    held = await next_state(stream)
    assert held.hold is not None
    assert held.hold.reason is Reason.HELM_IN_FLIGHT
    assert [m.body["data"] for m in held.manifests] == [{"k": "1"}]
    # Between the two writes of a finished upgrade no revision is deployed: objects stay known, held.
    cluster.put(stored("web", 1, "superseded"))
    cluster.put(stored("web", 2, "deployed"))
    second = await next_state(stream)
    assert second.sequence == 2
    assert second.hold is None
    assert [m.body["data"] for m in second.manifests] == [{"k": "2"}]
    assert [m.body["data"] for m in second.former] == [{"k": "1"}]
    cluster.put(stored("web", 2, "uninstalling"))
    assert (await next_state(stream)).hold is not None
    cluster.remove(stored("web", 1, "superseded"))
    cluster.remove(stored("web", 2, "uninstalling"))
    assert await anext(stream) == Removed("helm:shop/web")


async def test_follow_says_that_the_release_is_not_there_and_waits_for_it() -> None:
    cluster = FakeCluster()
    stream = following(cluster, name="web", namespaces=("shop", "data"))
    problem = await anext(stream)
    assert isinstance(problem, Problem)
    assert "no installed Helm release web in shop or data" in problem.message
    cluster.put(stored("web", 1, "deployed"))
    assert (await next_state(stream)).sequence == 1


async def test_follow_says_once_why_it_has_not_seen_anything() -> None:
    class Closed(FakeCluster):
        async def follow(self, resource: Resource, namespace: str = "", **selectors: str) -> AsyncIterator[WatchEvent]:
            for _ in range(3):
                yield Stale("list secrets: nobody may not", Reason.FORBIDDEN)
            async for event in super().follow(resource, namespace, **selectors):
                yield event

    stream = following(Closed(stored("web", 1, "deployed")))
    assert await anext(stream) == Problem("helm:*", "list secrets: nobody may not", Reason.FORBIDDEN)
    assert (await next_state(stream)).sequence == 1


async def test_follow_keeps_history_apart_from_removal() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    stream = following(cluster)
    await anext(stream)
    cluster.put(stored("web", 1, "uninstalled"))
    assert await anext(stream) == Removed("helm:shop/web")
    cluster.put(stored("web", 2, "deployed"))
    assert (await next_state(stream)).sequence == 2


async def test_a_pending_operation_becomes_stuck_by_time_alone() -> None:
    now = [1000.0]
    cluster = FakeCluster(stored("web", 1, "deployed"), stored("web", 2, "pending-upgrade", created=1000))
    stream = following(cluster, clock=lambda: now[0], stuck_after=0.05)
    held = await next_state(stream)
    assert held.hold is not None
    assert held.hold.reason is Reason.HELM_IN_FLIGHT
    now[0] = 1001.0
    stuck = await next_state(stream)
    assert stuck.hold is not None
    assert stuck.hold.reason is Reason.HELM_STUCK


async def test_an_uninstall_begins_when_it_is_written_not_when_helm_4_says_it_was_modified() -> None:
    body = stored("web", 1, "uninstalling", created=1000)
    body["metadata"]["labels"]["modifiedAt"] = "1001"
    body["metadata"]["managedFields"] = [{"manager": "helm", "time": "1970-01-01T01:00:00Z"}]
    (state,) = (await states(FakeCluster(stored("web", 1, "deployed"), body), clock=lambda: 3610.0)).values()
    assert state.hold is not None
    assert state.hold.reason is Reason.HELM_IN_FLIGHT
    assert "since 1970-01-01T01:00:00Z" in state.hold.message


async def test_a_silent_watch_holds_every_release_until_it_speaks_again() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    stream = following(cluster, stale_after=0.02)
    await anext(stream)
    cluster.send(silence())
    held = await next_state(stream)
    assert held.hold is not None
    assert held.hold.reason is Reason.STATE_UNKNOWN
    assert len(held.manifests) == 1
    cluster.send(Fresh("2"))
    assert (await next_state(stream)).hold is None


async def test_a_short_silence_is_no_news() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    stream = following(cluster, stale_after=60)
    await anext(stream)
    cluster.send(silence())
    cluster.send(Fresh("2"))
    cluster.put(stored("web", 1, "deployed", manifest=config_map("web", "new")))
    assert (await next_state(stream)).manifests[0].body["data"] == {"k": "new"}


async def test_a_new_list_removes_what_it_does_not_have() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"), stored("db", 1, "deployed"))
    stream = following(cluster)
    await anext(stream)
    await anext(stream)
    cluster.send(Listed((raw(stored("web", 1, "deployed")),), "2"))
    assert await anext(stream) == Removed("helm:shop/db")


async def test_damage_that_comes_later_keeps_the_objects_known() -> None:
    cluster = FakeCluster(stored("web", 1, "deployed"))
    stream = following(cluster)
    await anext(stream)
    bad = stored("web", 1, "deployed")
    bad["data"]["release"] = "x"
    cluster.put(bad)
    held = await next_state(stream)
    assert held.hold is not None
    assert held.hold.reason is Reason.SOURCE_FAILED
    assert len(held.manifests) == 1


async def test_payloads_that_nobody_needs_are_let_go() -> None:
    from desired.helm_history import Policy
    from desired.helm_storage import StoredRelease, read_stored

    objects = [stored("web", n, "superseded") for n in range(1, 9)] + [stored("web", 9, "deployed")]
    found = [one for body in objects if (one := read_stored(raw(body)))]
    release = StoredRelease(found[0].key)
    for one in found:
        release.put(one)
    release.revise(0, Policy())
    assert sorted(v for v, one in release._revisions.items() if one.payload) == [8, 9]
