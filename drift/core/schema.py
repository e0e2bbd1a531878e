"""What a kind's schema says, compiled once from OpenAPI v3 into a tree that comparing can walk quickly.

Rules and their sources: list and map semantics are the `x-kubernetes-list-type`, `-list-map-keys`, `-map-type`
extensions (Kubernetes documentation, "Server-Side Apply", merge strategy); a list without them is atomic, as for
the server. Which zero values vanish on a round trip is not in OpenAPI: the `TypeTable`, generated from the Go
types, says it for built-in kinds. Custom resources keep their zero values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from drift.core.nodes import ANY_NODE, FREE_NODE, LOOSE_NODE, Form, ListType, Node, Shape, bare_root, mark_exact
from drift.core.objects import split_api_version

_REF = "#/components/schemas/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
# Go unions whose OpenAPI form says nothing: an object in them is a JSONSchemaProps.
_SCHEMA_UNIONS = frozenset({f"{_JSON_SCHEMA}OrArray", f"{_JSON_SCHEMA}OrBool", f"{_JSON_SCHEMA}OrStringArray"})
# Members that the server itself puts into an embedded object, beside what the generated table knows.
_DERIVED = {
    "io.k8s.api.core.v1.PersistentVolumeClaim": dict.fromkeys(
        ("apiVersion", "kind", "status"), "filled in volumeClaimTemplates by the server"
    ),
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": dict.fromkeys(
        ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"),
        "server-owned metadata",
    ),
}
# What controller-gen writes for a resource.Quantity in a CRD.
_QUANTITY_PATTERN_HINT = "[KMGTPE]i"


_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_LOOSE_ROOT, _STRICT_ROOT = bare_root(LOOSE_NODE), bare_root(ANY_NODE)


class TypeTable(msgspec.Struct, frozen=True):
    """Facts of the Go types, by OpenAPI component name (generated, see tests/controlplane/typetable).

    `zero`: fields whose zero value cannot be told from absent. `defaults`: the values that the server's own
    defaulting sets. `derived`: fields that the server computes from others, with the reason.
    """

    zero: Mapping[str, frozenset[str]] = {}
    defaults: Mapping[str, Mapping[str, tuple[Any, ...]]] = {}
    derived: Mapping[str, Mapping[str, str]] = {}


class KindSchema(msgspec.Struct, frozen=True, eq=False):
    """Schema of one kind. `builtin`: its Go type is in the type table. `known`: False where nothing is known."""

    group: str
    version: str
    kind: str
    root: Node
    builtin: bool = False
    known: bool = True

    @classmethod
    def unknown(cls, api_version: str, kind: str) -> "KindSchema":
        """Nothing is known but metadata: every value is compared as it stands."""
        group, version = split_api_version(api_version)
        return cls(group, version, kind, _LOOSE_ROOT, known=False)

    def strict(self) -> "KindSchema":
        """Return the same for a kind of which nothing is known, but with every addition inside a list told."""
        return msgspec.structs.replace(self, root=_STRICT_ROOT)


class SchemaDocument:
    """The components of one OpenAPI v3 document, compiled on demand; equal components share their nodes."""

    def __init__(self, components: Mapping[str, Any], table: TypeTable) -> None:
        """`components` is `components.schemas` of the document."""
        self._components = components
        self._table = table
        self._nodes: dict[str, Node] = {}
        self._fresh: list[Node] = []
        self._sites: list[tuple[Node, Node, Mapping[str, Any]]] = []
        self._kinds = dict(_kinds(components))

    def kinds(self) -> tuple[tuple[str, str, str], ...]:
        """Return every (group, version, kind) the document describes."""
        return tuple(self._kinds)

    def kind(self, group: str, version: str, kind: str) -> KindSchema | None:
        """Return the schema of a kind, or None where the document has none."""
        name = self._kinds.get((group, version, kind))
        if name is None:
            return None
        root = self._named(name)
        self._settle()
        return KindSchema(group, version, kind, root, builtin=name in self._table.zero)

    def _settle(self) -> None:
        """Finish what was compiled since: the types of sites may have been half compiled when they were met."""
        for node, base, schema in self._sites:
            _see_from(node, base, schema)
        self._sites.clear()
        mark_exact(self._fresh)
        self._fresh.clear()

    def _new(self) -> Node:
        node = Node()
        self._fresh.append(node)
        return node

    def _named(self, name: str) -> Node:
        if name in _SCHEMA_UNIONS:
            name = _JSON_SCHEMA
        known = self._nodes.get(name)
        if known is None:
            known = self._nodes[name] = self._new()  # before compiling: types may contain themselves
            self._fill(known, self._components.get(name) or {}, name)
        return known

    def _node(self, schema: Mapping[str, Any]) -> Node:
        name = _reference(schema)
        if name is None or (name not in self._components and not name.startswith("io.k8s")):
            node = self._new()
            self._fill(node, schema, "")
            return node
        return self._at_site(self._named(name), schema)

    def _at_site(self, base: Node, schema: Mapping[str, Any]) -> Node:
        """Return the type's node, or one like it with what the referring place adds."""
        own = {"default", "nullable", "x-kubernetes-map-type"} & schema.keys()
        if not own or (own == {"default"} and schema["default"] in ({}, "", None)):
            return base
        node = self._new()
        _see_from(node, base, schema)
        self._sites.append((node, base, schema))
        return node

    def _fill(self, node: Node, schema: Mapping[str, Any], name: str) -> None:
        node.name = name
        node.zero = self._table.zero.get(name, frozenset())
        node.defaults = self._table.defaults.get(name, {})
        node.derived = {**self._table.derived.get(name, {}), **_DERIVED.get(name, {})}
        node.nullable = bool(schema.get("nullable"))
        node.default = schema.get("default")
        node.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        node.shape = _shape(schema, name)
        node.preserve = _preserves(schema, node.shape, name)
        node.nullable = node.nullable or (node.shape is Shape.ANY and node.preserve and "type" not in schema)
        node.atomic = schema.get("x-kubernetes-map-type") == "atomic"
        self._children(node, schema)
        if node.shape is Shape.SCALAR:
            node.form = _form(schema, name)
        elif node.shape is Shape.LIST:
            _list_semantics(node, schema)

    def _children(self, node: Node, schema: Mapping[str, Any]) -> None:
        node.rest = FREE_NODE if node.preserve else ANY_NODE
        if node.shape is Shape.STRUCT:
            node.fields = {key: self._node(sub) for key, sub in (schema.get("properties") or {}).items()}
        elif node.shape is Shape.MAP:
            extra = schema.get("additionalProperties")
            node.rest = self._node(extra) if isinstance(extra, Mapping) else ANY_NODE
        elif node.shape is Shape.LIST:
            node.child = self._node(schema.get("items") or {})
        if node.embedded:
            self._embedded(node)

    def _embedded(self, node: Node) -> None:
        """An embedded resource may always carry apiVersion, kind and metadata, which the server reads as such."""
        for key in ("apiVersion", "kind"):
            node.fields.setdefault(key, ANY_NODE)
        node.fields["metadata"] = self._named(_OBJECT_META) if _OBJECT_META in self._components else ANY_NODE


