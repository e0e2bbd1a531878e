from typing import Any

from drift.core.nodes import ANY_NODE, Form, ListType, Node, Shape
from drift.core.schema import KindSchema, SchemaDocument, TypeTable
from drift.kube.tables import type_table
from tests.core.examples import custom, schema_of


def _path(node: Node, *steps: str) -> Node:
    for step in steps:
        node = node.item() if step == "*" else node.field(step)
    return node


_POD = _path(schema_of("apps/v1", "Deployment").root, "spec", "template", "spec")


def test_lists_are_told_apart_by_what_the_schema_says() -> None:
    env = _path(_POD, "containers", "*", "env")
    assert (env.list_type, env.keys) == (ListType.MAP, ("name",))
    ports = _path(_POD, "containers", "*", "ports")
    assert (ports.keys, ports.key_defaults) == (("containerPort", "protocol"), (0, "TCP"))
    assert _path(_POD, "containers", "*", "args").list_type is ListType.ATOMIC
    assert _path(schema_of("v1", "ConfigMap").root, "metadata", "finalizers").list_type is ListType.SET
    assert _path(schema_of("v1", "ConfigMap").root, "metadata", "ownerReferences").keys == ("uid",)


def test_atomic_maps_are_known_at_their_site() -> None:
    assert _path(schema_of("v1", "Service").root, "spec", "selector").atomic
    assert _path(_POD, "nodeSelector").atomic
    assert _path(schema_of("apps/v1", "Deployment").root, "spec", "selector").atomic
    assert not _path(_POD, "containers", "*", "resources", "limits").atomic


def test_scalars_have_their_form() -> None:
    assert _path(_POD, "containers", "*", "resources", "limits", "cpu").form is Form.QUANTITY
    assert _path(_POD, "containers", "*", "livenessProbe", "httpGet", "port").form is Form.INT_OR_STRING
    assert _path(schema_of("v1", "Secret").root, "data", "any").form is Form.BYTES
    assert _path(schema_of("v1", "Secret").root, "metadata", "creationTimestamp").form is Form.TIME


def test_types_may_contain_themselves() -> None:
    root = schema_of("apiextensions.k8s.io/v1", "CustomResourceDefinition").root
    schema = _path(root, "spec", "versions", "*", "schema", "openAPIV3Schema")
    assert _path(schema, "properties", "a", "properties", "b", "items").name == schema.name
    assert _path(schema, "additionalProperties", "type").shape is Shape.SCALAR


def test_a_site_of_a_type_that_is_still_being_compiled_is_complete_afterwards() -> None:
    components: dict[str, Any] = {
        "Tree": {
            "type": "object",
            "properties": {
                "left": {"allOf": [{"$ref": "#/components/schemas/Tree"}], "nullable": True},
                "name": {"type": "string"},
                "more": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Tree"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "g", "version": "v1", "kind": "Tree"}],
        }
    }
    found = SchemaDocument(components, TypeTable()).kind("g", "v1", "Tree")
    assert found is not None
    left = _path(found.root, "left", "left", "more", "x", "left")
    assert left.nullable
    assert left.fields.keys() == {"left", "name", "more"}
    assert found.root.exact
    assert left.exact


def test_equality_of_python_decides_only_where_every_scalar_has_a_type() -> None:
    assert _path(_POD, "containers").exact
    assert not ANY_NODE.exact
    keep = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = custom({"a": {"type": "object", "properties": {"deep": keep}}, "b": {"type": "string"}})
    assert not _path(schema.root, "spec", "a").exact
    assert _path(schema.root, "spec", "b").exact


def test_members_without_schema_are_known_to_be_pruned_or_kept() -> None:
    keep = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = custom({"closed": {"type": "object"}, "open": keep, "free": {"x-kubernetes-preserve-unknown-fields": True}})
    node = _path(spec.root, "spec")
    assert not node.knows("x")
    assert not node.field("closed").knows("x")
    assert node.field("open").knows("x")
    assert node.field("free").knows("x")
    assert schema_of("apps/v1", "ControllerRevision").root.field("data").knows("x")


def test_older_servers_say_merge_strategies_instead_of_list_types() -> None:
    listed = {"type": "array", "x-kubernetes-patch-strategy": "merge", "items": {"type": "object"}}
    spec = custom({"keyed": {**listed, "x-kubernetes-patch-merge-key": "name"}, "set": listed}).root.field("spec")
    assert (spec.field("keyed").list_type, spec.field("keyed").keys) == (ListType.MAP, ("name",))
    assert spec.field("set").list_type is ListType.SET


def test_an_int_or_string_is_known_by_any_of_its_spellings() -> None:
    either = [{"type": "integer"}, {"type": "string"}]
    spec = custom({"a": {"anyOf": either}, "b": {"x-kubernetes-int-or-string": True}}).root.field("spec")
    assert spec.field("a").shape is Shape.SCALAR
    assert spec.field("b").form is Form.INT_OR_STRING


def test_kinds_that_a_document_does_not_have() -> None:
    document = SchemaDocument({}, type_table())
    assert document.kinds() == ()
    assert document.kind("apps", "v1", "Deployment") is None
    blind = KindSchema.unknown("apps/v1", "Deployment")
    assert (blind.group, blind.version, blind.known) == ("apps", "v1", False)
