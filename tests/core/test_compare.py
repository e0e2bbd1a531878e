import copy
import time
from typing import Any

import pytest

from drift.core.compare import compare
from drift.core.schema import KindSchema
from tests.core.examples import (
    body,
    custom,
    deployment,
    edits_of,
    found,
    put,
    schema_of,
    served,
    take,
    thing,
)

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"
_PORT = {"containerPort": 80}


def _changed(desired: Any, pointer: str, value: Any) -> dict[str, str]:
    live = served(desired)
    put(live, pointer, value)
    return found(desired, live)


def _removed(desired: Any, pointer: str) -> dict[str, str]:
    live = served(desired)
    take(live, pointer)
    return found(desired, live)


# Zero is not always absent: pointer fields keep their zero values, so an object without them has drifted.
_KEPT_ZEROS: dict[str, tuple[Any, str]] = {
    "automountServiceAccountToken false": (
        deployment(pod={"automountServiceAccountToken": False}),
        f"{_POD}/automountServiceAccountToken",
    ),
    "enableServiceLinks false": (deployment(pod={"enableServiceLinks": False}), f"{_POD}/enableServiceLinks"),
    "allowPrivilegeEscalation false": (
        deployment(container={"securityContext": {"allowPrivilegeEscalation": False}}),
        f"{_WEB}/securityContext/allowPrivilegeEscalation",
    ),
    "privileged false": (
        deployment(container={"securityContext": {"privileged": False}}),
        f"{_WEB}/securityContext/privileged",
    ),
    "readOnlyRootFilesystem false": (
        deployment(container={"securityContext": {"readOnlyRootFilesystem": False}}),
        f"{_WEB}/securityContext/readOnlyRootFilesystem",
    ),
    "runAsUser 0": (
        deployment(container={"securityContext": {"runAsUser": 0}}),
        f"{_WEB}/securityContext/runAsUser",
    ),
    "pod runAsGroup 0": (deployment(pod={"securityContext": {"runAsGroup": 0}}), f"{_POD}/securityContext/runAsGroup"),
    "replicas 0": (deployment(replicas=0), "/spec/replicas"),
    "revisionHistoryLimit 0": (deployment(revisionHistoryLimit=0), "/spec/revisionHistoryLimit"),
    "capabilities empty": (
        deployment(container={"securityContext": {"capabilities": {}}}),
        f"{_WEB}/securityContext/capabilities",
    ),
    "container securityContext empty": (
        deployment(container={"securityContext": {}}),
        f"{_WEB}/securityContext",
    ),
    "shareProcessNamespace false": (deployment(pod={"shareProcessNamespace": False}), f"{_POD}/shareProcessNamespace"),
    "hostUsers false": (deployment(pod={"hostUsers": False}), f"{_POD}/hostUsers"),
    "terminationGracePeriodSeconds 0": (
        deployment(pod={"terminationGracePeriodSeconds": 0}),
        f"{_POD}/terminationGracePeriodSeconds",
    ),
    "emptyDir": (deployment(pod={"volumes": [{"name": "v", "emptyDir": {}}]}), f"{_POD}/volumes/0/emptyDir"),
    "optional false": (
        deployment(pod={"volumes": [{"name": "v", "secret": {"secretName": "s", "optional": False}}]}),
        f"{_POD}/volumes/0/secret/optional",
    ),
    "immutable false": (body("v1", "ConfigMap", immutable=False), "/immutable"),
    "ServiceAccount token false": (
        body("v1", "ServiceAccount", automountServiceAccountToken=False),
        "/automountServiceAccountToken",
    ),
    "suspend false": (body("batch/v1", "CronJob", spec={"schedule": "* * * * *", "suspend": False}), "/spec/suspend"),
    "quantity 0": (
        deployment(container={"resources": {"limits": {"cpu": 0}}}),
        f"{_WEB}/resources/limits/cpu",
    ),
    "an empty value of a label": (deployment() | {"metadata": {"name": "w", "labels": {"a": ""}}}, "/metadata/labels/a"),
    "an empty value of a ConfigMap": (body("v1", "ConfigMap", data={"a": ""}), "/data/a"),
}


