"""Scope `exact`: every live value that nobody declared and the server's own doing does not explain, whoever set it.

`expected` is what the API server makes of the desired object by itself (a dry run under another name), where it could
be asked: then what admission adds is explained too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from drift.core.explain import explained
from drift.core.nodes import ListType, Node, Shape
from drift.core.normalize import Keyed, canonical, keyed
from drift.core.objects import Body
from drift.core.paths import Place, Token, locate, member

_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_METADATA = frozenset({"labels", "annotations", "finalizers", "ownerReferences"})


def undeclared(wanted: Body, live: Body, root: Node, expected: Body | None = None) -> tuple[Place, ...]:
    """Return the places; `wanted` as `normalize.declared` gives it."""
    found = _walk(wanted, (live,), expected, root, ())
    return tuple(locate(tokens, root, desired=wanted, live=live) for tokens in found)


def _walk(
    wanted: Any, around: tuple[Any, ...], expected: Any, node: Node, at: tuple[Token, ...]
) -> Iterator[tuple[Token, ...]]:
    for token, there in _members(around[0], node):
        if there is None or _outside(token, at):
            continue
        mine, foreseen = member(wanted, token, node), member(expected, token, node)
        child = node.field(token) if isinstance(token, str) else node.item()
        if mine is not None:
            if not _whole(child, there):
                yield from _walk(mine, (there, *around), foreseen, child, (*at, token))
        elif not _foreseen(there, foreseen, child) and not _of_server(token, there, node, around, wanted):
            yield (*at, token)


def _of_server(token: Token, there: Any, node: Node, around: tuple[Any, ...], wanted: Any) -> bool:
    beside = wanted if isinstance(wanted, Mapping) else {}
    return isinstance(token, str) and explained(token, there, node, around, beside)


def _foreseen(there: Any, foreseen: Any, node: Node) -> bool:
    return foreseen is not None and canonical(there, node) == canonical(foreseen, node)


def _whole(node: Node, value: Any) -> bool:
    """Atomic values are compared as a whole by `compare`."""
    if isinstance(value, Mapping):
        return node.atomic
    return not isinstance(value, list) or node.shape is not Shape.LIST or node.list_type is ListType.ATOMIC


def _outside(token: Token, at: tuple[Token, ...]) -> bool:
    if not at:
        return token in _IDENTITY
    return at == ("metadata",) and token not in _METADATA


def _members(value: Any, node: Node) -> Iterator[tuple[Token, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from (keyed(value, node) or Keyed()).items()
