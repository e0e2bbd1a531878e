"""compare(desired, live, schema): which declared fields differ.

A walk over both trees finds nothing in the usual case, or the pruned pair of subtrees that differ; DeepDiff explains
that pair; its paths are translated to JSON Pointers. What desired does not mention is not looked at here (see
`additions`), except inside what the schema calls atomic: there an addition is a change of the whole.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from drift.core.normalize import Keyed, canonical, declared, drops, explained, is_default, is_zero, keyed
from drift.core.objects import Body
from drift.core.paths import Place, Token, locate
from drift.core.scalars import same_scalar
from drift.core.schema import KindSchema, ListType, Node, Shape

_ABSENT: Any = object()
_EQUAL = "="  # stands on both sides for an equal item of a pruned list
Pair = tuple[Any, Any]


class Edit(msgspec.Struct, frozen=True, eq=False):
    """One differing field. `op`: changed, removed or added. Values are raw (a Secret's must be masked before use)."""

    place: Place
    op: str
    desired: Any = None
    live: Any = None


def compare(desired: Body, live: Body, schema: KindSchema) -> tuple[Edit, ...]:
    """Return the differences of the declared fields, in path order; empty means in sync.

    `desired` and `live` are decoded JSON objects of the same kind, as applied and as served.
    """
    wanted = declared(desired)
    pair = prune_root(wanted, live, schema.root)
    if pair is None:
        return ()
    return tuple(sorted(_explain(pair, wanted, live, schema.root), key=lambda edit: edit.place.pointer))


def matches(desired: Body, live: Body, schema: KindSchema) -> bool:
    """Whether every declared field is as desired: the fast answer, without explanation."""
    return prune_root(declared(desired), live, schema.root) is None


def prune_root(wanted: Body, live: Body, root: Node) -> Pair | None:
    """Return the differing subtrees of a declared body (see `declared`) and a live one; None when equal."""
    return _prune_map(wanted, live, root, strict=False)


def _prune(desired: Any, live: Any, node: Node, *, strict: bool) -> Pair | None:
    if isinstance(desired, Mapping):
        if not isinstance(live, Mapping):
            return canonical(desired, node), canonical(live, node)
        return _prune_map(desired, live, node, strict=strict or node.atomic)
    if isinstance(desired, list):
        if not isinstance(live, list):
            return canonical(desired, node), canonical(live, node)
        return _prune_list(desired, live, node, strict=strict)
    if same_scalar(desired, live, node.form):
        return None
    return canonical(desired, node), canonical(live, node)


def _prune_map(
    desired: Mapping[str, Any], live: Mapping[str, Any], node: Node, *, strict: bool
) -> Pair | None:
    left: dict[str, Any] = {}
    right: dict[str, Any] = {}
    for key, value in desired.items():
        pair = _prune_member(key, value, live.get(key), node, strict=strict)
        if pair is not None:
            _put(left, key, pair[0])
            _put(right, key, pair[1])
    if strict:
        for key in live.keys() - desired.keys():
            if not explained(key, live[key], node):
                right[key] = canonical(live[key], node.field(key))
    return (left, right) if left or right else None


def _put(side: dict[str, Any], key: str, value: Any) -> None:
    if value is not _ABSENT:
        side[key] = value


def _prune_member(key: str, value: Any, other: Any, node: Node, *, strict: bool) -> Pair | None:
    child = node.field(key)
    if value is None and (not child.nullable or other is None):
        return None
    if other is None:
        return None if _vanishes(key, value, node, child) else (canonical(value, child), _ABSENT)
    pair = _prune(value, other, child, strict=strict)
    if pair is None or _defaulted(key, value, other, node, child):
        return None
    return pair


def _vanishes(key: str, value: Any, node: Node, child: Node) -> bool:
    """A declared value that a live object cannot show: dropped as zero, or pruned as unknown."""
    return drops(key, value, node, child) or not node.knows(key)


def _defaulted(key: str, value: Any, other: Any, node: Node, child: Node) -> bool:
    """A declared zero value counts as unset where Go cannot tell: then the server's default stands."""
    return key in node.zero and is_zero(value, child) and is_default(key, other, node)


def _prune_list(desired: list[Any], live: list[Any], node: Node, *, strict: bool) -> Pair | None:
    if node.shape is Shape.LIST and node.list_type is not ListType.ATOMIC:
        one, other = keyed(desired, node), keyed(live, node)
        if one is not None and other is not None:
            return _prune_keyed(one, other, node, strict=strict)
    return _prune_atomic(desired, live, node)


def _prune_keyed(desired: Keyed, live: Keyed, node: Node, *, strict: bool) -> Pair | None:
    left, right, item = Keyed(), Keyed(), node.item()
    for key, value in desired.items():
        other = live.get(key, _ABSENT)
        if other is _ABSENT:
            left[key] = canonical(value, item)
        elif (pair := _prune(value, other, item, strict=strict)) is not None:
            left[key], right[key] = pair
    if strict:
        right.update({key: canonical(live[key], item) for key in live.keys() - desired.keys()})
    return (left, right) if left or right else None


def _prune_atomic(desired: list[Any], live: list[Any], node: Node) -> Pair | None:
    item = node.item()
    if len(desired) != len(live):
        return [canonical(value, item) for value in desired], [canonical(value, item) for value in live]
    left, right = [], []
    for value, other in zip(desired, live, strict=True):
        pair = _prune(value, other, item, strict=True) or (_EQUAL, _EQUAL)
        left.append(pair[0])
        right.append(pair[1])
    return (left, right) if any(side is not _EQUAL for side in left) else None


def _explain(pair: Pair, desired: Body, live: Body, root: Node) -> Iterator[Edit]:
    seen: set[str] = set()
    for tokens, op in _deep_differences(pair):
        edit = _edit(tokens, op, desired, live, root)
        if edit.place.pointer not in seen:
            seen.add(edit.place.pointer)
            yield edit


def _edit(tokens: list[Token], op: str, desired: Body, live: Body, root: Node) -> Edit:
    place = locate(tokens, root, desired=desired, live=live)
    if place.atomic_depth is not None and (op == "added" or place.resized):
        place = locate(tokens[: place.atomic_depth], root, desired=desired, live=live)
        op = "changed"
    return Edit(place, op, place.desired, place.live)


def _deep_differences(pair: Pair) -> Iterator[tuple[list[Token], str]]:
    """DeepDiff's tree view as (tokens, op); the settings are measured, see docs/compare.md."""
    from deepdiff import DeepDiff

    tree = DeepDiff(
        pair[0],
        pair[1],
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
        verbose_level=1,
    )
    for report, levels in tree.items():
        for level in levels:
            yield level.path(output_format="list"), _OPS.get(report, "changed")


_OPS = {
    "dictionary_item_added": "added",
    "iterable_item_added": "added",
    "dictionary_item_removed": "removed",
    "iterable_item_removed": "removed",
}
