"""A guard to begin with, as commented YAML: every field with what the model says of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from drift.controller.crds import schema_of
from drift.controller.model import API_VERSION, ClusterDriftGuard, DriftGuard

_STEP = "  "
_SPEC: Mapping[str, Any] = {
    "source": {"helm": {"release": "web"}},
    "mode": "observe",
    "suspend": False,
    "scope": "declared",
    "serviceAccountName": "default",
    "rules": [
        {"kinds": ["ConfigMap"], "names": ["scratch-*"], "strategy": "observe"},
        {"strategy": "recreate", "changes": ["missing"]},
        {"strategy": "revert", "changes": ["modified"]},
    ],
    "ignore": [{"kinds": ["Deployment"], "paths": ["/spec/replicas"], "reason": "scaled by hand in the sale"}],
    "windows": [{"days": ["mon", "tue", "wed", "thu"], "start": "09:00", "end": "17:00", "timezone": "Europe/Berlin"}],
    "limits": {"perMinute": 30, "perHour": 300, "maxShare": 0.3},
    "audit": {"schedule": "0 6 * * *", "timezone": "Europe/Berlin", "keep": 3},
}


def example(*, cluster: bool = False) -> str:
    """Return a commented guard; `cluster`: a ClusterDriftGuard of every release in chosen namespaces."""
    model: type[msgspec.Struct] = ClusterDriftGuard if cluster else DriftGuard
    metadata, spec = {"name": "web", "namespace": "shop"}, dict(_SPEC)
    if cluster:
        metadata = {"name": "team-shop"}
        spec |= {"source": {"helm": {"all": True}}, "namespaceSelector": {"matchLabels": {"team": "shop"}}}
    schema = schema_of(model)
    head = [f"# {schema['description']}", f"apiVersion: {API_VERSION}", f"kind: {model.__name__}"]
    return "\n".join([*head, f"metadata: {_flow(metadata)}", "spec:", *_fields(schema["properties"]["spec"], spec, 1)])


def _fields(schema: Mapping[str, Any], values: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Lines of a mapping: fields with a value as they stand, the others as comments."""
    margin = _STEP * depth
    for name, part in schema["properties"].items():
        if name not in values:
            yield f"{margin}# {name}: {part['description']}"
            continue
        yield f"{margin}# {part['description']}"
        yield from _field(name, part, values[name], depth)


def _field(name: str, part: Mapping[str, Any], value: Any, depth: int) -> Iterator[str]:
    """Lines of one field."""
    margin, item = _STEP * depth, part.get("items", {})
    if "properties" in part:
        yield f"{margin}{name}:"
        yield from _fields(part, value, depth + 1)
    elif "properties" in item:
        yield f"{margin}{name}:"
        for number, entry in enumerate(value):
            yield from _entry(item, entry, depth + 1, told=number == 0)
    else:
        yield f"{margin}{name}: {_flow(value)}"


def _entry(schema: Mapping[str, Any], entry: Mapping[str, Any], depth: int, *, told: bool) -> Iterator[str]:
    """Lines of an item of a list; what its fields mean is told once, above."""
    margin = _STEP * depth
    if told:
        yield from (f"{margin}# {name}: {part['description']}" for name, part in schema["properties"].items())
    for number, (name, value) in enumerate(entry.items()):
        yield f"{margin}{'  ' if number else '- '}{name}: {_flow(value)}"


def _flow(value: Any) -> str:
    """A value on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, width=10_000, sort_keys=False)
    return str(text).strip()[1:-1]
