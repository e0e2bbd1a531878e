from typing import Any

import pytest

from drift.core.normalize import canonical, declared, drops, is_zero, key_of, keyed
from tests.core.examples import body, custom, schema_of

_POD = schema_of("v1", "Pod").root.field("spec")
_CONTAINER = _POD.field("containers").item()


def test_keyed_lists_become_maps_and_duplicates_are_counted() -> None:
    env = _CONTAINER.field("env")
    one, two = {"name": "A", "value": "1"}, {"name": "A", "value": "2"}
    found = keyed([one, {"name": "B"}, two], env)
    assert found == {("A",): one, ("B",): {"name": "B"}, ("A", 2): two}
    assert keyed([one, {"value": "x"}], env) == {("A",): one, ("",): {"value": "x"}}
    assert keyed(["text"], env) is None


def test_keys_have_the_defaults_of_the_schema() -> None:
    ports = _CONTAINER.field("ports")
    assert key_of({"containerPort": 80}, ports) == (80, "TCP")
    assert key_of({"containerPort": 80.0, "protocol": ""}, ports) == (80, "TCP")
    assert key_of({"containerPort": 80, "protocol": "UDP"}, ports) == (80, "UDP")
    assert key_of({"containerPort": {"a": 1}}, ports) is None
    assert key_of(None, ports) is None


def test_true_and_one_are_two_members_of_a_set() -> None:
    node = custom({"s": {"type": "array", "x-kubernetes-list-type": "set", "items": {}}}).root.field("spec").field("s")
    assert len(keyed([True, 1, "1"], node) or ()) == 3
    assert len(keyed([1, 1.0], node) or ()) == 2
    assert keyed([{}], node) is None


@pytest.mark.parametrize(
    ("key", "value", "gone"),
    [
        ("hostNetwork", False, True),
        ("hostNetwork", True, False),
        ("hostNetwork", None, True),
        ("nodeSelector", {}, True),
        ("nodeSelector", {"a": ""}, False),
        ("tolerations", [], True),
        ("automountServiceAccountToken", False, False),
        ("terminationGracePeriodSeconds", 0, False),
        ("securityContext", {}, False),
        ("priorityClassName", "", True),
    ],
)
def test_what_the_server_cannot_tell_from_absent(key: str, value: Any, gone: bool) -> None:
    assert drops(key, value, _POD, _POD.field(key)) is gone


def test_the_zero_of_a_quantity_is_a_value() -> None:
    cpu = _CONTAINER.field("resources").field("limits").field("cpu")
    assert not is_zero("0", cpu)
    assert not is_zero(0, cpu)


def test_what_of_a_body_is_declared() -> None:
    given = body("v1", "ConfigMap", data={"a": "b"}, metadata={"labels": {"l": "m"}, "uid": "u", "annotations": None})
    given["status"] = {"x": 1}
    assert declared(given) == {"data": {"a": "b"}, "metadata": {"labels": {"l": "m"}}}
    assert declared({"kind": "ConfigMap", "metadata": None}) == {"metadata": {}}


def test_string_data_goes_over_data() -> None:
    given = body("v1", "Secret", data={"a": "eA==", "b": "eQ=="}, stringData={"a": "é", "n": None})
    assert declared(given)["data"] == {"a": "w6k=", "b": "eQ==", "n": None}
    assert "stringData" not in declared(given)
    assert declared(body("example.com/v1", "Secret", stringData={"a": "b"}))["stringData"] == {"a": "b"}


def test_rules_of_an_aggregated_role_belong_to_its_controller() -> None:
    given = body("rbac.authorization.k8s.io/v1", "ClusterRole", rules=[], aggregationRule={"clusterRoleSelectors": []})
    assert "rules" not in declared(given)
    assert "rules" in declared(body("rbac.authorization.k8s.io/v1", "ClusterRole", rules=[], aggregationRule=None))


def test_the_canonical_tree() -> None:
    given = {
        "name": "web",
        "env": [{"name": "A", "value": ""}],
        "resources": {"limits": {"cpu": "1000m"}},
        "stdin": False,
        "args": ["b", "a"],
    }
    assert canonical(given, _CONTAINER) == {
        "name": "web",
        "env": {("A",): {"name": "A"}},
        "resources": {"limits": {"cpu": 1}},
        "args": ["b", "a"],
    }
