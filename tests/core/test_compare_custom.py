import copy
from typing import Any

from tests.core.examples import (
    body,
    changed,
    custom,
    found,
    served,
    thing,
)

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"


def test_schemas_of_custom_resource_definitions_are_compared_down_to_the_leaf() -> None:
    leaf = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "default": ""}}}}
    spec: dict[str, Any] = {
        "group": "e.com",
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {"s": leaf}}}}],
    }
    desired = body("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/s/properties/a/items/type"
    assert found(desired, served(desired)) == {}
    assert changed(desired, path, "integer") in ({path: "changed"}, {"/spec/versions": "changed"})


def test_unknown_fields_kept_by_a_custom_resource_are_compared() -> None:
    keep = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    embedded = {**keep, "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    schema = custom({"any": keep, "object": embedded})
    desired = thing(
        {"any": {"a": [{"b": 1}]}, "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}}
    )
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
    number = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    pattern = rf"^(\+|-)?{number}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{number}))?$"
    size = {"anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": pattern, "x-kubernetes-int-or-string": True}
    schema = custom({"size": size})
    assert found(thing({"size": "1024Mi"}), thing({"size": "1Gi"}), schema) == {}
    assert found(thing({"size": "1024Mi"}), thing({"size": "2Gi"}), schema) == {"/spec/size": "changed"}
