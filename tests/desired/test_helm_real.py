"""What the real Helm 3 and Helm 4 store on a real API server is read as what they applied."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desired.helm_release import HelmReleaseSource
from drift.core.reasons import Reason
from drift.source import DesiredState, Hold
from tests.controlplane.helm import Helm, HelmError
from tests.controlplane.plane import ControlPlane, find_tools
from tests.desired.charts import CRD, HOOK, write_chart
from tests.desired.fakes import FakeCluster

pytestmark = pytest.mark.cluster

CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
  labels: {empty: null, app.kubernetes.io/managed-by: me}
  annotations: {none: null}
data:
  k: v
  k: {{ .Values.replicas | quote }}
"""
SLEEPER = """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: {{ .Values.app | default "web" }}}}
    spec: {containers: [{name: web, image: nginx}]}
"""


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, plane: ControlPlane) -> Helm:
    return Helm(find_tools() / request.param, plane.admin_kubeconfig)


@pytest.fixture
def namespace(plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    name = f"ns-{abs(hash(request.node.nodeid)) % 10**8}"
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


def source(plane: ControlPlane, namespace: str, storage: str = "secret", **options: Any) -> HelmReleaseSource:
    """A source on a copy of what is stored now."""
    kind = {"secret": "Secret", "configmap": "ConfigMap"}[storage]
    path = f"/api/v1/namespaces/{namespace}/{kind.lower()}s?labelSelector=owner%3Dhelm"
    cluster = FakeCluster(*plane.request("GET", path)["items"], kind=kind)
    return HelmReleaseSource(cluster, namespaces=(namespace,), storage=storage, **options)  # type: ignore[arg-type]


async def load(plane: ControlPlane, namespace: str, storage: str = "secret", **options: Any) -> DesiredState:
    (state,) = await source(plane, namespace, storage, **options).load()
    assert isinstance(state, DesiredState)
    return state


async def hold(plane: ControlPlane, namespace: str, **options: Any) -> Hold:
    state = await load(plane, namespace, **options)
    assert state.hold is not None
    return state.hold


def version_of(helm: Helm) -> str:
    return helm._binary.name


async def test_the_stored_manifest_is_what_lives(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path, {"config.yaml": CONFIG, "hook.yaml": HOOK})
    helm.install("web", chart, namespace=namespace)
    helm.upgrade("web", chart, "--set=replicas=2", namespace=namespace)
    state = await load(plane, namespace)
    (desired,) = state.manifests
    live = plane.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/web-config")
    assert desired.body["data"] == live["data"] == {"k": "2"}
    for field in ("labels", "annotations", "namespace", "name"):
        assert desired.body["metadata"][field] == live["metadata"][field]
    assert [one.body["data"] for one in state.former] == [{"k": "1"}]
    assert (state.sequence, state.hold, state.problems) == (2, None, ())
    assert state.manager == {"helm3": "daytwo", "helm4": "helm"}[version_of(helm)]
    assert desired.provenance.file == "app/templates/config.yaml"
    assert await source(plane, namespace).still_current(state) is None
    helm.rollback("web", 1, namespace=namespace)
    assert (await load(plane, namespace)).sequence == 3
    assert await source(plane, namespace).still_current(state) is not None


async def test_a_killed_upgrade_is_held_and_named(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path, {"web.yaml": SLEEPER})
    helm.install("web", chart, namespace=namespace)
    upgrade = helm.start("upgrade", "web", str(chart), "--wait", "--timeout=60s", namespace=namespace)
    deadline = time.monotonic() + 30
    while (await load(plane, namespace)).hold is None:
        assert time.monotonic() < deadline
    upgrade.kill()
    upgrade.communicate()
    held = await hold(plane, namespace)
    assert held.reason is Reason.HELM_IN_FLIGHT
    assert f"web -n {namespace}: revision 2 is pending-upgrade since 20" in held.message
    stuck = await hold(plane, namespace, clock=lambda: time.time() + 3600)
    assert stuck.reason is Reason.HELM_STUCK
    assert stuck.message.endswith(f"helm rollback web 1 -n {namespace}")
    helm.rollback("web", 1, namespace=namespace)
    assert (await load(plane, namespace)).hold is None


async def test_a_failed_upgrade_is_held_or_repaired_to_the_last_deployed(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    chart = write_chart(tmp_path, {"web.yaml": SLEEPER})
    helm.install("web", chart, namespace=namespace)
    with pytest.raises(HelmError):
        helm.upgrade("web", chart, "--set=app=other", namespace=namespace)
    assert (await hold(plane, namespace)).reason is Reason.HELM_FAILED
    state = await load(plane, namespace, on_failed="deployed")
    assert (state.sequence, state.hold) == (1, None)
    origin = source(plane, namespace, on_failed="deployed")
    (state,) = await origin.load()  # type: ignore[assignment]
    assert await origin.still_current(state) is None


async def test_a_kept_history_is_no_release(plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"config.yaml": CONFIG, "crds/widgets.yaml": CRD})
    helm.install("web", chart, "--skip-crds", namespace=namespace)
    helm.uninstall("web", "--keep-history", namespace=namespace)
    assert await source(plane, namespace).load() == ()


async def test_config_map_storage(plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path) -> None:
    helm._environment["HELM_DRIVER"] = "configmap"
    helm.install("web", write_chart(tmp_path, {"config.yaml": CONFIG}), namespace=namespace)
    state = await load(plane, namespace, "configmap")
    assert len(state.manifests) == 1
    assert await source(plane, namespace, "configmap").still_current(state) is None