@pytest.mark.parametrize("name", _KEPT_ZEROS)
def test_a_kept_zero_that_vanished_is_drift(name: str) -> None:
    desired, pointer = _KEPT_ZEROS[name]
    assert _removed(desired, pointer) == {pointer: "removed"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("hostNetwork", True), ("hostPID", True), ("nodeSelector", {"a": "b"}), ("priorityClassName", "system")],
)
def test_a_declared_zero_that_has_another_value_is_drift(name: str, value: Any) -> None:
    zero: dict[str, Any] = {"hostNetwork": False, "hostPID": False, "nodeSelector": {}, "priorityClassName": ""}
    pointer = f"{_POD}/{name}"
    assert _changed(deployment(pod={name: zero[name]}), pointer, value) == {pointer: "changed"}


def test_zero_values_of_custom_resources_are_kept() -> None:
    schema = custom({"a": {"type": "boolean"}, "l": {"type": "array", "items": {"type": "string"}}})
    desired = thing({"a": False, "l": []})
    assert found(desired, thing({}), schema) == {"/spec/a": "removed", "/spec/l": "removed"}


@pytest.mark.parametrize(
    ("desired", "live"),
    [(True, 1), (False, 0), ("1", 1), ("true", True), (0, "0"), (1, 2), (1.5, 1.25), ("a", "A"), ("a", "a ")],
)
def test_scalars_that_look_alike_differ(desired: Any, live: Any) -> None:
    schema = custom({"a": {"x-kubernetes-preserve-unknown-fields": True}})
    assert found(thing({"a": desired}), thing({"a": live}), schema) == {"/spec/a": "changed"}
    assert found(thing({"a": [desired]}), thing({"a": [live]}), schema) == {"/spec/a/0": "changed"}


@pytest.mark.parametrize(("desired", "live"), [(1.0, 1), (1, 1.0), (10**20, 1e20), (0.5, 0.5), (None, None)])
def test_numbers_are_compared_by_value(desired: Any, live: Any) -> None:
    schema = custom({"a": {"x-kubernetes-preserve-unknown-fields": True}})
    assert found(thing({"a": [desired]}), thing({"a": [live]}), schema) == {}


@pytest.mark.parametrize(
    ("desired", "live"),
    [({}, []), ([], {}), ({}, "x"), ("x", {}), ([], "x"), ({"a": 1}, [1]), ([1], {"a": 1}), ("x", ["x"]), (False, {})],
)
def test_another_type_is_a_change(desired: Any, live: Any) -> None:
    schema = custom({"a": {"x-kubernetes-preserve-unknown-fields": True}})
    assert found(thing({"a": desired}), thing({"a": live}), schema) == {"/spec/a": "changed"}


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        (["="], ["x"], {f"{_WEB}/args/0": "changed"}),
        (["x"], ["="], {f"{_WEB}/args/0": "changed"}),
        (["a", "="], ["=", "a"], {f"{_WEB}/args/0": "changed", f"{_WEB}/args/1": "changed"}),
        (["a", "b", "c"], ["b", "c", "a"], {f"{_WEB}/args/{n}": "changed" for n in range(3)}),
        (["a", "b", "c"], ["a", "x", "c"], {f"{_WEB}/args/1": "changed"}),
        (["a", "b"], ["a"], {f"{_WEB}/args": "changed"}),
        (["a", "b"], ["b"], {f"{_WEB}/args": "changed"}),
        (["a"], ["a", "b"], {f"{_WEB}/args": "changed"}),
        (["a"], ["b", "a"], {f"{_WEB}/args": "changed"}),
        (["a", "a"], ["a"], {f"{_WEB}/args": "changed"}),
        (["a\nb"], ["a\nc"], {f"{_WEB}/args/0": "changed"}),
        (["a"], [], {f"{_WEB}/args": "changed"}),
        (["a"], None, {f"{_WEB}/args": "removed"}),
        ([None], [""], {}),
        ([None, "a"], ["x", "a"], {f"{_WEB}/args/0": "changed"}),
        ([], ["a"], {f"{_WEB}/args": "changed"}),
    ],
)
def test_an_atomic_list_is_compared_by_position(desired: Any, live: Any, expected: dict[str, str]) -> None:
    assert found(deployment(container={"args": desired}), deployment(container={"args": live})) == expected


