"""Canonical form of a body under its schema.

Keyed lists become maps, sets become maps of themselves, scalars take one form, what the server cannot tell from
absent is dropped. Idempotent: `canonical(canonical(x)) == canonical(x)`. Must never guess: what the schema does not
say is kept as it stands.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from drift.core.nodes import Form, ListType, Node, Shape
from drift.core.objects import Body
from drift.core.scalars import canonical_scalar

# Server-owned or identifying metadata: never compared. What is left is labels, annotations, finalizers, owners.
_COMPARED_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")


class Keyed(dict[Any, Any]):
    """A list turned into a map by its merge key (or a set by its values): key tuple -> item.

    What comes twice (duplicate names in `env`: the server keeps them, the last one wins) has the number of its
    occurrence behind its key from the second on.
    """

    __slots__ = ()


def key_of(item: Any, node: Node) -> tuple[Any, ...] | None:
    """Merge key of one item of a keyed list; None when the item has none."""
    if not isinstance(item, Mapping):
        return None
    values = []
    for key, default in zip(node.keys, node.key_defaults, strict=True):
        value = item.get(key)
        value = default if default is not None and not value else value
        values.append(canonical_scalar(value, node.item().field(key).form))
    # A key without default may be absent only where another one tells the items apart.
    if all(value is None for value in values) or any(isinstance(value, dict | list) for value in values):
        return None
    return tuple(values)


def keyed(items: Any, node: Node) -> Keyed | None:
    """Turn a list into a map of its raw items; None where an item has no key (then order decides)."""
    if isinstance(items, Keyed):
        return items
    found = Keyed()
    seen: dict[Any, int] = {}
    for item in items:
        key = key_of(item, node) if node.list_type is ListType.MAP else set_key(item, node)
        if key is None:
            return None
        count = seen[key] = seen.get(key, 0) + 1
        found[key if count == 1 else (*key, count)] = item
    return found


def set_key(item: Any, node: Node) -> tuple[Any, ...] | None:
    """Return what a member of a set is told apart by: its value; True is not 1."""
    if isinstance(item, dict | list):
        return None
    value = canonical_scalar(item, node.item().form)
    return (type(value) is bool, value)


def canonical(value: Any, node: Node) -> Any:
    """Return the canonical tree of a value; see the module docstring."""
    if isinstance(value, Mapping) and not isinstance(value, Keyed):
        return _canonical_map(value, node)
    if isinstance(value, list | tuple | Keyed):
        return _canonical_list(value, node)
    return canonical_scalar(value, node.form)


def _canonical_map(value: Mapping[str, Any], node: Node) -> dict[str, Any]:
    result = {}
    for key, member in value.items():
        child = node.field(key)
        if drops(key, member, node, child):
            continue
        result[key] = canonical(member, child)
    return result


def _canonical_list(value: Sequence[Any] | Keyed, node: Node) -> Any:
    if node.shape is Shape.LIST and node.list_type is not ListType.ATOMIC:
        items = keyed(value, node)
        if items is not None:
            item = node.item()
            return Keyed({key: canonical(member, item) for key, member in items.items()})
    return [canonical(member, node.item()) for member in value]


def drops(key: str, value: Any, node: Node, child: Node) -> bool:
    """Whether the server cannot tell this member from an absent one."""
    if value is None:
        return not child.nullable
    return key in node.zero and is_zero(value, child)


def is_zero(value: Any, node: Node) -> bool:
    """Whether a value is Go's zero value of its type, once what vanishes inside is gone."""
    if isinstance(value, Mapping):
        return all(drops(key, member, node, node.field(key)) for key, member in value.items())
    if isinstance(value, list | tuple):
        return not value
    if node.form is Form.QUANTITY:
        return value is None  # "0" is a value of its own for a quantity inside a map
    return value is None or value is False or value == "" or (value == 0 and value is not True)


def declared(body: Body) -> dict[str, Any]:
    """Return what of a desired body can be compared: no identity, no status, stringData folded into data.

    An aggregated ClusterRole's rules belong to the controller that aggregates them.
    """
    result = {key: value for key, value in body.items() if key not in {"apiVersion", "kind", "status", "metadata"}}
    metadata = body.get("metadata") or {}
    result["metadata"] = {key: metadata[key] for key in _COMPARED_METADATA if metadata.get(key) is not None}
    kind = body.get("kind")
    if kind == "Secret" and body.get("apiVersion") == "v1":
        _fold_string_data(result)
    elif kind == "Service" and body.get("apiVersion") == "v1":
        _drop_affinity(result)
    elif kind == "ClusterRole" and result.get("aggregationRule") is not None:
        result.pop("rules", None)
    return result


def _drop_affinity(body: dict[str, Any]) -> None:
    """Without session affinity the server clears its configuration (SetDefaults_Service)."""
    spec = body.get("spec")
    if (
        isinstance(spec, Mapping)
        and "sessionAffinityConfig" in spec
        and spec.get("sessionAffinity") in {None, "", "None"}
    ):
        body["spec"] = {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}


def _fold_string_data(body: dict[str, Any]) -> None:
    text = body.pop("stringData", None)
    if isinstance(text, Mapping):
        data = dict(body.get("data") or {})
        data.update({key: _encode(value) for key, value in text.items()})
        body["data"] = data


def _encode(value: Any) -> Any:
    return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
