"""More false positives of a naive compare, of other kinds than workloads: none may be drift."""

import copy
from typing import Any

import pytest

from tests.core.examples import body, custom, deployment, found, served, thing


def _service(**spec: Any) -> dict[str, Any]:
    return body("v1", "Service", spec={"ports": [{"port": 80}], "selector": {"app": "web"}, **spec})


_ALLOCATED = {
    "clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
    "internalTrafficPolicy": "Cluster", "sessionAffinity": "None", "type": "ClusterIP",
    "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "selector": {"app": "web"},
}  # fmt: skip

_OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Service as allocated": (_service(), {"spec": _ALLOCATED}),
    "Service clusterIP empty": (_service(clusterIP="", loadBalancerIP=""), {"spec": _ALLOCATED}),
    "Service type empty": (_service(type="", sessionAffinity=""), {"spec": _ALLOCATED}),
    "Service nodePort null": (
        _service(type="NodePort", ports=[{"port": 80, "nodePort": None}]),
        {"spec": {**_ALLOCATED, "type": "NodePort", "ports": [{"port": 80, "protocol": "TCP", "nodePort": 31000}]}},
    ),
    "Service nodePort 0": (
        _service(type="NodePort", ports=[{"port": 80, "nodePort": 0, "targetPort": ""}]),
        {
            "spec": {
                **_ALLOCATED,
                "type": "NodePort",
                "ports": [{"port": 80, "protocol": "TCP", "nodePort": 31000, "targetPort": 80}],
            }
        },
    ),
    "Service publishNotReadyAddresses false": (_service(publishNotReadyAddresses=False), {"spec": _ALLOCATED}),
    "Service externalIPs empty": (_service(externalIPs=[], loadBalancerSourceRanges=None), {"spec": _ALLOCATED}),
    "PriorityClass globalDefault false": (
        body("scheduling.k8s.io/v1", "PriorityClass", value=5, globalDefault=False),
        {"globalDefault": None, "value": 5},
    ),
    "ConfigMap data null": (body("v1", "ConfigMap", data=None), {"data": None}),
    "ConfigMap data empty": (body("v1", "ConfigMap", data={}), {"data": None}),
    "annotations null": (body("v1", "ConfigMap", metadata={"annotations": None}, data={"a": "b"}), {}),
    "ResourceQuota number": (
        body("v1", "ResourceQuota", spec={"hard": {"pods": 100, "cpu": 1.5}}),
        {"spec": {"hard": {"pods": "100", "cpu": "1500m"}}},
    ),
    "Secret stringData": (
        body("v1", "Secret", stringData={"a": "b"}),
        {"stringData": None, "data": {"a": "Yg=="}, "type": "Opaque"},
    ),
    "Secret stringData over data": (
        body("v1", "Secret", data={"a": "eA==", "c": "eA=="}, stringData={"a": "b"}),
        {"stringData": None, "data": {"a": "Yg==", "c": "eA=="}, "type": "Opaque"},
    ),
    "Secret data with line wraps": (
        body("v1", "Secret", data={"a": "YWJj\nZGVm\n"}),
        {"data": {"a": "YWJjZGVm"}},
    ),
    "volumeClaimTemplates": (
        body(
            "apps/v1", "StatefulSet",
            spec={
                "serviceName": "web",
                "volumeClaimTemplates": [{
                    "metadata": {"name": "data", "labels": None, "annotations": {}, "creationTimestamp": None},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
                }],
            },
        ),
        {
            "spec": {
                "serviceName": "web",
                "podManagementPolicy": "OrderedReady",
                "volumeClaimTemplates": [{
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                    "status": {"phase": "Pending"},
                }],
            }
        },
    ),
    "aggregated ClusterRole": (
        body(
            "rbac.authorization.k8s.io/v1", "ClusterRole",
            aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}, rules=[],
        ),
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ),
    "RoleBinding subject group": (
        body(
            "rbac.authorization.k8s.io/v1", "RoleBinding",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            subjects=[{"kind": "User", "name": "a"}, {"kind": "ServiceAccount", "name": "b", "apiGroup": ""}],
        ),
        {
            "subjects": [
                {"kind": "User", "name": "a", "apiGroup": "rbac.authorization.k8s.io"},
                {"kind": "ServiceAccount", "name": "b"},
            ]
        },
    ),
    "LimitRange defaults": (
        body("v1", "LimitRange", spec={"limits": [{"type": "Container", "max": {"cpu": "1"}}]}),
        {
            "spec": {
                "limits": [
                    {
                        "type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "1"},
                        "defaultRequest": {"cpu": "1000m"},
                    }
                ]
            }
        },
    ),
    "webhook defaults": (
        body(
            "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
            webhooks=[{
                "name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]}],
            }],
        ),
        {
            "webhooks": [{
                "name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/", "port": 443}, "caBundle": "x"},
                "rules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"], "scope": "*",
                }],
                "failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
                "timeoutSeconds": 10,
            }]
        },
    ),
    "NetworkPolicy defaults": (
        body("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}),
        {
            "spec": {
                "podSelector": {}, "policyTypes": ["Ingress"],
                "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}],
            }
        },
    ),
    "PersistentVolumeClaim bound": (
        body("v1", "PersistentVolumeClaim", spec={"volumeName": "", "resources": {"requests": {"storage": "1Gi"}}}),
        {
            "spec": {
                "volumeName": "pv-1", "storageClassName": "standard", "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": "1024Mi"}},
            }
        },
    ),
    "HPA metrics": (
        body(
            "autoscaling/v2", "HorizontalPodAutoscaler",
            spec={
                "maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
            },
        ),
        {
            "spec": {
                "maxReplicas": 3, "minReplicas": 1, "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "behavior": {
                    "scaleDown": {
                        "stabilizationWindowSeconds": 60, "selectPolicy": "Max",
                        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                    },
                    "scaleUp": {"stabilizationWindowSeconds": 0},
                },
            }
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _OTHERS)
def test_a_fresh_object_is_in_sync(name: str) -> None:
    desired, members = _OTHERS[name]
    live = served(desired)
    for key, value in members.items():
        live.pop(key, None) if value is None else live.__setitem__(key, copy.deepcopy(value))
    assert found(desired, live) == {}


