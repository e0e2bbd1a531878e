"""What a former revision declared, this one does not, and is still live.

Helm and `kubectl apply` remove such fields when they upgrade; one that is still there was put back or never went. A
field that a controller owns now (an autoscaler's replicas) is that controller's, and what the server's defaulting
explains is nobody's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drift.core.explain import explained
from drift.core.nodes import ListType, Node, Shape
from drift.core.normalize import keyed
from drift.core.objects import Body
from drift.core.ownership import Entry, Managers, owners_of
from drift.core.paths import Place, Token, locate, member

_METADATA = ("labels", "annotations")


def dropped(
    former: Body,
    wanted: Body,
    live: Body,
    root: Node,
    entries: Iterable[Entry],
    own: frozenset[str],
    managers: Managers,
) -> tuple[Place, ...]:
    """Return the places; `former` and `wanted` as `normalize.declared` gives them, `own` are the tools' managers."""
    held = tuple(entries)
    found = []
    for tokens in _walk(former, wanted, (live,), root, ()):
        owners = owners_of(tokens, root, held)
        if all(owner.manager in own or managers.is_human(owner.manager) for owner in owners):
            found.append(locate(tokens, root, desired=wanted, live=live))
    return tuple(found)


def _walk(
    former: Any, wanted: Any, around: tuple[Any, ...], node: Node, at: tuple[Token, ...]
) -> Iterator[tuple[Token, ...]]:
    if node.atomic:
        return
    for token, before in _members(former, node):
        there = member(around[0], token, node)
        if there is None or before is None or _outside(token, at):
            continue
        mine = member(wanted, token, node)
        child = node.field(token) if isinstance(token, str) else node.item()
        if mine is not None:
            yield from _walk(before, mine, (there, *around), child, (*at, token))
        elif not (isinstance(token, str) and explained(token, there, node, around)):
            yield (*at, token)


def _outside(token: Token, at: tuple[Token, ...]) -> bool:
    return at == ("metadata",) and token not in _METADATA


def _members(value: Any, node: Node) -> Iterator[tuple[Token, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list) and node.shape is Shape.LIST and node.list_type is not ListType.ATOMIC:
        yield from (keyed(value, node) or {}).items()


_MARKS = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
_KEEP = "helm.sh/resource-policy"


def still_of_source(former: Body, live: Body) -> bool:
    """Whether a live object still belongs to the source that declared it once, and may not be kept on purpose."""
    before, now = _annotations(former), _annotations(live)
    if "keep" in {before.get(_KEEP), now.get(_KEEP)}:
        return False
    return any(before.get(mark) for mark in _MARKS) and all(before.get(mark) == now.get(mark) for mark in _MARKS)


def _annotations(body: Body) -> Mapping[str, Any]:
    return (body.get("metadata") or {}).get("annotations") or {}
