"""managedFields: who owns a path, by which operation, since when.

Source: Kubernetes documentation, "Server-Side Apply", managers and the FieldsV1 format (`f:` member, `k:` merge key,
`v:` set value, `.` the item itself). A removed field leaves no trace there: then nobody is blamed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from drift.core.nodes import ListType, Node, Shape
from drift.core.normalize import key_of, set_key
from drift.core.paths import Token

# Written by the server for what was there before the first apply: it stands for several unknown managers.
_NOBODY = frozenset({"before-first-apply"})

# Field managers behind which a person sits. Extended by configuration, never by guessing.
HUMAN_MANAGERS: tuple[str, ...] = (
    r"kubectl(\.exe)?(-.*)?",
    r"oc(\.exe)?(-.*)?",
    r"k9s",
    r"(open|free)?lens(-.*)?",
    r"node-fetch",
    r"headlamp(-.*)?",
    r"octant",
    r"dashboard(-.*)?",
    r"kubernetes-dashboard(-.*)?",
    r"Mozilla",
    r"curl",
    r"okteto",
    r"kubie",
    r"kui(-.*)?",
    r"seabird",
    r"aptakube",
    r"rancher-dashboard",
)


class Owner(msgspec.Struct, frozen=True):
    """A field manager of a path. `time` is RFC 3339 as the server wrote it, "" when absent."""

    manager: str
    operation: str = ""
    subresource: str = ""
    time: str = ""


class Managers(msgspec.Struct, frozen=True):
    """Tells people from controllers by their field manager's name (regular expressions, whole match).

    `controllers` are exceptions from `human`.
    """

    human: tuple[str, ...] = HUMAN_MANAGERS
    controllers: tuple[str, ...] = ()

    def is_human(self, manager: str) -> bool:
        """Whether a person sits behind this manager."""
        return _matches(self.human, manager) and not _matches(self.controllers, manager)


@lru_cache(maxsize=4096)
def _matches(patterns: tuple[str, ...], manager: str) -> bool:
    """Asked for every manager of every object, of which there are few different ones."""
    return any(re.fullmatch(pattern, manager, re.IGNORECASE) for pattern in patterns)


class Entry(msgspec.Struct, frozen=True, eq=False):
    """One entry of managedFields."""

    owner: Owner
    fields: Mapping[str, Any]


def entries_of(managed_fields: Iterable[Mapping[str, Any]] | None) -> tuple[Entry, ...]:
    """Decode `metadata.managedFields`; entries that make no sense are left out."""
    found = []
    for raw in managed_fields or ():
        fields = raw.get("fieldsV1")
        if isinstance(fields, Mapping) and raw.get("manager"):
            found.append(Entry(_owner(raw), fields))
    return tuple(found)


def _owner(raw: Mapping[str, Any]) -> Owner:
    return Owner(
        manager=str(raw["manager"]),
        operation=str(raw.get("operation") or ""),
        subresource=str(raw.get("subresource") or ""),
        time=str(raw.get("time") or ""),
    )


def owners_of(tokens: Sequence[Token], root: Node, entries: Iterable[Entry]) -> tuple[Owner, ...]:
    """Return every manager that owns the path, the most recent first."""
    found = [
        entry.owner for entry in entries if entry.owner.manager not in _NOBODY and _owns(tokens, root, entry.fields)
    ]
    return tuple(sorted(found, key=lambda owner: owner.time, reverse=True))


def owner_of(tokens: Sequence[Token], root: Node, entries: Iterable[Entry], managers: Managers) -> Owner | None:
    """Return the one manager to name for a changed path: a person before a controller, then the most recent."""
    owners = owners_of(tokens, root, entries)
    humans = [owner for owner in owners if managers.is_human(owner.manager)]
    return next(iter(humans or owners), None)


def owned_by(tokens: Sequence[Token], root: Node, entries: Iterable[Entry], manager: str, operation: str) -> bool:
    """Whether this manager and operation own the path now."""
    return any(
        owner.manager == manager and owner.operation == operation and not owner.subresource
        for owner in owners_of(tokens, root, entries)
    )


def _owns(tokens: Sequence[Token], node: Node, fields: Mapping[str, Any]) -> bool:
    for token in tokens:
        if not fields:
            return not granular(node)  # a leaf above the path: an atomic value is owned as a whole
        below = _child(token, node, fields)
        if below is None:
            return False
        fields = below
        node = node.field(token) if isinstance(token, str) else node.item()
    return True


def granular(node: Node) -> bool:
    """Whether members or items have owners of their own: the owner of the thing itself holds it only while empty."""
    if node.shape is Shape.LIST:
        return node.list_type is not ListType.ATOMIC
    return node.shape in {Shape.STRUCT, Shape.MAP} and not node.atomic


def _child(token: Token, node: Node, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(token, str):
        found = fields.get(f"f:{token}")
        return found if isinstance(found, Mapping) else None
    # managedFields has one entry for a key, however often it occurs.
    wanted = token[: _key_length(node)] if isinstance(token, tuple) else token
    for key, below in fields.items():
        if isinstance(below, Mapping) and token_of(key, node) == wanted:
            return below
    return None


def _key_length(node: Node) -> int:
    return len(node.keys) if node.list_type is ListType.MAP else 2


def token_of(key: str, node: Node) -> Token | None:
    """Translate one FieldsV1 key to a token; None for `.`, indexes and what cannot be read."""
    prefix, value = key[:2], key[2:]
    if prefix == "f:":
        return value
    if prefix not in {"k:", "v:"}:
        return None
    try:
        decoded = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return None
    if prefix == "k:":
        return key_of(decoded, node) if node.list_type is ListType.MAP else None
    return set_key(decoded, node)


def members(fields: Mapping[str, Any], node: Node) -> Iterator[tuple[Token, Mapping[str, Any]]]:
    """Yield the readable children of a FieldsV1 node as (token, fields below)."""
    for key, below in fields.items():
        token = token_of(key, node)
        if token is not None and isinstance(below, Mapping):
            yield token, below
