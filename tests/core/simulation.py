"""A small stand-in for the API server: server-side apply and JSON patch on plain dicts."""

import copy
from typing import Any

from drift.core.nodes import ListType, Node
from drift.core.normalize import keyed
from drift.core.paths import tokens_of
from drift.core.plan import Patch
from drift.core.schema import KindSchema


def applied(desired: Any, live: Any, schema: KindSchema) -> Any:
    """Force-apply of a whole body by a manager that owns nothing yet: it adds and changes, and removes nothing."""
    merged = _merged(desired, live, schema.root)
    merged["metadata"] = {**live["metadata"], **{key: desired["metadata"].get(key) for key in ("labels",)}}
    return merged


def _merged(desired: Any, live: Any, node: Node) -> Any:
    if isinstance(desired, dict) and isinstance(live, dict) and not node.atomic:
        merged = {key: copy.deepcopy(value) for key, value in live.items()}
        merged.update({key: _merged(value, live.get(key), node.field(key)) for key, value in desired.items()})
        return merged
    if isinstance(desired, list) and isinstance(live, list) and node.list_type is not ListType.ATOMIC:
        one, other = keyed(desired, node), keyed(live, node)
        if one is not None and other is not None:
            kept = {key: value for key, value in other.items() if key not in one}
            return [*kept.values(), *(_merged(value, other.get(key), node.item()) for key, value in one.items())]
    return copy.deepcopy(desired)


def patched(patch: Patch, live: Any) -> Any:
    """RFC 6902, with `test`, `add`, `replace` and `remove`."""
    result = copy.deepcopy(live)
    for operation in patch.operations:
        _operate(result, operation)
    return result


def _operate(result: Any, operation: Any) -> None:
    *path, last = tokens_of(operation["path"])
    for token in path:
        result = result[int(token)] if isinstance(result, list) else result[token]
    key: Any = int(last) if isinstance(result, list) else last
    match operation["op"]:
        case "test":
            assert result[key] == operation["value"]
        case "remove":
            del result[key]
        case "add" if isinstance(result, list):
            result.insert(key, copy.deepcopy(operation["value"]))
        case _:
            result[key] = copy.deepcopy(operation["value"])
