"""Taking over: making the manager of a repair the owner of what it must remove, before it applies.

Server-side apply removes what its manager applied before and leaves out now, and nothing else. So what somebody added
is first booked on that manager, by an edit of `metadata.managedFields` that changes nothing else; the apply that
follows puts the whole object right in one step. That is the only way where either half of the change would be invalid
(a Service port with another number, a probe or volume of another type), and afterwards everything is owned as if
nobody had interfered: the next upgrade meets no conflict.

Source: Kubernetes documentation, "Server-Side Apply" (managers, FieldsV1; managedFields may be edited by a patch).
"""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from drift.core.assess import Difference
from drift.core.known import known_reason
from drift.core.nodes import ListType, Node
from drift.core.normalize import Keyed, declared, key_of, keyed
from drift.core.objects import Body, ObjectRef
from drift.core.ownership import token_of
from drift.core.paths import Token, locate, pointer_of

Tokens = tuple[Token, ...]
_LIST = "/metadata/managedFields"


def taking_over(places: Iterable[Tokens], live: Body, root: Node, manager: str) -> list[Mapping[str, Any]]:
    """JSON patch operations (without preconditions) after which `manager` alone has applied these places."""
    entries = [dict(entry) for entry in (live.get("metadata") or {}).get("managedFields") or ()]
    wanted = list(places)
    operations = list(_adding(wanted, entries, live, root, manager))
    own = _own(entries, manager)
    for index, entry in reversed(list(enumerate(entries))):
        if index != own and not entry.get("subresource"):
            operations += _removing(wanted, index, entry, root)
    return operations


def _own(entries: Sequence[Mapping[str, Any]], manager: str) -> int | None:
    for index, entry in enumerate(entries):
        if (entry.get("manager"), entry.get("operation")) == (manager, "Apply") and not entry.get("subresource"):
            return index
    return None


def _adding(
    places: Iterable[Tokens], entries: Sequence[Mapping[str, Any]], live: Body, root: Node, manager: str
) -> Iterator[Mapping[str, Any]]:
    own = _own(entries, manager)
    fields: dict[str, Any] = {} if own is None else copy.deepcopy(dict(entries[own].get("fieldsV1") or {}))
    for tokens in places:
        _put(fields, tokens, root)
    if own is not None:
        yield {"op": "replace", "path": f"{_LIST}/{own}/fieldsV1", "value": fields}
        return
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": live.get("apiVersion"),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    yield (
        {"op": "add", "path": f"{_LIST}/-", "value": entry}
        if entries
        else {
            "op": "add",
            "path": _LIST,
            "value": [entry],
        }
    )


def _put(fields: dict[str, Any], tokens: Tokens, node: Node) -> None:
    for token in tokens:
        key = next((key for key in fields if token_of(key, node) == token), None) or _key(token, node)
        fields = fields.setdefault(key, {} if isinstance(token, str) else {".": {}})
        node = _below(node, token)


def _removing(places: Iterable[Tokens], index: int, entry: Mapping[str, Any], root: Node) -> list[Mapping[str, Any]]:
    fields = copy.deepcopy(dict(entry.get("fieldsV1") or {}))
    taken = [_take(fields, tokens, root) for tokens in places]
    if not any(taken):
        return []
    path = f"{_LIST}/{index}"
    return [
        {"op": "replace", "path": f"{path}/fieldsV1", "value": fields} if fields else {"op": "remove", "path": path}
    ]


def _take(fields: dict[str, Any], tokens: Tokens, node: Node) -> bool:
    """Remove a place, and the parents of which only themselves are left: who owns an empty one blocks its owner."""
    key = next((key for key in fields if token_of(key, node) == tokens[0]), None)
    if key is None:
        return False
    if len(tokens) > 1 and not _take(fields[key], tokens[1:], _below(node, tokens[0])):
        return False
    if len(tokens) == 1 or not fields[key].keys() - {"."}:
        del fields[key]
    return True


def _below(node: Node, token: Token) -> Node:
    return node.field(token) if isinstance(token, str) else node.item()


def _key(token: Token, node: Node) -> str:
    """One FieldsV1 key."""
    if isinstance(token, str):
        return f"f:{token}"
    if isinstance(token, int):
        return f"i:{token}"
    if node.list_type is ListType.SET:
        return f"v:{json.dumps(token[-1])}"
    values = {key: value for key, value in zip(node.keys, token, strict=True) if value is not None}
    return f"k:{json.dumps(values, sort_keys=True, separators=(',', ':'))}"


def undeclared_around(
    changed: Iterable[Difference], ref: ObjectRef, desired: Body, live: Body, root: Node
) -> tuple[Tokens, ...]:
    """Places right beside a changed field that desired does not mention: what may make it invalid.

    Whoever put them there; but not what the server allocates, nor whole top-level fields (replicas).
    """
    wanted, found = declared(desired), {}
    for around in dict.fromkeys(difference.tokens[:-1] for difference in changed):
        if len(around) < 2 or around[0] == "metadata":
            continue
        for tokens in _undeclared(around, wanted, live, root):
            pointer = pointer_of(tuple(str(token) for token in tokens))
            if known_reason(ref, pointer, "added", by_person=False) is None:
                found[tokens] = True
    return tuple(found)


def _undeclared(around: Tokens, wanted: Body, live: Body, root: Node) -> Iterator[Tokens]:
    place, node = locate(around, root, desired=wanted, live=live), root
    for token in around:
        node = _below(node, token)
    if place.atomic_depth is not None or node.atomic:
        return
    if isinstance(place.live, Mapping):
        declared_here = place.desired if isinstance(place.desired, Mapping) else {}
        yield from ((*around, key) for key in place.live if declared_here.get(key) is None and not _names(key, around))
    elif isinstance(place.live, list) and node.list_type is not ListType.ATOMIC:
        mine = keyed(place.desired or [], node) or Keyed()
        yield from ((*around, key) for key in keyed(place.live, node) or {} if key not in mine)


def _names(key: str, around: Tokens) -> bool:
    """Whether a member is part of the key of the list item it stands in."""
    return not isinstance(around[-1], str) and key == "name"


def twice(value: Any, node: Node, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Lists of a body in which a merge key occurs twice: server-side apply refuses them, a plain update does not."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from twice(member, node.field(key), (*at, key))
    elif isinstance(value, list):
        if node.list_type is ListType.MAP and _repeats(value, node):
            yield at
        for index, member in enumerate(value):
            yield from twice(member, node.item(), (*at, index))


def _repeats(items: Sequence[Any], node: Node) -> bool:
    keys = [key for key in (key_of(item, node) for item in items) if key is not None]
    return len(keys) != len(set(keys))


def once(value: Any, node: Node) -> Any:
    """Return a body in which of items with the same merge key only the last is left, as it is the one in force."""
    if isinstance(value, Mapping):
        return {key: once(member, node.field(key)) for key, member in value.items()}
    if not isinstance(value, list):
        return value
    items = [once(member, node.item()) for member in value]
    if node.list_type is not ListType.MAP or not _repeats(value, node):
        return items
    return list({key_of(item, node): item for item in items}.values())
