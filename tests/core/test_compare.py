import copy
import time
from typing import Any

import pytest

from drift.core.compare import compare
from drift.core.schema import KindSchema
from tests.core.examples import (
    body,
    changed,
    custom,
    deployment,
    found,
    removed,
    schema_of,
    served,
    thing,
)

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"


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
    "key", ["__private", "a/b~c.d[0]", "=", "*", "a\"b'c", "ключ", "", " ", "a\nb", "0", "~1", "root"]
)
def test_any_key_of_a_map_is_told_exactly(key: str) -> None:
    desired = body("v1", "ConfigMap", data={key: "=", "other": "x"})
    pointer = "/data/" + key.replace("~", "~0").replace("/", "~1")
    assert changed(desired, pointer, "y") == {pointer: "changed"}
    assert removed(desired, pointer) == {pointer: "removed"}


@pytest.mark.parametrize("change", ["labels", "annotations"])
def test_declared_metadata_is_compared(change: str) -> None:
    desired = body("v1", "ConfigMap", metadata={change: {"a/b": "c"}})
    assert changed(desired, f"/metadata/{change}/a~1b", "x") == {f"/metadata/{change}/a~1b": "changed"}
    assert removed(desired, f"/metadata/{change}") == {f"/metadata/{change}": "removed"}


def test_owner_references_are_told_by_uid() -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "1"}
    desired = body("v1", "ConfigMap", metadata={"ownerReferences": [owner]})
    assert changed(desired, "/metadata/ownerReferences/0/name", "x") == {"/metadata/ownerReferences/0/name": "changed"}
    assert changed(desired, "/metadata/ownerReferences", []) == {"/metadata/ownerReferences/0": "removed"}


def test_identity_status_and_server_metadata_are_not_compared() -> None:
    desired = body("v1", "ConfigMap", metadata={"uid": "x", "resourceVersion": "1", "creationTimestamp": None})
    desired["status"] = {"a": 1}
    live = served(body("v1", "ConfigMap"))
    live["apiVersion"] = "v2"
    assert found(desired, live) == {}


def test_a_live_object_without_anything_shows_what_is_missing() -> None:
    desired = body("v1", "ConfigMap", metadata={"labels": {"a": "b"}}, data={"a": "b"})
    assert found(desired, {"apiVersion": "v1", "kind": "ConfigMap"}) == {"/data": "removed", "/metadata": "removed"}


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


def test_neither_body_ischanged() -> None:
    desired, live = deployment(container={"ports": [{"containerPort": 80}]}), served(deployment())
    before = copy.deepcopy((desired, live))
    compare(desired, live, schema_of("apps/v1", "Deployment"))
    assert (desired, live) == before
