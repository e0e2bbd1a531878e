"""Random values by OpenAPI schema, and random optional fields for an object that has none of them.

What the server accepts is valid: whoever calls asks it by dry run. Zero values, nulls and empty containers are as
likely as anything else, for they are where a comparison goes wrong.
"""

import base64
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tests.fidelity.server import Json, Schema, Server

Step = str | int
QUANTITIES: tuple[Any, ...] = (
    1,
    "1",
    "1000m",
    0.5,
    "0.5",
    "1024Mi",
    "1Gi",
    "1.5e3",
    "2000m",
    "100k",
    "0",
    "1.0",
    ".5",
    "1E3",
)
_MIXED: tuple[Any, ...] = (1, 80, "25%", "8080", "http", 0, "0")
_WORDS = ("x", "web", "a-b", "1", "true", "/x", "", "a.example.com", "10.0.0.1", "value with spaces", "10s", "None")
_JSON: tuple[Any, ...] = ({"a": 1}, {"a": None, "b": []}, {"z": {"y": "x"}}, {})
_SCALARS: dict[str, tuple[Any, ...]] = {
    "boolean": (False, False, True),
    "integer": (0, 0, 1, 2, 10, 80),
    "number": (0, 1, 1.0, 0.5, 2.5),
}
_DEEPEST = 4
_GATED = frozenset({"stopSignal", "preventPodSchedulingIfMissing", "schedulingGroup"})
# Fields that would change whom the whole server listens to, or that are not the user's to set.
_FORBIDDEN = frozenset(
    {
        "apiVersion", "kind", "status", "name", "namespace", "generateName", "uid", "resourceVersion", "generation",
        "managedFields", "selfLink", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        "namespaceSelector", "webhooks", "failurePolicy", "deprecatedTopology", "groups", "username", "extra",
        "secrets", "taints", "serviceAccount", "stringData", "aggregationRule"
    }
)  # fmt: skip


class Grower:
    """Makes values of a schema."""

    def __init__(self, server: Server, random: Random) -> None:
        self._server = server
        self._random = random

    def proposals(self, body: Json, schema: Schema, wanted: int) -> list[tuple[tuple[Step, ...], Any]]:
        """Some (path, value) that the object does not have."""
        places = list(self._open(body, schema, ()))
        if body["kind"] == "Job":
            places = [place for place in places if place[0][:2] != ("spec", "selector")]  # generated
        chosen = [self._random.choice(places) for _ in range(wanted)] if places else []
        return [(path, self.value(sub, optional=True)) for path, sub in chosen]

    def _open(self, value: Any, schema: Schema, at: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Schema]]:
        schema = self._server.resolve(schema)
        if isinstance(value, Mapping):
            for key, sub in schema.get("properties", {}).items():
                if key in _FORBIDDEN | _GATED and not (key == "namespaceSelector" and len(at) > 4):
                    continue
                if value.get(key) is None:
                    yield (*at, key), sub
            yield from self._open_entry(value, schema, at)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._open(item, schema.get("items", {}), (*at, index))

    def _open_entry(
        self, value: Mapping[str, Any], schema: Schema, at: tuple[Step, ...]
    ) -> Iterator[tuple[tuple[Step, ...], Schema]]:
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping) and "zz" not in value:
            yield (*at, "zz"), extra
        for key, item in value.items():
            sub = schema.get("properties", {}).get(key, extra if isinstance(extra, Mapping) else {})
            if key not in {"status", "managedFields", "openAPIV3Schema"}:
                yield from self._open(item, sub, (*at, key))

    def value(self, schema: Schema, depth: int = 0, *, optional: bool = False) -> Any:
        """A value; an optional one may be null."""
        schema = self._server.resolve(schema)
        if optional and self._random.random() < 0.12:
            return None
        if schema.get("enum"):
            return self._random.choice(schema["enum"])
        name = schema.get("x-name", "")
        if name.endswith(".Quantity") or "KMGTPE" in str(schema.get("pattern", "")):
            return self._random.choice(QUANTITIES)
        if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
            return self._random.choice(_MIXED)
        return self._typed(schema, depth)

    def _typed(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type")
        if kind in _SCALARS:
            return self._random.choice(_SCALARS[kind])
        if kind == "string":
            return self._text(schema)
        if kind == "array":
            return [self.value(schema["items"], depth + 1) for _ in range(self._random.choice((0, 1, 1, 2)))]
        return self._map(schema, depth) if kind == "object" else self._random.choice(_JSON)

    def _text(self, schema: Schema) -> str:
        match schema.get("format"):
            case "byte":
                return base64.b64encode(self._random.randbytes(self._random.choice((0, 1, 5)))).decode()
            case "date-time":
                return self._random.choice(
                    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000Z", "2024-01-01T01:00:00+01:00")
                )
            case "date":
                return "2024-01-01"
        return self._random.choice(_WORDS)

    def _map(self, schema: Schema, depth: int) -> Any:
        properties = schema.get("properties")
        if properties is None:
            extra = schema.get("additionalProperties")
            if isinstance(extra, Mapping):
                return {
                    key: self.value(extra, depth + 1)
                    for key in self._random.sample(("a", "b", "c"), self._random.choice((0, 1, 2)))
                }
            return self._random.choice(_JSON)
        required = schema.get("required", ())
        made = {}
        for key, sub in properties.items():
            if key in _GATED:
                continue  # the server drops it without a word, as its feature gate is off
            if key in required or (depth < _DEEPEST and self._random.random() < 0.9 / len(properties)):
                made[key] = self.value(sub, depth + 1, optional=key not in required)
        return made
