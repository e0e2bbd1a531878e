"""The status of a guard on a real API server: written once, taken away again, never for nothing."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from drift.controller.model import Guard
from drift.controller.standing import Standing
from drift.controller.status import Counts
from drift.controller.status_writer import StatusWriter
from drift.controller.validity import read_guard
from drift.core.errors import ForbiddenError
from drift.kube.client import KubeCluster, connect
from tests.controller.guards import guard
from tests.controller.test_standing import CLEAN, NOON, ONE, drift, drifted
from tests.controlplane import ControlPlane


@pytest.fixture
async def cluster(guarded: ControlPlane) -> AsyncIterator[KubeCluster]:
    async with await connect(str(guarded.admin_kubeconfig)) as connected:
        yield connected


def path(namespace: str, name: str = "") -> str:
    return f"/apis/daytwo.dev/v1alpha1/namespaces/{namespace}/driftguards/{name}".rstrip("/")


def stored(plane: ControlPlane, namespace: str) -> dict[str, Any]:
    body: dict[str, Any] = plane.request("GET", path(namespace, "shop"))
    return body


def made(plane: ControlPlane, namespace: str) -> Guard:
    return read_guard(plane.request("POST", path(namespace), guard("shop", namespace)))


async def test_what_is_new_is_written_and_nothing_else(
    cluster: KubeCluster, guarded: ControlPlane, namespace: str
) -> None:
    writer, found = StatusWriter(cluster), made(guarded, namespace)
    assert await writer.tell(found, drifted(drift("web", k9s=NOON)), NOON)
    before = stored(guarded, namespace)
    assert before["status"]["drifts"][0]["who"] == "k9s"
    assert not await writer.tell(found, drifted(drift("web", k9s=NOON)), ONE)
    assert stored(guarded, namespace)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert before["metadata"]["generation"] == 1


async def test_what_is_over_is_taken_away(cluster: KubeCluster, guarded: ControlPlane, namespace: str) -> None:
    writer, found = StatusWriter(cluster), made(guarded, namespace)
    await writer.tell(found, drifted(drift("web")), NOON)
    assert await writer.tell(found, CLEAN, ONE)
    status = stored(guarded, namespace)["status"]
    assert "drifts" not in status
    assert status["counts"]["drifted"] == 0
    assert [item["status"] for item in status["conditions"]] == ["True", "False", "False", "False", "False"]


async def test_a_restart_writes_nothing(cluster: KubeCluster, guarded: ControlPlane, namespace: str) -> None:
    await StatusWriter(cluster).tell(made(guarded, namespace), CLEAN, NOON)
    again = read_guard(stored(guarded, namespace))
    assert not await StatusWriter(cluster).tell(again, CLEAN, ONE)


async def test_a_guard_that_is_gone_is_nobody_to_tell(
    cluster: KubeCluster, guarded: ControlPlane, namespace: str
) -> None:
    found = made(guarded, namespace)
    guarded.request("DELETE", path(namespace, "shop"))
    assert not await StatusWriter(cluster).tell(found, CLEAN, NOON)


async def test_the_rights_to_the_status_are_enough_and_needed(guarded: ControlPlane, namespace: str) -> None:
    found = made(guarded, namespace)
    rule = {"apiGroups": ["daytwo.dev"], "resources": ["driftguards/status"], "verbs": ["patch"]}
    reader = {"apiGroups": ["daytwo.dev"], "resources": ["driftguards"], "verbs": ["get"]}
    for name, rules in (("teller", [rule]), ("reader", [reader])):
        config = guarded.kubeconfig_for_rules(f"{name}-{namespace}", rules, namespace)
        async with await connect(str(config)) as cluster:
            if name == "teller":
                assert await StatusWriter(cluster).tell(found, CLEAN, NOON)
                continue
            with pytest.raises(ForbiddenError):
                await StatusWriter(cluster).tell(found, drifted(drift("web")), NOON)


async def test_every_word_of_a_status_is_one_that_the_server_takes(
    cluster: KubeCluster, guarded: ControlPlane, namespace: str
) -> None:
    writer, found = StatusWriter(cluster), made(guarded, namespace)
    for standing in (
        Standing(generation=1),
        Standing(generation=1, suspended=True),
        Standing(generation=1, stalled="spec.mode: no such mode"),
        msgspec.structs.replace(CLEAN, trouble="no release"),
        msgspec.structs.replace(CLEAN, counts=Counts(sources=1, objects=9, unknown=9), revision="7", last_audit=NOON),
        drifted(*(drift(f"web-{number}") for number in range(25))),
    ):
        assert await writer.tell(found, standing, NOON)
    assert stored(guarded, namespace)["status"]["moreDrifts"] == 15