def _kinds(components: Mapping[str, Any]) -> Iterable[tuple[tuple[str, str, str], str]]:
    for name, schema in components.items():
        gvks: list[Mapping[str, str]] = schema.get("x-kubernetes-group-version-kind") or []
        if len(gvks) == 1:  # DeleteOptions and WatchEvent list every group
            gvk = gvks[0]
            yield (gvk.get("group", ""), gvk["version"], gvk["kind"]), name


def _reference(schema: Mapping[str, Any]) -> str | None:
    ref = schema.get("$ref")
    if ref is None:
        for part in schema.get("allOf") or ():
            ref = part.get("$ref") or ref
    return str(ref).removeprefix(_REF) if ref else None


def _see_from(node: Node, base: Node, schema: Mapping[str, Any]) -> None:
    """Make `node` like `base`, with what the referring place adds (default, atomic, nullable)."""
    for slot in Node.__slots__:
        setattr(node, slot, getattr(base, slot))
    node.default = schema.get("default", base.default)
    node.nullable = bool(schema.get("nullable", base.nullable))
    node.atomic = base.atomic or schema.get("x-kubernetes-map-type") == "atomic"


def _preserves(schema: Mapping[str, Any], shape: Shape, name: str) -> bool:
    """Whether members without schema are kept. An object without properties inside a custom resource keeps none."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    return shape is Shape.ANY and (bool(name) or schema.get("type") != "object")


def _shape(schema: Mapping[str, Any], name: str) -> Shape:
    kind = schema.get("type")
    if name in {_QUANTITY, _INT_OR_STRING} or schema.get("x-kubernetes-int-or-string"):
        return Shape.SCALAR
    if kind == "object":
        return _object_shape(schema)
    if kind == "array":
        return Shape.LIST
    if kind in {"string", "integer", "number", "boolean"} or schema.get("format") == "int-or-string":
        return Shape.SCALAR
    if {part.get("type") for part in schema.get("anyOf") or ()} == {"integer", "string"}:
        return Shape.SCALAR
    return Shape.STRUCT if schema.get("properties") else Shape.ANY


def _object_shape(schema: Mapping[str, Any]) -> Shape:
    if schema.get("properties"):
        return Shape.STRUCT
    extra = schema.get("additionalProperties")
    return Shape.MAP if isinstance(extra, Mapping) or extra is True else Shape.ANY


def _form(schema: Mapping[str, Any], name: str) -> Form:
    if name == _QUANTITY or _QUANTITY_PATTERN_HINT in str(schema.get("pattern") or ""):
        return Form.QUANTITY
    if name == _INT_OR_STRING or schema.get("x-kubernetes-int-or-string"):
        return Form.INT_OR_STRING
    named = {"int-or-string": Form.INT_OR_STRING, "byte": Form.BYTES, "date-time": Form.TIME}
    return named.get(str(schema.get("format") or ""), Form.PLAIN)


def _list_semantics(node: Node, schema: Mapping[str, Any]) -> None:
    kind = schema.get("x-kubernetes-list-type")
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    if kind == "map" and keys:
        node.keys = keys
    elif kind is None and merge_key and "merge" in str(schema.get("x-kubernetes-patch-strategy") or ""):
        node.keys = (str(merge_key),)
    if node.keys:
        node.list_type = ListType.MAP
        item = node.item()
        node.key_defaults = tuple(_key_default(item, key) for key in node.keys)
    elif kind == "set" or (kind is None and schema.get("x-kubernetes-patch-strategy") == "merge"):
        node.list_type = ListType.SET


def _key_default(item: Node, key: str) -> Any:
    own = item.field(key).default
    if own is not None:
        return own
    known = item.defaults.get(key) or ()
    return known[0] if len(known) == 1 else None


__all__ = [
    "ANY_NODE",
    "Form",
    "KindSchema",
    "ListType",
    "Node",
    "SchemaDocument",
    "Shape",
    "TypeTable",
]