@pytest.mark.parametrize(
    ("kind", "desired", "live", "expected"),
    [
        ("Service", {"selector": {"a": "b"}}, {"selector": {"a": "b", "c": "d"}}, {"/spec/selector": "changed"}),
        ("Service", {"selector": {"a": "b"}}, {"selector": {"a": "b", "c": ""}}, {"/spec/selector": "changed"}),
        ("Service", {"selector": {"a": "b"}}, {"selector": {"a": "x", "c": "d"}}, {"/spec/selector": "changed"}),
        ("Service", {"selector": {"a": "b"}}, {"selector": {"a": "x"}}, {"/spec/selector/a": "changed"}),
        ("Service", {"selector": {"a": "b", "c": "d"}}, {"selector": {"a": "b"}}, {"/spec/selector/c": "removed"}),
        ("Service", {"selector": {"a": "b"}}, {"selector": {}}, {"/spec/selector/a": "removed"}),
        ("Service", {"selector": {"a": "b"}}, {}, {"/spec/selector": "removed"}),
        ("Service", {"selector": {}}, {"selector": {"a": "b"}}, {"/spec/selector": "changed"}),
    ],
)
def test_the_selector_of_a_service_is_one_value(kind: str, desired: Any, live: Any, expected: dict[str, str]) -> None:
    assert found(body("v1", kind, spec=desired), body("v1", kind, spec=live)) == expected


def test_an_addition_inside_anything_atomic_changes_the_whole() -> None:
    node = deployment(pod={"nodeSelector": {"disk": "ssd"}})
    assert _changed(node, f"{_POD}/nodeSelector/zone", "a") == {f"{_POD}/nodeSelector": "changed"}
    assert _changed(deployment(), "/spec/selector/matchExpressions", [{"key": "a", "operator": "Exists"}]) == {
        "/spec/selector": "changed"
    }
    assert _changed(deployment(), "/spec/selector/matchLabels/tier", "web") == {"/spec/selector": "changed"}
    role = body("rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": [""], "resources": ["a"], "verbs": ["x"]}])
    assert _changed(role, "/rules/0/verbs", ["x", "delete"]) == {"/rules": "changed"}
    assert _changed(role, "/rules/0/verbs/0", "delete") == {"/rules/0/verbs/0": "changed"}
    assert _changed(role, "/rules/0/resourceNames", ["a"]) == {"/rules": "changed"}
    assert _removed(role, "/rules/0/verbs") == {"/rules/0/verbs": "removed"}
    ref = deployment(container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})
    assert _changed(ref, f"{_WEB}/env/0/valueFrom/secretKeyRef/optional", True) == {  # noqa: FBT003 - a value
        f"{_WEB}/env/0/valueFrom/secretKeyRef": "changed"
    }


def test_an_empty_selector_that_appears_opens_a_network_policy() -> None:
    desired = body(
        "networking.k8s.io/v1", "NetworkPolicy",
        spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]},
    )  # fmt: skip
    assert _changed(desired, "/spec/ingress/0/from/0/namespaceSelector", {}) == {"/spec/ingress": "changed"}
    assert _changed(desired, "/spec/ingress/0/from/0/podSelector", {}) == {
        "/spec/ingress/0/from/0/podSelector/matchLabels": "removed"
    }


