from typing import Any

import pytest

from tests.core.examples import body, changed, deployment, edited, edits_of, found, put, removed, served

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"


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
    assert changed(node, f"{_POD}/nodeSelector/zone", "a") == {f"{_POD}/nodeSelector": "changed"}
    assert changed(deployment(), "/spec/selector/matchExpressions", [{"key": "a", "operator": "Exists"}]) == {
        "/spec/selector": "changed"
    }
    assert changed(deployment(), "/spec/selector/matchLabels/tier", "web") == {"/spec/selector": "changed"}
    role = body("rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": [""], "resources": ["a"], "verbs": ["x"]}])
    assert changed(role, "/rules/0/verbs", ["x", "delete"]) == {"/rules": "changed"}
    assert changed(role, "/rules/0/verbs/0", "delete") == {"/rules/0/verbs/0": "changed"}
    assert changed(role, "/rules/0/resourceNames", ["a"]) == {"/rules": "changed"}
    assert removed(role, "/rules/0/verbs") == {"/rules/0/verbs": "removed"}
    ref = deployment(container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})
    assert changed(ref, f"{_WEB}/env/0/valueFrom/secretKeyRef/optional", True) == {  # noqa: FBT003 - a value
        f"{_WEB}/env/0/valueFrom/secretKeyRef": "changed"
    }


def test_an_empty_selector_that_appears_opens_a_network_policy() -> None:
    desired = body(
        "networking.k8s.io/v1", "NetworkPolicy",
        spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]},
    )  # fmt: skip
    assert changed(desired, "/spec/ingress/0/from/0/namespaceSelector", {}) == {"/spec/ingress": "changed"}
    assert changed(desired, "/spec/ingress/0/from/0/podSelector", {}) == {
        "/spec/ingress/0/from/0/podSelector/matchLabels": "removed"
    }


def test_items_of_keyed_lists_are_told_by_their_key() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    desired = deployment(container={"env": env})
    assert found(desired, deployment(container={"env": [*reversed(env), {"name": "C", "value": "3"}]})) == {}
    assert changed(desired, f"{_WEB}/env/1/value", "x") == {f"{_WEB}/env/1/value": "changed"}
    assert removed(desired, f"{_WEB}/env/0") == {f"{_WEB}/env/0": "removed"}
    assert changed(desired, f"{_WEB}/env/0/name", "X") == {f"{_WEB}/env/0": "removed"}
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
    assert changed(desired, f"{_WEB}/env/2/value", "x") == {f"{_WEB}/env/2/value": "changed"}
    assert removed(desired, f"{_WEB}/env/2") == {f"{_WEB}/env/2": "removed"}
    swapped = deployment(container={"env": [env[2], env[1], env[0]]})
    assert found(desired, swapped) == {f"{_WEB}/env/0/value": "changed", f"{_WEB}/env/2/value": "changed"}
    (edit,) = edits_of(desired, edited(desired, f"{_WEB}/env/2/value", "x"))
    assert edit.place.display.endswith(".env[name=A,#2].value")


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
    assert changed(desired, "/spec/ports/1/protocol", "SCTP") == {"/spec/ports/1": "removed"}
    assert changed(desired, "/spec/ports/0/port", 54) == {"/spec/ports/0": "removed"}
    (edit,) = edits_of(desired, edited(desired, "/spec/ports/1/name", "x"))
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
