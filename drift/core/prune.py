"""The walk over a desired and a live tree: nothing in the usual case, else the pair of subtrees that differ.

The pair holds keyed lists as maps by merge key and ordered lists as maps by index, so that every token of a path
means the same on both sides. This is the hot path of the whole service: an event in sync ends here.
"""

from collections.abc import Mapping
from typing import Any

from drift.core.explain import defaulted, explained
from drift.core.nodes import ListType, Node, Shape
from drift.core.normalize import Keyed, drops, is_zero, keyed
from drift.core.objects import Body
from drift.core.scalars import same_scalar

Pair = tuple[Any, Any]
_ABSENT: Any = object()
# Two of one of these are equal exactly when Python says so, as is all below an `exact` node.
_SIMPLE = frozenset({str, int, bool})


def prune(wanted: Body, live: Body, root: Node) -> Pair | None:
    """Return the differing subtrees of a declared body (see `normalize.declared`) and a live one; None when equal."""
    return _prune_map(wanted, live, root, strict=False)


def _prune(desired: Any, live: Any, node: Node, *, strict: bool) -> Pair | None:
    if isinstance(desired, dict):
        if isinstance(live, dict):
            return _prune_map(desired, live, node, strict=strict or node.atomic)
    elif isinstance(desired, list):
        if isinstance(live, list):
            return _prune_list(desired, live, node, strict=strict)
    elif same_scalar(desired, live, node.form):
        return None
    return _leaf(desired, "desired"), _leaf(live, "live")


def _leaf(value: Any, side: str) -> Any:
    """Return what stands for a leaf that differs: DeepDiff would line-diff a text and list a whole subtree."""
    return side if isinstance(value, dict | list) or (isinstance(value, str) and "\n" in value) else value


def _prune_map(desired: Mapping[str, Any], live: Mapping[str, Any], node: Node, *, strict: bool) -> Pair | None:
    left: dict[str, Any] = {}
    right: dict[str, Any] = {}
    fields, rest = node.fields, node.rest
    for key, value in desired.items():
        other, child = live.get(key), fields.get(key, rest)
        if (child.exact or value.__class__ is other.__class__ in _SIMPLE) and value == other:
            continue
        pair = _prune_member(key, value, other, node, child, strict=strict)
        if pair is not None and not defaulted(key, value, other, node, (live,), desired):
            _put(left, key, pair[0])
            _put(right, key, pair[1])
    if strict:
        right.update(_intruders(desired, live, node))
    return (left, right) if left or right else None


def _intruders(desired: Mapping[str, Any], live: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """Members that only live has, where that makes a difference."""
    return {
        key: _leaf(value, "live")
        for key, value in live.items()
        if value is not None
        and desired.get(key) is None
        and not explained(key, value, node, (live,), desired)
        and not (key in desired and node.shape is Shape.MAP and _null_item(None, value, node.rest))
    }


def _put(side: dict[str, Any], key: str, value: Any) -> None:
    if value is not _ABSENT:
        side[key] = value


def _prune_member(key: str, value: Any, other: Any, node: Node, child: Node, *, strict: bool) -> Pair | None:
    if value is None and (other is None or not child.nullable):
        return None
    if other is None:
        return None if _vanishes(key, value, node, child) else (_leaf(value, "desired"), _ABSENT)
    return _prune(value, other, child, strict=strict)


def _vanishes(key: str, value: Any, node: Node, child: Node) -> bool:
    """A declared value that a live object cannot show: dropped as zero, or pruned as unknown."""
    return drops(key, value, node, child) or not node.knows(key)


def _prune_list(desired: list[Any], live: list[Any], node: Node, *, strict: bool) -> Pair | None:
    if node.list_type is ListType.ATOMIC:
        return _prune_ordered(desired, live, node)
    if _same_order(desired, live, node) and _all_equal(desired, live, node, strict=strict):
        return None
    one, other = keyed(desired, node), keyed(live, node)
    if one is None or other is None:
        return _prune_ordered(desired, live, node)
    return _prune_keyed(one, other, node, strict=strict)


def _same_order(desired: list[Any], live: list[Any], node: Node) -> bool:
    """Whether items pair up as they stand: the usual case, without building maps."""
    if len(desired) != len(live):
        return False
    if node.list_type is ListType.SET:
        return True
    try:
        return all(
            (one.get(key) or default) == (other.get(key) or default)
            for key, default in zip(node.keys, node.key_defaults, strict=True)
            for one, other in zip(desired, live, strict=True)
        )
    except AttributeError:  # an item that is no map
        return False


def _all_equal(desired: list[Any], live: list[Any], node: Node, *, strict: bool) -> bool:
    item = node.item()
    return all(_prune(value, other, item, strict=strict) is None for value, other in zip(desired, live, strict=True))


def _prune_keyed(desired: Keyed, live: Keyed, node: Node, *, strict: bool) -> Pair | None:
    left, right, item = Keyed(), Keyed(), node.item()
    for key, value in desired.items():
        other = live.get(key, _ABSENT)
        if other is _ABSENT:
            left[key] = _leaf(value, "desired")
        elif (pair := _prune(value, other, item, strict=strict)) is not None:
            left[key], right[key] = pair
    if strict:
        right.update({key: _leaf(live[key], "live") for key in live if key not in desired})
    return (left, right) if left or right else None


def _prune_ordered(desired: list[Any], live: list[Any], node: Node) -> Pair | None:
    """Pair by index. Where the lengths differ the first surplus item stands for the whole list."""
    item, shorter = node.item(), min(len(desired), len(live))
    if len(desired) != len(live):
        return dict(enumerate(desired[shorter:][:1], shorter)), dict(enumerate(live[shorter:][:1], shorter))
    left: dict[int, Any] = {}
    right: dict[int, Any] = {}
    for index, (value, other) in enumerate(zip(desired, live, strict=True)):
        pair = None if _null_item(value, other, item) else _prune(value, other, item, strict=not item.loose)
        if pair is not None:
            left[index], right[index] = pair
    return (left, right) if left else None


def _null_item(value: Any, other: Any, node: Node) -> bool:
    """A null in a list or map is the zero value of its type, where it is not null itself."""
    return value is None and (other is None or (not node.nullable and is_zero(other, node)))