@pytest.mark.parametrize(
    ("desired", "live"),
    [("2000m", "2"), (1.5, "1500m"), ("1024Mi", "1Gi"), ("1.0", "1"), (1, "1"), ("0.1", "100m"), ("1E", "1e18")],
)
def test_quantities_are_compared_by_value(desired: Any, live: str) -> None:
    one, other = ({"resources": {"limits": {"cpu": value}}} for value in (desired, live))
    assert found(deployment(container=one), deployment(container=other)) == {}


def test_what_the_server_prunes_from_a_custom_resource_is_no_drift() -> None:
    schema = custom({"a": {"type": "object"}, "b": {"type": "object", "properties": {"c": {"type": "string"}}}})
    desired = thing({"a": {"gone": 1}, "b": {"c": "x", "typo": 1}, "typo": {"x": 1}})
    assert found(desired, thing({"a": {}, "b": {"c": "x"}}), schema) == {}


def test_null_of_a_custom_resource_is_dropped_unless_nullable() -> None:
    schema = custom({"a": {"type": "string"}, "n": {"type": "string", "nullable": True}})
    assert found(thing({"a": None, "n": None}), thing({"n": None}), schema) == {}
    assert found(thing({"a": None, "n": None}), thing({}), schema) == {}
    assert found(thing({"n": None}), thing({"n": "x"}), schema) == {"/spec/n": "changed"}


def test_defaults_inside_atomic_lists_of_a_custom_resource_are_no_drift() -> None:
    item = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "mode": {"type": "string", "default": "auto"},
            "deep": {"type": "object", "default": {}, "properties": {"n": {"type": "integer", "default": 3}}},
        },
    }
    schema = custom({"items": {"type": "array", "items": item}})
    live = thing({"items": [{"name": "a", "mode": "auto", "deep": {"n": 3}}]})
    assert found(thing({"items": [{"name": "a"}]}), live, schema) == {}
    live["spec"]["items"][0]["deep"]["n"] = 4
    assert found(thing({"items": [{"name": "a"}]}), live, schema) == {"/spec/items": "changed"}
