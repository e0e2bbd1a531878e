"""Repairs that other tools get wrong: done where no data is lost, else refused once, with one clear reason."""

from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from drift.engine.records import Repaired
from tests.controlplane import Helm
from tests.engine.charts import chart_of
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, edit
from tests.waiting import until

Object = dict[str, Any]


def config_map(name: str = "web", **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}, **fields}


def deployment(container: Object | None = None, **spec: Any) -> Object:
    pod = {"containers": [{"name": "web", "image": "example.invalid/web", **(container or {})}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    body = {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": body}


def service(**spec: Any) -> Object:
    body = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": body}


def ref(namespace: str, kind: str, group: str = "", name: str = "web") -> ObjectRef:
    return ObjectRef(group, kind, namespace, name)


class Release:
    """An installed chart and how to change it."""

    def __init__(self, helm: Helm, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self._helm = helm
        self._folder = folder

    def install(self, *objects: Object) -> None:
        self._helm.install("web", chart_of(self._folder, *objects), namespace=self.namespace)

    def upgrade(self, *objects: Object) -> None:
        self._helm.upgrade("web", chart_of(self._folder, *objects), namespace=self.namespace)


@pytest.fixture
def release(helm: Helm, namespace: str, folder: Path) -> Release:
    return Release(helm, namespace, folder)


def in_sync(guard: Guard) -> bool:
    return guard.report().sentence.startswith("In sync")


# What makes a plain apply of the desired body invalid: (object, edit, upgraded object)
PROBE = {"readinessProbe": {"httpGet": {"path": "/", "port": 80}}}
CONTAINER = "/spec/template/spec/containers/0"
VOLUMES = "/spec/template/spec/volumes"
SETTINGS = [{"name": "v", "configMap": {"name": "web"}}]
CLASHES = {
    "port number": (
        service(),
        [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}],
        service(ports=[{"name": "http", "port": 82}]),
    ),
    "port name and number": (
        service(ports=[{"name": "http", "port": 80}, {"name": "admin", "port": 90}]),
        [{"op": "replace", "path": "/spec/ports", "value": [{"name": "http", "port": 90}, {"name": "x", "port": 80}]}],
        service(ports=[{"name": "admin", "port": 80}]),
    ),
    "probe type": (
        deployment(PROBE),
        [{"op": "replace", "path": f"{CONTAINER}/readinessProbe", "value": {"tcpSocket": {"port": 80}}}],
        deployment({"readinessProbe": {"exec": {"command": ["true"]}}}),
    ),
    "volume type": (
        deployment() | {"spec": {**deployment()["spec"], "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {**deployment()["spec"]["template"]["spec"], "volumes": SETTINGS}}}},
        [{"op": "replace", "path": f"{VOLUMES}/0", "value": {"name": "v", "emptyDir": {}}}],
        deployment(),
    ),
    "update strategy": (
        deployment(strategy={"type": "Recreate"}),
        [{"op": "replace", "path": "/spec/strategy", "value": {"type": "RollingUpdate"}}],
        deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}),
    ),
    "requests above limits": (
        deployment({"resources": {"limits": {"memory": "64Mi"}}}),
        [{"op": "replace", "path": f"{CONTAINER}/resources",
          "value": {"limits": {"memory": "2Gi"}, "requests": {"memory": "1Gi"}}}],
        deployment({"resources": {"limits": {"memory": "32Mi"}, "requests": {"memory": "1Mi"}}}),
    ),
    "value and source": (
        deployment({"env": [{"name": "A", "value": "b"}]}),
        [{"op": "replace", "path": f"{CONTAINER}/env/0",
          "value": {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}}],
        deployment({"env": [{"name": "A", "value": "c"}]}),
    ),
    "container renamed": (
        deployment(),
        [{"op": "replace", "path": f"{CONTAINER}/name", "value": "evil"}],
        deployment({"image": "example.invalid/web:2"}),
    ),
    "service type": (
        service(),
        [{"op": "replace", "path": "/spec", "value": {"type": "ExternalName", "externalName": "example.invalid"}}],
        service(type="NodePort"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLASHES)
def test_edit_that_makes_desired_inapplicable_is_reverted_and_upgradable(
    guard: GuardMaker, release: Release, case: str
) -> None:
    before, change, after = CLASHES[case]
    release.install(before)
    running = guard()
    web = ref(release.namespace, before["kind"], "apps" if before["kind"] == "Deployment" else "")
    spec, mark = running.live(web)["spec"], running.mark()
    edit(running.plane, web, change)
    mark.repaired(web)
    repaired = running.live(web)
    assert {**repaired["spec"], "clusterIP": 0, "clusterIPs": 0} == {**spec, "clusterIP": 0, "clusterIPs": 0}
    assert len(mark.writes()) <= 4
    assert in_sync(running)

    mark = running.mark()
    release.upgrade(after)
    running.caught_up(web)
    until("the new revision is in sync", lambda: in_sync(running))
    assert not mark.of(Repaired)


def test_port_that_a_controller_renumbers_is_reverted_too(guard: GuardMaker, release: Release) -> None:
    """Nobody's addition, for no person made it; but nothing else can be meant by a port of the same name."""
    release.install(service())
    running, web = guard(), ref(release.namespace, "Service")
    before, mark = running.live(web)["spec"], running.mark()
    edit(running.plane, web, [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}], manager="port-bot")
    mark.repaired(web)
    assert running.live(web)["spec"] == before
    mark = running.mark()
    release.upgrade(service(ports=[{"name": "http", "port": 82}]))
    running.caught_up(web)
    until("the new revision is in sync", lambda: in_sync(running))
    assert not mark.of(Repaired)
