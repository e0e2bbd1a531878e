"""What controllers and legitimate operations do is no drift: never reverted, however often everything is looked at."""

from pathlib import Path
from typing import Any

import pytest

from drift.core.assess import State
from drift.engine.records import Repaired
from tests.controlplane import ControlPlane, Helm
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, delete, edit, path_of
from tests.engine.test_hard_cases import Object, Release, config_map, deployment, ref


@pytest.fixture
def release(helm: Helm, namespace: str, folder: Path) -> Release:
    return Release(helm, namespace, folder)


def scaler(namespace: str) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5},
    }


def scale(plane: ControlPlane, namespace: str, replicas: int, manager: str) -> None:
    path = f"{path_of(ref(namespace, 'Deployment', 'apps'))}/scale?fieldManager={manager}"
    plane.request("PATCH", path, {"spec": {"replicas": replicas}}, content_type="application/merge-patch+json")


def test_replicas_belong_to_an_autoscaler_within_its_range(guard: GuardMaker, release: Release) -> None:
    namespace = release.namespace
    release.install(deployment(replicas=2), scaler(namespace))
    running, web = guard(), ref(namespace, "Deployment", "apps")
    mark = running.mark()
    scale(running.plane, namespace, 4, "kube-controller-manager")
    running.caught_up(web)
    assert not mark.writes()
    (note,) = next(item.notes for item in running.report().assessments if item.ref == web)
    assert note.explanation == "within the range of HorizontalPodAutoscaler web"
    scale(running.plane, namespace, 9, "kubectl")
    mark.repaired(web)
    assert running.live(web)["spec"]["replicas"] == 2


def test_scaling_by_hand_without_an_autoscaler_is_an_edit(guard: GuardMaker, release: Release) -> None:
    release.install(deployment(replicas=2))
    running, web = guard(), ref(release.namespace, "Deployment", "apps")
    mark = running.mark()
    scale(running.plane, release.namespace, 4, "kubectl")
    mark.repaired(web)
    (difference,) = mark.of(Repaired, web)[0].assessment.differences
    assert difference.owner is not None
    assert (difference.owner.manager, difference.owner.subresource) == ("kubectl", "scale")
    assert len(mark.writes()) == 1
    release.upgrade(deployment(replicas=3))


def left_alone(guard: Guard, found: Any, change: Any, manager: str) -> None:
    """Make a change and see that it stays, also when everything is looked at anew."""
    mark = guard.mark()
    edit(guard.plane, found, change, manager=manager)
    before = guard.live(found)
    guard.caught_up(found)
    assert not mark.writes()
    assert guard.live(found) == before
    assert guard.report().exit_code() == 0


def test_rollout_restart_is_left_alone(guard: GuardMaker, plane: ControlPlane, release: Release) -> None:
    release.install(deployment())
    running, web = guard(), ref(release.namespace, "Deployment", "apps")
    plane.kubectl("rollout", "restart", "deployment/web", "-n", release.namespace)
    running.caught_up(web)
    assert not running.writes()
    assert running.report().exit_code() == 0
    # A repair of something else keeps it.
    mark = running.mark()
    edit(plane, web, [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}])
    mark.repaired(web)
    annotations = running.live(web)["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/restartedAt" in annotations


def test_injected_container_of_a_controller_is_left_alone_by_every_repair(guard: GuardMaker, release: Release) -> None:
    release.install(deployment())
    running, web = guard(), ref(release.namespace, "Deployment", "apps")
    sidecar = {"name": "proxy", "image": "example.invalid/proxy"}
    left_alone(
        running, web, [{"op": "add", "path": "/spec/template/spec/containers/-", "value": sidecar}], "mesh-injector"
    )
    mark = running.mark()
    edit(running.plane, web, [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}])
    mark.repaired(web)
    names = [one["name"] for one in running.live(web)["spec"]["template"]["spec"]["containers"]]
    assert names == ["web", "proxy"]


def test_labels_and_annotations_that_somebody_adds_are_left_alone(guard: GuardMaker, release: Release) -> None:
    release.install(config_map())
    running, found = guard(), ref(release.namespace, "ConfigMap")
    left_alone(running, found, {"metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}}, "kubectl-label")


def test_ca_bundle_of_an_injector_is_left_alone(guard: GuardMaker, release: Release) -> None:
    namespace = release.namespace
    hook = {
        "name": "web.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/x", "caBundle": ""},
        "rules": [],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = "ValidatingWebhookConfiguration"
    body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": namespace}}
    release.install(body | {"webhooks": [hook]})
    running, found = guard(), ref("", kind, "admissionregistration.k8s.io", namespace)
    bundle = "Q0E="
    left_alone(
        running, found, [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}], "cainjector"
    )
    mark = running.mark()
    edit(running.plane, found, [{"op": "replace", "path": "/webhooks/0/sideEffects", "value": "NoneOnDryRun"}])
    mark.repaired(found)
    (webhook,) = running.live(found)["webhooks"]
    assert (webhook["sideEffects"], webhook["clientConfig"].get("caBundle")) == ("None", bundle)
    delete(running.plane, found)


def test_owner_reference_that_a_controller_sets_is_left_alone(guard: GuardMaker, release: Release) -> None:
    release.install(config_map("owner"), config_map())
    running, found = guard(), ref(release.namespace, "ConfigMap")
    uid = running.live(ref(release.namespace, "ConfigMap", name="owner"))["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    left_alone(running, found, {"metadata": {"ownerReferences": [owner]}}, "some-operator")
    assert {item.state for item in running.report().assessments} == {State.IN_SYNC}
