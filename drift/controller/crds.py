"""Writes the CustomResourceDefinitions from the typed models; `python -m drift.controller.crds [FOLDER]`.

A structural schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/)
has no references, no unions with null and no closed objects: the API server prunes or refuses what it does not know.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from drift.controller.model import GROUP, VERSION, ClusterDriftGuard, DriftGuard, DriftReport

FOLDER = Path(__file__).parents[2] / "deploy" / "crds"
_HEADER = "# Made from drift/controller/model.py by: python -m drift.controller.crds\n"
_DROPPED = frozenset({"$ref", "title", "anyOf", "additionalProperties", "default", "required"})
Schema = dict[str, Any]


class Column(msgspec.Struct, frozen=True):
    """A column of `kubectl get`; with a priority only of `-o wide`."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0

    def document(self) -> Schema:
        """Return it as a CRD spells it."""
        column = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return {**column, "priority": self.priority} if self.priority else column


class Definition(msgspec.Struct, frozen=True):
    """One custom resource. `body` is the field that users fill in."""

    model: type[msgspec.Struct]
    short: str
    namespaced: bool
    columns: tuple[Column, ...]
    status: bool = True

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.model.__name__


_READY = '.status.conditions[?(@.type=="Ready")]'
_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_GUARD_COLUMNS = (
    Column("Ready", f"{_READY}.status"),
    Column("Mode", ".spec.mode"),
    Column("Objects", ".status.counts.objects", "integer"),
    Column("Drifted", ".status.counts.drifted", "integer"),
    Column("Held", ".status.counts.held", "integer", 1),
    Column("Last-Check", ".status.lastCheck", "date"),
    Column("Status", f"{_READY}.message"),
    Column("Suspended", ".spec.suspend", "boolean", 1),
    _AGE,
)
_REPORT_COLUMNS = (
    Column("Guard", ".report.guard.name"),
    Column("Objects", ".report.summary.objects", "integer"),
    Column("Drifted", ".report.summary.drifted", "integer"),
    Column("Missing", ".report.summary.missing", "integer"),
    Column("Answer", ".report.sentence", priority=1),
    Column("Checked", ".report.checkedAt", "date"),
    _AGE,
)
DEFINITIONS = (
    Definition(DriftGuard, "dg", namespaced=True, columns=_GUARD_COLUMNS),
    Definition(ClusterDriftGuard, "cdg", namespaced=False, columns=_GUARD_COLUMNS),
    Definition(DriftReport, "dr", namespaced=True, columns=_REPORT_COLUMNS, status=False),
)


def crd(definition: Definition) -> Schema:
    """Return the CustomResourceDefinition of a model."""
    singular = definition.kind.lower()
    names = {
        "kind": definition.kind,
        "listKind": f"{definition.kind}List",
        "plural": f"{singular}s",
        "singular": singular,
        "shortNames": [definition.short],
        "categories": ["daytwo"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{singular}s.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced" if definition.namespaced else "Cluster",
            "versions": [_version(definition)],
        },
    }


def _version(definition: Definition) -> Schema:
    version: Schema = {"name": VERSION, "served": True, "storage": True}
    if definition.status:
        version["subresources"] = {"status": {}}
    version["additionalPrinterColumns"] = [column.document() for column in definition.columns]
    version["schema"] = {"openAPIV3Schema": schema_of(definition.model)}
    return version


def schema_of(model: type[msgspec.Struct]) -> Schema:
    """Return the structural schema of a resource; what every object has is the API server's to describe."""
    (root,), parts = msgspec.json.schema_components([model])
    schema = _structural(root, parts)
    properties = schema["properties"]
    properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    schema["required"] = [name for name in schema["required"] if name not in {"apiVersion", "kind", "metadata"}]
    return schema


def _structural(given: Mapping[str, Any], parts: Mapping[str, Any]) -> Schema:
    """Inline references, take nulls out of unions, leave out closing and defaults that say nothing."""
    node = dict(_resolved(given, parts))
    schema: Schema = {"type": node["type"]} if "type" in node else {"type": "string"} if "enum" in node else {}
    schema |= {key: value for key, value in node.items() if key not in _DROPPED}
    if _tells(node.get("default")):
        schema["default"] = node["default"]
    if "properties" in node:
        schema["properties"] = {name: _structural(part, parts) for name, part in node["properties"].items()}
        schema |= {"required": list(node["required"])} if node.get("required") else {}
    elif isinstance(node.get("additionalProperties"), Mapping):
        schema["additionalProperties"] = _structural(node["additionalProperties"], parts)
    if "items" in node:
        schema["items"] = _structural(node["items"], parts)
    return schema


def _resolved(node: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references and unions with null; what stands at the reference wins over what it refers to."""
    if "anyOf" in node:
        (chosen,) = (part for part in node["anyOf"] if part.get("type") != "null")
        node = {**chosen, **{key: value for key, value in node.items() if key != "anyOf"}}
    if "$ref" in node:
        part = parts[str(node["$ref"]).rpartition("/")[2]]
        node = {**_resolved(part, parts), **{key: value for key, value in node.items() if key != "$ref"}}
    if "enum" in node:
        node = {**node, "enum": [value for value in node["enum"] if value is not None]}
    return node


def _tells(default: object) -> bool:
    """Whether a default is worth writing into every object: not one that only says that nothing is there."""
    return isinstance(default, bool | int | float) or (isinstance(default, str) and default != "")


def documents() -> Iterator[tuple[str, str]]:
    """Yield file name and content of every CRD."""
    for definition in DEFINITIONS:
        body = crd(definition)
        yield f"{body['metadata']['name']}.yaml", _HEADER + yaml.safe_dump(body, sort_keys=False, width=110)


def write(folder: Path = FOLDER) -> None:
    """Write every CRD into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents():
        (folder / name).write_text(content)


if __name__ == "__main__":
    write(*(Path(argument) for argument in sys.argv[1:2]))
