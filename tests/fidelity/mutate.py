"""Edits: one declared field changed, removed or added to, or one field added that nobody declared."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fidelity.changes import Path, at, pointer
from tests.fidelity.grow import QUANTITIES, Grower
from tests.fidelity.server import Json, Schema, Server

_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_EDITED_METADATA = frozenset({"labels", "annotations", "ownerReferences", "finalizers"})


@dataclass(frozen=True)
class Mutation:
    """A JSON patch. `atomic` is the outermost atomic list or map around the place, "" where there is none."""

    kind: str
    path: Path
    operations: Sequence[Json]
    atomic: Path | None = None
    value: Any = None

    def __str__(self) -> str:
        return f"{self.kind} {pointer(self.path)} {self.value!r}"


@dataclass(frozen=True)
class _Place:
    path: Path
    value: Any
    schema: Schema
    atomic: Path | None


class Mutator:
    """Proposes edits of one live object."""

    def __init__(self, server: Server, random: Random) -> None:
        self._server = server
        self._random = random
        self._grower = Grower(server, random)

    def of_declared(self, desired: Json, live: Json, schema: Schema, wanted: int) -> list[Mutation]:
        """Edits of what the object declares."""
        if desired["kind"] == "Secret":
            desired = {**desired, "data": live.get("data") or {}}
        places = list(self._declared(desired, live, schema, (), None))
        found = []
        for place in self._random.sample(places, min(wanted, len(places))):
            found.append(self._edit(place))
        return found

    def of_undeclared(self, live: Json, desired: Json, schema: Schema, wanted: int) -> list[Mutation]:
        """Additions of what it does not."""
        found = []
        for path, value in self._grower.proposals(live, schema, wanted):
            if value is not None and at(desired, path) is None and path[0] not in _IDENTITY:
                operations = [{"op": "add", "path": pointer(path), "value": value}]
                found.append(Mutation("addition", path, operations, self._atomic(path, schema), value))
        return found

    def _declared(self, desired: Any, live: Any, schema: Schema, here: Path, atomic: Path | None) -> Iterator[_Place]:
        schema = self._server.resolve(schema)
        if atomic is None and _is_atomic(live, schema):
            atomic = here
        if here and not (here[0] == "metadata" and len(here) == 1):
            yield _Place(here, live, schema, atomic)
        for step, mine, other, sub in _members(desired, live, schema):
            if not (_outside(here, step) or mine is None or other is None):
                yield from self._declared(mine, other, sub, (*here, step), atomic)

    def _edit(self, place: _Place) -> Mutation:
        if isinstance(place.value, list) and place.value and self._random.random() < 0.5:
            return self._append(place)
        if isinstance(place.value, dict | list) or self._random.random() < 0.3:
            operation = {"op": "remove", "path": pointer(place.path)}
            return Mutation("removal", place.path, [operation], place.atomic)
        value = self._other(place.value, place.schema)
        operations = [{"op": "replace", "path": pointer(place.path), "value": value}]
        return Mutation("change", place.path, operations, place.atomic, value)

    def _append(self, place: _Place) -> Mutation:
        value = self._like(place.value[-1], self._server.resolve(place.schema.get("items", {})))
        path = (*place.path, len(place.value))
        operations = [{"op": "add", "path": pointer((*place.path, "-")), "value": value}]
        return Mutation("append", path, operations, place.atomic, value)

    def _like(self, item: Any, schema: Schema) -> Any:
        """Another item of a list: its first scalars are different."""
        if isinstance(item, Mapping):
            scalars = {key: value for key, value in item.items() if not isinstance(value, dict | list)}
            properties = schema.get("properties", {})
            return {key: self._other(value, self._server.resolve(properties.get(key, {}))) for key, value in scalars.items()}
        return self._other(item, schema)

    def _other(self, value: Any, schema: Schema) -> Any:
        if schema.get("enum"):
            return self._random.choice([other for other in schema["enum"] if other != value] or [value])
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            return value + 1
        if not isinstance(value, str):
            return value
        return self._other_text(value, schema)

    def _other_text(self, value: str, schema: Schema) -> Any:
        if str(schema.get("x-name", "")).endswith(".Quantity"):
            return self._random.choice(QUANTITIES)
        match schema.get("format"):
            case "byte":
                return base64.b64encode(f"{value}other".encode()).decode()
            case "date-time":
                return "2025-05-05T05:05:05Z"
        return f"{value}x"

    def _atomic(self, path: Path, schema: Schema) -> Path | None:
        """The outermost atomic list or map on the way to a place."""
        for depth, step in enumerate(path):
            schema = self._server.resolve(schema)
            if _is_atomic([] if isinstance(step, int) else {}, schema):
                return path[:depth]
            extra = schema.get("additionalProperties")
            rest = extra if isinstance(extra, Mapping) else {}
            schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, rest)
        return None


def _members(desired: Any, live: Any, schema: Schema) -> Iterator[tuple[Any, Any, Any, Schema]]:
    """The members that both have: (step, desired, live, schema)."""
    if isinstance(desired, Mapping) and isinstance(live, Mapping):
        extra = schema.get("additionalProperties")
        rest = extra if isinstance(extra, Mapping) else {}
        for key in desired:
            yield key, desired[key], live.get(key), schema.get("properties", {}).get(key, rest)
    elif isinstance(desired, list) and isinstance(live, list) and len(desired) == len(live):
        for index, (one, other) in enumerate(zip(desired, live, strict=True)):
            yield index, one, other, schema.get("items", {})


def _is_atomic(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-map-type") == "atomic":
        return True
    if not isinstance(value, list):
        return False
    merged = "merge" in str(schema.get("x-kubernetes-patch-strategy", ""))
    return schema.get("x-kubernetes-list-type", "map" if merged else "atomic") == "atomic"


def _outside(here: Path, step: Any) -> bool:
    if not here:
        return step in _IDENTITY
    return here == ("metadata",) and step not in _EDITED_METADATA
