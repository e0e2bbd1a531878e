"""Every false positive of a naive compare that was measured on real charts, as a named case: none may be drift."""

import copy
from typing import Any

import pytest

from tests.core.examples import body, deployment, found, put, served, take

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"
_ABSENT = object()

# name: (desired Deployment, {pointer: what live holds there})
_DEPLOYMENTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "podAffinity null": (deployment(pod={"affinity": {"podAffinity": None}}), {f"{_POD}/affinity": {}}),
    "affinity null": (deployment(pod={"affinity": None}), {f"{_POD}/affinity": _ABSENT}),
    "env null": (deployment(container={"env": None}), {f"{_WEB}/env": _ABSENT}),
    "env empty": (deployment(container={"env": []}), {f"{_WEB}/env": _ABSENT}),
    "env value empty": (
        deployment(container={"env": [{"name": "A", "value": ""}]}),
        {f"{_WEB}/env": [{"name": "A"}]},
    ),
    "env value null": (
        deployment(container={"env": [{"name": "A", "value": None}]}),
        {f"{_WEB}/env": [{"name": "A"}]},
    ),
    "args empty": (deployment(container={"args": []}), {f"{_WEB}/args": _ABSENT}),
    "resources null": (deployment(container={"resources": None}), {f"{_WEB}/resources": {}}),
    "resources empty": (deployment(container={"resources": {}}), {f"{_WEB}/resources": _ABSENT}),
    "resources limits null": (deployment(container={"resources": {"limits": None}}), {f"{_WEB}/resources": {}}),
    "resources limits empty": (deployment(container={"resources": {"limits": {}}}), {f"{_WEB}/resources": {}}),
    "sysctls empty": (
        deployment(pod={"securityContext": {"sysctls": []}}),
        {f"{_POD}/securityContext": {}},
    ),
    "nodeSelector empty": (deployment(pod={"nodeSelector": {}}), {f"{_POD}/nodeSelector": _ABSENT}),
    "tolerations empty": (deployment(pod={"tolerations": []}), {f"{_POD}/tolerations": _ABSENT}),
    "tolerations null": (deployment(pod={"tolerations": None}), {f"{_POD}/tolerations": _ABSENT}),
    "volumes null": (deployment(pod={"volumes": None}), {f"{_POD}/volumes": _ABSENT}),
    "imagePullSecrets empty": (deployment(pod={"imagePullSecrets": []}), {f"{_POD}/imagePullSecrets": _ABSENT}),
    "hostNetwork false": (deployment(pod={"hostNetwork": False}), {f"{_POD}/hostNetwork": _ABSENT}),
    "hostPID and hostIPC false": (
        deployment(pod={"hostPID": False, "hostIPC": False}),
        {f"{_POD}/hostPID": _ABSENT, f"{_POD}/hostIPC": _ABSENT},
    ),
    "initialDelaySeconds 0": (
        deployment(container={"livenessProbe": {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 0}}),
        {f"{_WEB}/livenessProbe/initialDelaySeconds": _ABSENT},
    ),
    "probe period 0 is the default": (
        deployment(container={"livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 0}}),
        {f"{_WEB}/livenessProbe/periodSeconds": 10},
    ),
    "minReadySeconds 0": (deployment(minReadySeconds=0), {"/spec/minReadySeconds": _ABSENT}),
    "paused false": (deployment(paused=False), {"/spec/paused": _ABSENT}),
    "readOnly false": (
        deployment(container={"volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": False}]}),
        {f"{_WEB}/volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    ),
    "secret volume not readOnly": (
        deployment(pod={"volumes": [{"name": "v", "secret": {"secretName": "s", "items": None}}]}),
        {f"{_POD}/volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 420}}]},
    ),
    "imagePullPolicy empty": (deployment(container={"imagePullPolicy": ""}), {f"{_WEB}/imagePullPolicy": "Always"}),
    "serviceAccountName empty": (
        deployment(pod={"serviceAccountName": ""}),
        {f"{_POD}/serviceAccountName": _ABSENT},
    ),
    "priorityClassName empty": (deployment(pod={"priorityClassName": ""}), {f"{_POD}/priorityClassName": _ABSENT}),
    "maxSurge null": (
        deployment(strategy={"rollingUpdate": {"maxSurge": None, "maxUnavailable": 1}}),
        {"/spec/strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}},
    ),
    "strategy empty": (
        deployment(strategy={}),
        {"/spec/strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}},
    ),
    "rollingUpdate null with Recreate": (
        deployment(strategy={"type": "Recreate", "rollingUpdate": None}),
        {"/spec/strategy": {"type": "Recreate"}},
    ),
    "template creationTimestamp null": (
        deployment(),
        {"/spec/template/metadata/creationTimestamp": None},
    ),
    "port name empty": (
        deployment(container={"ports": [{"containerPort": 80, "name": ""}]}),
        {f"{_WEB}/ports": [{"containerPort": 80, "protocol": "TCP"}]},
    ),
    "port protocol empty": (
        deployment(container={"ports": [{"containerPort": 80, "protocol": ""}]}),
        {f"{_WEB}/ports": [{"containerPort": 80, "protocol": "TCP"}]},
    ),
    "port protocol null": (
        deployment(container={"ports": [{"containerPort": 80, "protocol": None}]}),
        {f"{_WEB}/ports": [{"containerPort": 80, "protocol": "TCP"}]},
    ),
    "downward API default version": (
        deployment(
            container={"env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
        ),
        {f"{_WEB}/env/0/valueFrom/fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}},
    ),
    "resourceFieldRef default divisor": (
        deployment(
            container={"env": [{"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]},
        ),
        {f"{_WEB}/env/0/valueFrom/resourceFieldRef": {"resource": "limits.memory", "divisor": "0"}},
    ),
    "resourceFieldRef divisor 1": (
        deployment(
            container={
                "env": [
                    {"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": 1}}},
                ]
            },
        ),
        {f"{_WEB}/env/0/valueFrom/resourceFieldRef/divisor": "1"},
    ),
    "projected token default expiration": (
        deployment(
            pod={"volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
        ),
        {
            f"{_POD}/volumes/0/projected": {
                "defaultMode": 420,
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
            }
        },
    ),
    "downward volume default version": (
        deployment(
            pod={"volumes": [{"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "x"}}]}}]},
        ),
        {f"{_POD}/volumes/0/downwardAPI/items/0/fieldRef": {"apiVersion": "v1", "fieldPath": "x"}},
    ),
    "labels null": (
        body("apps/v1", "Deployment", metadata={"labels": None, "annotations": None}, spec={}),
        {"/metadata/labels": {"a": "b"}},
    ),
    "annotations of controllers": (
        deployment(),
        {"/metadata/annotations": {"deployment.kubernetes.io/revision": "3"}},
    ),
}


def _live(desired: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    live: dict[str, Any] = served(desired)
    for pointer, value in changes.items():
        take(live, pointer) if value is _ABSENT else put(live, pointer, copy.deepcopy(value))
    return live


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_a_fresh_deployment_is_in_sync(name: str) -> None:
    desired, changes = _DEPLOYMENTS[name]
    assert found(desired, _live(desired, changes)) == {}
