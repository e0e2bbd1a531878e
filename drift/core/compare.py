"""compare(desired, live, schema): which declared fields differ.

A walk over both trees (see `prune`) finds nothing in the usual case, or the pruned pair of subtrees that differ;
DeepDiff explains that pair; its paths are translated to JSON Pointers. What desired does not mention is not looked at
here (see `additions`), except inside what the schema calls atomic: there an addition is a change of the whole.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from drift.core.nodes import Node
from drift.core.normalize import declared
from drift.core.objects import Body
from drift.core.paths import Place, Token, locate
from drift.core.prune import Pair, prune
from drift.core.schema import KindSchema


class Edit(msgspec.Struct, frozen=True, eq=False):
    """One differing field. `op`: changed, removed or added. Values are raw (a Secret's must be masked before use)."""

    place: Place
    op: str
    desired: Any = None
    live: Any = None

    def __repr__(self) -> str:
        return f"Edit({self.op} {self.place.pointer})"


def compare(desired: Body, live: Body, schema: KindSchema) -> tuple[Edit, ...]:
    """Return the differences of the declared fields, in path order; empty means in sync.

    `desired` and `live` are decoded JSON objects of the same kind, as applied and as served.
    """
    wanted = declared(desired)
    pair = prune(wanted, live, schema.root)
    if pair is None:
        return ()
    return tuple(sorted(_explain(pair, wanted, live, schema.root), key=lambda edit: edit.place.pointer))


def matches(desired: Body, live: Body, schema: KindSchema) -> bool:
    """Whether every declared field is as desired: the fast answer, without explanation."""
    return prune(declared(desired), live, schema.root) is None


def _explain(pair: Pair, desired: Body, live: Body, root: Node) -> Iterator[Edit]:
    edits = {edit.place.tokens: edit for edit in _edits(pair, desired, live, root)}
    for tokens, edit in edits.items():
        if not any(tokens[:depth] in edits for depth in range(len(tokens))):  # told by a whole around it
            yield edit


def _edits(pair: Pair, desired: Body, live: Body, root: Node) -> Iterator[Edit]:
    for tokens, op in _deep_differences(pair):
        place = locate(tokens, root, desired=desired, live=live)
        if place.atomic_depth is None or (op != "added" and not place.resized):
            yield Edit(place, op, place.desired, place.live)
        else:
            whole = locate(tokens[: place.atomic_depth], root, desired=desired, live=live)
            yield Edit(whole, "changed", whole.desired, whole.live)


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
    "dictionary_item_removed": "removed",
}
