"""Edits: one declared field changed, removed or added to, or one field added that nobody declared."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.fidelity.changes import Path, has, pointer
from tests.fidelity.grow import QUANTITIES, Grower
from tests.fidelity.server import Json, Schema, Server

_IDENTITY = frozenset({"apiVersion", "kind", "status"})
# Given out by the server or a controller: not for a person to choose, and explained wherever they appear.
_ALLOCATED = frozenset(
    {
        "clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort", "ipFamilies", "claimRef", "volumeName",
        "storageClassName", "volumeMode", "finalizers", "serviceAccount", "selector", "manualSelector", "names", "uid"
    }
)  # fmt: skip
# A CronJob leaves a job's defaults to the Job: spelling one out changes nothing, and is told from no default.
_JOB = ("spec", "jobTemplate", "spec")
_EDITED_METADATA = frozenset({"labels", "annotations", "ownerReferences", "finalizers"})


@dataclass(frozen=True)
class Mutation:
    """A JSON patch.

    `atomic` is the outermost atomic list or map around the place; `item` the list item whose merge key it changes.
    """

    kind: str
    path: Path
    operations: Sequence[Json]
    atomic: Path | None = None
    value: Any = None
    item: Path | None = None

    def __str__(self) -> str:
        return f"{self.kind} {pointer(self.path)} {self.value!r}"


@dataclass(frozen=True)
class _Place:
    path: Path
    value: Any
    schema: Schema
    atomic: Path | None
    keys: tuple[str, ...] = ()


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
        places = list(self._declared(desired, live, _Place((), live, schema, None)))
        return [self._edit(place) for place in self._random.sample(places, min(wanted, len(places)))]

    def of_undeclared(self, live: Json, desired: Json, schema: Schema, wanted: int) -> list[Mutation]:
        """Additions of what it does not."""
        found = []
        for path, value in self._grower.proposals(live, schema, wanted):
            unset = value is not None and not has(desired, path)
            if unset and path[:3] != _JOB and not {path[0], path[-1]} & (_IDENTITY | _ALLOCATED):
                operations = [{"op": "add", "path": pointer(path), "value": value}]
                found.append(Mutation("addition", path, operations, self._atomic(path, schema), value))
        return found

    def _declared(self, desired: Any, live: Any, place: _Place) -> Iterator[_Place]:
        schema, here = self._server.resolve(place.schema), place.path
        atomic = here if place.atomic is None and _is_atomic(live, schema) else place.atomic
        if here and here != ("metadata",):
            yield _Place(here, live, schema, atomic, place.keys)
        for step, mine, other, sub in _members(desired, live, schema):
            if not (_outside(here, step) or mine is None or other is None):
                keys = _keys(schema) if isinstance(live, list) else place.keys if isinstance(step, str) else ()
                yield from self._declared(mine, other, _Place((*here, step), other, sub, atomic, keys))

    def _edit(self, place: _Place) -> Mutation:
        if isinstance(place.value, list) and place.value and self._random.random() < 0.5:
            return self._append(place)
        merges = place.path[-1] in place.keys and "enum" in place.schema  # it may become the key of another item
        if isinstance(place.value, dict | list) or merges or self._random.random() < 0.3:
            operation = {"op": "remove", "path": pointer(place.path)}
            return Mutation("removal", place.path, [operation], place.atomic)
        value = self._other(place.value, place.schema)
        operations = [{"op": "replace", "path": pointer(place.path), "value": value}]
        item = place.path[:-1] if place.path[-1] in place.keys else None
        return Mutation("change", place.path, operations, place.atomic, value, item)

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
            return {
                key: self._other(value, self._server.resolve(properties.get(key, {}))) for key, value in scalars.items()
            }
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

    def of_defaults(self, live: Json, desired: Json, schema: Schema, wanted: int) -> list[Mutation]:
        """Edits of what the server filled in."""
        places = list(self._filled(desired, live, _Place((), live, schema, None)))
        edits = (self._edit(place) for place in self._random.sample(places, min(wanted, len(places))))
        return [replace(edit, kind="default") for edit in edits if edit.kind == "change"]

    def _filled(self, desired: Any, live: Any, place: _Place) -> Iterator[_Place]:
        """Scalars that only live has."""
        schema, here = self._server.resolve(place.schema), place.path
        atomic = here if place.atomic is None and _is_atomic(live, schema) else place.atomic
        if desired is None and live is not True and not isinstance(live, dict | list):
            yield _Place(here, live, schema, atomic, place.keys)
        keys = _keys(schema) if isinstance(live, list) else ()
        for step, other, mine, sub in _members(live, desired, schema):
            if not _outside(here, step) and here[-1:] != ("metadata",) and step not in _ALLOCATED:
                below = _Place((*here, step), other, sub, atomic, keys or place.keys)
                yield from self._filled(mine, other, below)

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


def _members(one: Any, other: Any, schema: Schema) -> Iterator[tuple[Any, Any, Any, Schema]]:
    """The members of the one side: (step, one, other, schema)."""
    if isinstance(one, Mapping) and isinstance(other, Mapping | None):
        extra = schema.get("additionalProperties")
        rest = extra if isinstance(extra, Mapping) else {}
        for key in one:
            yield key, one[key], (other or {}).get(key), schema.get("properties", {}).get(key, rest)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield index, left, right, schema.get("items", {})


def _keys(schema: Schema) -> tuple[str, ...]:
    """The merge keys of a list."""
    own = schema.get("x-kubernetes-patch-merge-key")
    return tuple(schema.get("x-kubernetes-list-map-keys") or ((own,) if own else ()))


def _is_atomic(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-map-type") == "atomic":
        return True
    if not isinstance(value, list):
        return False
    merged = "merge" in str(schema.get("x-kubernetes-patch-strategy", ""))
    return bool(schema.get("x-kubernetes-list-type", "map" if merged else "atomic") == "atomic")


def _outside(here: Path, step: Any) -> bool:
    if not here:
        return step in _IDENTITY
    return here == ("metadata",) and step not in _EDITED_METADATA