def test_items_of_keyed_lists_are_told_by_their_key() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    desired = deployment(container={"env": env})
    assert found(desired, deployment(container={"env": [*reversed(env), {"name": "C", "value": "3"}]})) == {}
    assert _changed(desired, f"{_WEB}/env/1/value", "x") == {f"{_WEB}/env/1/value": "changed"}
    assert _removed(desired, f"{_WEB}/env/0") == {f"{_WEB}/env/0": "removed"}
    assert _changed(desired, f"{_WEB}/env/0/name", "X") == {f"{_WEB}/env/0": "removed"}
    live = served(desired)
    live["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "proxy"})
    assert found(desired, live) == {}
    put(live, f"{_POD}/containers/1/env/1/value", "x")
    (edit,) = edits_of(desired, live)
    assert (edit.place.pointer, edit.place.live_pointer) == (f"{_WEB}/env/1/value", f"{_POD}/containers/1/env/1/value")
    assert edit.place.display == "spec.template.spec.containers[name=web].env[name=B].value"


def test_duplicate_keys_are_told_by_their_occurrence() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
    desired = deployment(container={"env": env})
    assert found(desired, served(desired)) == {}
    assert found(desired, deployment(container={"env": [*env, {"name": "INJECTED", "value": "x"}]})) == {}
    assert _changed(desired, f"{_WEB}/env/2/value", "x") == {f"{_WEB}/env/2/value": "changed"}
    assert _removed(desired, f"{_WEB}/env/2") == {f"{_WEB}/env/2": "removed"}
    swapped = deployment(container={"env": [env[2], env[1], env[0]]})
    assert found(desired, swapped) == {f"{_WEB}/env/0/value": "changed", f"{_WEB}/env/2/value": "changed"}
    (edit,) = edits_of(desired, _with(desired, f"{_WEB}/env/2/value", "x"))
    assert edit.place.display.endswith(".env[name=A,#2].value")


def _with(desired: Any, pointer: str, value: Any) -> Any:
    live = served(desired)
    put(live, pointer, value)
    return live


def test_ports_are_told_by_port_and_protocol() -> None:
    dns = [{"port": 53, "protocol": "UDP", "name": "u"}, {"port": 53, "name": "t"}]
    desired = body("v1", "Service", spec={"ports": dns})
    live = body("v1", "Service", spec={"ports": [
        {"port": 53, "protocol": "TCP", "name": "t", "targetPort": 53},
        {"port": 53, "protocol": "UDP", "name": "u", "targetPort": 53},
    ]})  # fmt: skip
    assert found(desired, live) == {}
    live["spec"]["ports"][1]["name"] = "x"
    assert found(desired, live) == {"/spec/ports/0/name": "changed"}
    assert _changed(desired, "/spec/ports/1/protocol", "SCTP") == {"/spec/ports/1": "removed"}
    assert _changed(desired, "/spec/ports/0/port", 54) == {"/spec/ports/0": "removed"}
    (edit,) = edits_of(desired, _with(desired, "/spec/ports/1/name", "x"))
    assert edit.place.display == "spec.ports[port=53].name"


def test_sets_have_no_order_and_may_be_added_to() -> None:
    desired = body("v1", "ConfigMap", metadata={"finalizers": ["a/b", "c/d"]})
    assert found(desired, body("v1", "ConfigMap", metadata={"finalizers": ["x/y", "c/d", "a/b"]})) == {}
    missing = body("v1", "ConfigMap", metadata={"finalizers": ["c/d"]})
    assert found(desired, missing) == {"/metadata/finalizers/0": "removed"}
    (edit,) = edits_of(desired, missing)
    assert edit.place.display == "metadata.finalizers[a/b]"


def test_additions_outside_what_is_atomic_are_not_looked_at_here() -> None:
    live = served(deployment())
    put(live, f"{_POD}/hostNetwork", value := True)
    live["metadata"]["labels"] = {"a": str(value)}
    live["spec"]["template"]["spec"]["containers"].append({"name": "other"})
    assert found(deployment(), live) == {}


@pytest.mark.parametrize("key", ["__private", "a/b~c.d[0]", "=", "*", "a\"b'c", "ключ", "", " ", "a\nb", "0", "~1", "root"])
def test_any_key_of_a_map_is_told_exactly(key: str) -> None:
    desired = body("v1", "ConfigMap", data={key: "=", "other": "x"})
    pointer = "/data/" + key.replace("~", "~0").replace("/", "~1")
    assert _changed(desired, pointer, "y") == {pointer: "changed"}
    assert _removed(desired, pointer) == {pointer: "removed"}


@pytest.mark.parametrize("change", ["labels", "annotations"])
def test_declared_metadata_is_compared(change: str) -> None:
    desired = body("v1", "ConfigMap", metadata={change: {"a/b": "c"}})
    assert _changed(desired, f"/metadata/{change}/a~1b", "x") == {f"/metadata/{change}/a~1b": "changed"}
    assert _removed(desired, f"/metadata/{change}") == {f"/metadata/{change}": "removed"}


def test_owner_references_are_told_by_uid() -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "1"}
    desired = body("v1", "ConfigMap", metadata={"ownerReferences": [owner]})
    assert _changed(desired, "/metadata/ownerReferences/0/name", "x") == {"/metadata/ownerReferences/0/name": "changed"}
    assert _changed(desired, "/metadata/ownerReferences", []) == {"/metadata/ownerReferences/0": "removed"}


def test_identity_status_and_server_metadata_are_not_compared() -> None:
    desired = body("v1", "ConfigMap", metadata={"uid": "x", "resourceVersion": "1", "creationTimestamp": None})
    desired["status"] = {"a": 1}
    live = served(body("v1", "ConfigMap"))
    live["apiVersion"] = "v2"
    assert found(desired, live) == {}


def test_a_live_object_without_anything_shows_what_is_missing() -> None:
    desired = body("v1", "ConfigMap", metadata={"labels": {"a": "b"}}, data={"a": "b"})
    assert found(desired, {"apiVersion": "v1", "kind": "ConfigMap"}) == {"/data": "removed", "/metadata": "removed"}


