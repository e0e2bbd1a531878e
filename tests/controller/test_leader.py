"""Leader election on a real API server, with clocks of our own: never two leaders."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from drift.cluster import Cluster
from drift.controller.leader import Elector, Term, new_identity, since_boot
from drift.core.errors import NotLeaderError
from drift.core.objects import ObjectRef
from drift.kube.client import KubeCluster, connect
from tests.controlplane import ControlPlane
from tests.desired.fakes import FakeCluster


class Time:
    """The time that passes for everybody."""

    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
async def cluster(plane: ControlPlane) -> AsyncIterator[KubeCluster]:
    async with await connect(str(plane.admin_kubeconfig)) as connected:
        yield connected


@pytest.fixture
def time() -> Time:
    return Time()


def elector(cluster: Cluster, namespace: str, time: Time, name: str = "", ahead: float = 0.0) -> Elector:
    return Elector(cluster, Term(namespace=namespace), name, (lambda: time.now + ahead,))


def lease(plane: ControlPlane, namespace: str) -> dict[str, Any]:
    body: dict[str, Any] = plane.request("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/daytwo")
    return body


async def test_the_first_leads_and_the_lease_says_so(
    cluster: KubeCluster, plane: ControlPlane, namespace: str, time: Time
) -> None:
    one, two = elector(cluster, namespace, time, "one"), elector(cluster, namespace, time, "two")
    assert await one.step()
    assert not await two.step()
    assert await one.step()
    spec = lease(plane, namespace)["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("one", 15, 1)
    assert spec["acquireTime"] < spec["renewTime"]


async def test_a_leader_that_stands_still_stops_writing_before_another_may(
    cluster: KubeCluster, namespace: str, time: Time
) -> None:
    one, two = elector(cluster, namespace, time), elector(cluster, namespace, time, ahead=5000.0)
    await one.step()
    await two.step()
    time.now += 9.9
    assert one.may_write()
    time.now += 0.1
    assert not one.may_write()
    time.now += 4.9
    assert not await two.step()
    time.now += 0.1
    assert await two.step()
    assert not await one.step()  # woken: it sees who leads now


async def test_a_leader_that_was_away_for_a_moment_goes_on(cluster: KubeCluster, namespace: str, time: Time) -> None:
    one, two = elector(cluster, namespace, time), elector(cluster, namespace, time)
    await one.step()
    await two.step()
    time.now += 12.0
    assert not one.may_write()
    assert await one.step()
    time.now += 4.0
    assert not await two.step()  # 16 s after it looked first, but the Lease has changed meanwhile


async def test_a_leader_that_leaves_lets_the_next_one_in_at_once(
    cluster: KubeCluster, plane: ControlPlane, namespace: str, time: Time
) -> None:
    one, two = elector(cluster, namespace, time), elector(cluster, namespace, time)
    await one.step()
    assert not await two.step()
    await one.release()
    assert not one.may_write()
    assert lease(plane, namespace)["spec"]["holderIdentity"] == ""
    assert await two.step()


async def test_who_does_not_lead_takes_nothing_away_by_leaving(
    cluster: KubeCluster, plane: ControlPlane, namespace: str, time: Time
) -> None:
    one, two = elector(cluster, namespace, time, "one"), elector(cluster, namespace, time, "two")
    await one.step()
    await two.step()
    await two.release()
    time.now += 20.0
    await one.release()  # its time is over: the Lease may be another's
    assert lease(plane, namespace)["spec"]["holderIdentity"] == "one"


async def test_of_many_that_begin_at_once_one_leads(cluster: KubeCluster, namespace: str, time: Time) -> None:
    electors = [elector(cluster, namespace, time) for _ in range(8)]
    for _ in range(3):
        assert sum(await asyncio.gather(*(one.step() for one in electors))) == 1
        time.now += 16.0  # everybody finds it expired
        assert sum(one.may_write() for one in electors) == 0


@pytest.mark.parametrize("seed", range(4))
async def test_there_never_are_two(cluster: KubeCluster, namespace: str, time: Time, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a game of chance, not a secret
    electors = [elector(cluster, namespace, time, ahead=chance.uniform(-1e6, 1e6)) for _ in range(3)]
    led = set()
    for _ in range(120):
        time.now += chance.choice((0.1, 1.0, 4.0, 9.0, 16.0))
        awake = chance.sample(electors, chance.randint(1, 3))
        await asyncio.gather(*(one.step() for one in awake))
        if chance.random() < 0.1:
            await chance.choice(electors).release()
        leading = [one.identity for one in electors if one.may_write()]
        assert len(leading) <= 1
        led |= set(leading)
    assert len(led) > 1


async def test_a_wall_clock_that_jumps_ends_a_leadership_and_begins_none(
    cluster: KubeCluster, namespace: str, time: Time
) -> None:
    wall = Time()
    clocks = (lambda: time.now, lambda: wall.now)
    one, two = (Elector(cluster, Term(namespace=namespace), clocks=clocks) for _ in range(2))
    await one.step()
    await two.step()
    wall.now += 3600.0
    assert not one.may_write()
    assert not await two.step()
    assert await one.step()


async def test_the_lease_does_not_grow_with_its_holders(
    cluster: KubeCluster, plane: ControlPlane, namespace: str, time: Time
) -> None:
    for _ in range(5):
        one = elector(cluster, namespace, time)
        assert await one.step()
        await one.release()
    assert len(lease(plane, namespace)["metadata"].get("managedFields", ())) <= 2


async def test_without_an_answer_a_leader_stops_in_time_and_says_why(time: Time) -> None:
    away = FakeCluster()
    away.down = True
    one = elector(away, "shop", time)
    one._renewed = (time.now,)
    time.now += 9.0
    assert await one.step()
    time.now += 1.0
    assert not await one.step()
    assert one.error == "connection refused"


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    class Silent(FakeCluster):
        async def get(self, *_: Any, **__: Any) -> bytes:
            await asyncio.Event().wait()
            return b""

    term = Term(namespace="shop", renew_within=0.02)
    one = Elector(Silent(), term)
    assert not await asyncio.wait_for(one.step(), 5)
    assert "no answer within" in one.error


async def test_nothing_is_sent_by_who_does_not_lead(
    cluster: KubeCluster, plane: ControlPlane, namespace: str, time: Time
) -> None:
    one = elector(cluster, namespace, time)
    ref = ObjectRef("", "ConfigMap", namespace, "a")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}
    async with await connect(str(plane.admin_kubeconfig)) as fenced:
        fenced.fence_writes(one.fence)
        with pytest.raises(NotLeaderError, match="this process does not lead"):
            await fenced.apply(body, ref, manager="daytwo", force=True)
        await fenced.apply(body, ref, manager="daytwo", force=True, dry_run=True)
        await one.step()
        await fenced.apply(body, ref, manager="daytwo", force=True)
        time.now += 10.0
        with pytest.raises(NotLeaderError):
            await fenced.patch(ref, [{"op": "add", "path": "/data", "value": {}}], manager="daytwo")
        with pytest.raises(NotLeaderError):
            await fenced.delete(ref, uid="1", resource_version="1")
        await fenced.get(ref)


async def test_an_elector_that_is_cancelled_hands_over(
    cluster: KubeCluster, plane: ControlPlane, namespace: str
) -> None:
    one, changes = Elector(cluster, Term(namespace=namespace, retry=0.01)), asyncio.Queue[bool]()
    one.on_change(changes.put_nowait)
    task = asyncio.create_task(one.run())
    assert await asyncio.wait_for(changes.get(), 10) is True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(changes.get(), 10) is False
    assert lease(plane, namespace)["spec"]["holderIdentity"] == ""


def test_no_two_processes_have_one_identity() -> None:
    assert new_identity() != new_identity()


def test_the_clock_goes_on() -> None:
    assert since_boot() <= since_boot()
