"""What a person added inside what desired declares, found through managedFields (decision D3).

Only the fields of human managers are walked: what a controller or admission added is no drift. What the server's own
defaulting explains is no addition either, although managedFields books it on whoever created the object.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from drift.core.explain import completed, explained, fits, has_default
from drift.core.nodes import ListType, Node, Shape
from drift.core.normalize import is_zero
from drift.core.objects import Body
from drift.core.ownership import Entry, Managers, Owner, granular, members, owners_of
from drift.core.paths import Place, Token, locate, member

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CLIENT_SIDE_APPLY = "kubectl-client-side-apply"
_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_WALKED_METADATA = frozenset({"labels", "annotations", "finalizers", "ownerReferences"})


class Addition(msgspec.Struct, frozen=True, eq=False):
    """A live value that desired does not mention, and the person who owns it."""

    place: Place
    owner: Owner

    def __repr__(self) -> str:
        return f"Addition({self.place.pointer}, {self.owner.manager})"


def additions(
    wanted: Body, live: Body, root: Node, entries: Iterable[Entry], managers: Managers
) -> tuple[Addition, ...]:
    """Return the additions of human managers; `wanted` as `normalize.declared` gives it."""
    held = tuple(entries)
    others = tuple(entry for entry in held if not managers.is_human(entry.owner.manager))
    found: dict[str, Addition] = {}
    for entry in held:
        if entry.owner.subresource == "status" or not managers.is_human(entry.owner.manager):
            continue
        search = _Search(root, others)
        for tokens in search.walk(entry.fields, (wanted, live, _last_applied(entry.owner, live)), root, (), ()):
            place = locate(tokens, root, desired=wanted, live=live)
            known = found.get(place.pointer)
            if known is None or known.owner.time < entry.owner.time:
                found[place.pointer] = Addition(place, entry.owner)
    return tuple(found[pointer] for pointer in sorted(found) if not _told_above(pointer, found))


def _told_above(pointer: str, found: Iterable[str]) -> bool:
    return any(pointer.startswith(f"{other}/") for other in found)


def _last_applied(owner: Owner, live: Body) -> Any:
    """What `kubectl apply` itself declared: the rest of its fields are the server's defaults.

    Returns the live body where that is not known, so that nothing is explained away by it.
    """
    if owner.manager != _CLIENT_SIDE_APPLY:
        return live
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(_LAST_APPLIED)
    try:
        value = json.loads(text) if isinstance(text, str) else live
    except ValueError:
        return live
    return value if isinstance(value, dict) else live


class _Search:
    """Looks for what one person added to an object in which `others` own fields too."""

    def __init__(self, root: Node, others: tuple[Entry, ...]) -> None:
        self._root = root
        self._others = others

    def walk(
        self,
        fields: Mapping[str, Any],
        sides: tuple[Any, Any, Any],
        node: Node,
        at: tuple[Token, ...],
        around: tuple[Any, ...],
    ) -> Iterator[tuple[Token, ...]]:
        """Yield additions below `at`; `sides` are desired, live and what the owner declared, `around` is live."""
        around = (sides[1], *around)
        for token, below in members(fields, node):
            mine, there, before = (member(side, token, node) for side in sides)
            if there is None or before is None or _outside(token, at):
                continue
            child = node.field(token) if isinstance(token, str) else node.item()
            if isinstance(token, str) and _of_server(token, mine, there, node, around, _members_of(sides[0])):
                continue
            if not below and there and isinstance(there, Mapping | list) and granular(child):
                continue  # the person made it empty: what is in it is of others
            inside = bool(below) and not _opaque(child, there)
            if mine is None and not (inside and self._in_parts(token, below, node, (*at, token))):
                yield (*at, token)
            elif inside:
                yield from self.walk(below, (mine, there, before), child, (*at, token), around)

    def _in_parts(self, token: Token, below: Mapping[str, Any], node: Node, tokens: tuple[Token, ...]) -> bool:
        """Whether not the thing itself is told but what the person put inside, as somebody else made it.

        A probe without its required port would be invalid: it goes as a whole. Entries of labels, annotations, data
        and other maps are told one by one, as each can have a reason of its own; a map that stays when it is empty
        goes as a whole too.
        """
        child = node.field(token) if isinstance(token, str) else node.item()
        there_anyway = token in node.zero or (isinstance(token, str) and has_default(token, node))
        if tokens[:1] == ("metadata",) or (child.shape in {Shape.MAP, Shape.STRUCT} and there_anyway):
            return True
        return "." not in below and bool(owners_of(tokens, self._root, self._others))


def _of_server(
    token: str, mine: Any, there: Any, node: Node, around: tuple[Any, ...], beside: Mapping[str, Any]
) -> bool:
    child = node.field(token)
    unset = mine is None or (token in node.zero and child.shape is not Shape.STRUCT and is_zero(mine, child))
    if not unset:
        return completed(token, mine, there, node, around)
    if token in beside and node.shape is Shape.MAP and is_zero(there, child):
        return True  # a null in a map is an entry
    return explained(token, there, node, around, beside) and fits(token, there, node, around, beside)


def _outside(token: Token, at: tuple[Token, ...]) -> bool:
    """Identity, status and server-owned metadata are nobody's additions; neither is the last-applied note."""
    if not at:
        return token in _IDENTITY
    if at == ("metadata",):
        return token not in _WALKED_METADATA
    return at == ("metadata", "annotations") and token == _LAST_APPLIED


def _opaque(node: Node, value: Any) -> bool:
    """Atomic values are compared as a whole by `compare`."""
    if node.atomic:
        return True
    return isinstance(value, list) and (node.shape is not Shape.LIST or node.list_type is ListType.ATOMIC)


def _members_of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