def test_schemas_of_custom_resource_definitions_are_compared_down_to_the_leaf() -> None:
    leaf = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "default": ""}}}}
    spec: dict[str, Any] = {
        "group": "e.com",
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {"s": leaf}}}}],
    }
    desired = body("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/s/properties/a/items/type"
    assert found(desired, served(desired)) == {}
    assert _changed(desired, path, "integer") in ({path: "changed"}, {"/spec/versions": "changed"})


def test_unknown_fields_kept_by_a_custom_resource_are_compared() -> None:
    keep = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    embedded = {**keep, "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    schema = custom({"any": keep, "object": embedded})
    desired = thing({"any": {"a": [{"b": 1}]}, "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}})
    live = copy.deepcopy(desired)
    assert found(desired, live, schema) == {}
    live["spec"]["any"]["a"][0]["b"] = 2
    live["spec"]["object"]["metadata"]["name"] = "q"
    assert found(desired, live, schema) == {"/spec/any/a/0/b": "changed", "/spec/object/metadata/name": "changed"}


def test_list_maps_of_custom_resources_use_their_keys_and_defaults() -> None:
    item = {
        "type": "object",
        "properties": {
            "port": {"type": "integer"},
            "protocol": {"type": "string", "default": "TCP"},
            "value": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
    }
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]}
    schema = custom({"ports": {"type": "array", "items": item, **keys}})
    desired = thing({"ports": [{"port": 1, "value": "50%"}, {"port": 1, "protocol": "UDP", "value": 8}]})
    live = thing({"ports": [
        {"port": 2}, {"port": 1, "protocol": "UDP", "value": "8"}, {"port": 1, "protocol": "TCP", "value": "50%"},
    ]})  # fmt: skip
    assert found(desired, live, schema) == {}
    live["spec"]["ports"][2]["value"] = "60%"
    assert found(desired, live, schema) == {"/spec/ports/0/value": "changed"}


def test_quantities_of_custom_resources_are_known_by_their_pattern() -> None:
    pattern = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
    size = {"anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": pattern, "x-kubernetes-int-or-string": True}
    schema = custom({"size": size})
    assert found(thing({"size": "1024Mi"}), thing({"size": "1Gi"}), schema) == {}
    assert found(thing({"size": "1024Mi"}), thing({"size": "2Gi"}), schema) == {"/spec/size": "changed"}


def test_of_an_unknown_kind_every_declared_value_is_compared() -> None:
    schema = KindSchema.unknown("example.com/v1", "Thing")
    desired = thing({"a": {"b": [1, {"c": None}]}})
    assert found(desired, copy.deepcopy(desired), schema) == {}
    assert found(desired, thing({"a": {}}), schema) == {"/spec/a/b": "removed"}


def test_a_long_text_is_compared_quickly() -> None:
    lines = [f"key{n}: value {n % 7}" for n in range(30_000)]
    desired = body("v1", "ConfigMap", data={"a": "\n".join(lines)})
    live = body("v1", "ConfigMap", data={"a": "\n".join(reversed(lines))})
    before = time.perf_counter()
    assert found(desired, live) == {"/data/a": "changed"}
    assert time.perf_counter() - before < 1.0


def test_a_large_list_is_compared_quickly() -> None:
    env = [{"name": f"N{n}", "value": str(n)} for n in range(5_000)]
    desired = deployment(container={"env": env})
    live = deployment(container={"env": [*reversed(copy.deepcopy(env))]})
    live["spec"]["template"]["spec"]["containers"][0]["env"][17]["value"] = "x"
    before = time.perf_counter()
    assert found(desired, live) == {f"{_WEB}/env/4982/value": "changed"}
    assert time.perf_counter() - before < 2.0


def test_a_live_value_nested_deeper_than_python_can_walk_is_told_as_a_change() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(900):
        inner["a"] = inner = {}
    keep = {"x-kubernetes-preserve-unknown-fields": True}
    assert found(thing({"a": "x"}), thing({"a": deep}), custom({"a": keep})) == {"/spec/a": "changed"}


def test_neither_body_is_changed() -> None:
    desired, live = deployment(container={"ports": [_PORT]}), served(deployment())
    before = copy.deepcopy((desired, live))
    compare(desired, live, schema_of("apps/v1", "Deployment"))
    assert (desired, live) == before
