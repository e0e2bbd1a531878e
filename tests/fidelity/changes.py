"""What really changed between two states of an object: the truth that reports are held against.

Compares raw JSON, knows nothing of schemas. Paths are tuples of member names and list indexes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fidelity.grow import Step
from tests.fidelity.server import Json

Path = tuple[Step, ...]
_VOLATILE = frozenset({"resourceVersion", "generation", "managedFields", "creationTimestamp", "deletionTimestamp"})
_COUNTER = "deprecated.daemonset.template.generation"


def essence(body: Mapping[str, Any]) -> Json:
    """An object without what every write changes."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _VOLATILE}
    if _COUNTER in metadata.get("annotations", {}):
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != _COUNTER}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Path]:
    """The places that differ, as deep as they go; an item that came or went is one place."""
    return list(_differing(essence(before), essence(after), ()))


def _differing(one: Any, other: Any, at: Path) -> Iterator[Path]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            if key not in one or key not in other:
                yield (*at, key)
            else:
                yield from _differing(one[key], other[key], (*at, key))
    elif isinstance(one, list) and isinstance(other, list):
        yield from _in_list(one, other, at)
    elif one != other or type(one) is not type(other):
        yield at


def _in_list(one: list[Any], other: list[Any], at: Path) -> Iterator[Path]:
    if len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differing(left, right, (*at, index))
        return
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    for index in range(len(longer)):
        if longer[:index] + longer[index + 1 :] == shorter:
            yield (*at, index)
            return
    yield at


def related(one: Path, other: Path) -> bool:
    """Whether one lies in the other."""
    shorter = min(len(one), len(other))
    return _text(one[:shorter]) == _text(other[:shorter])


def below(path: Path, top: Path) -> bool:
    """Whether a path lies at or below another."""
    return _text(path[: len(top)]) == _text(top)


def _text(path: Path) -> tuple[str, ...]:
    return tuple(str(step) for step in path)


def has(body: Any, path: Path) -> bool:
    """Whether there is anything at a place, be it null."""
    above = at(body, path[:-1])
    return path[-1] in above if isinstance(above, Mapping) else at(body, path) is not None


def at(body: Any, path: Path) -> Any:
    """The value at a place, or None."""
    for step in path:
        if isinstance(body, Mapping):
            body = body.get(str(step))
        elif isinstance(body, list) and str(step).isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def pointer(path: Path) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def path_of(text: str) -> Path:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])
