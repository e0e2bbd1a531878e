"""What ships with the package about the built-in kinds: Go type facts, schemas, and how their URLs look.

Generated (tests/controlplane), read once on first use, never changed. Offline reports and servers without
OpenAPI v3 live on it.
"""

import gzip
import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from drift.core.objects import GroupKind, Resource
from drift.core.schema import KindSchema, SchemaDocument, TypeTable

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?$")


class _GoType(msgspec.Struct, frozen=True):
    zero: frozenset[str] = frozenset()
    defaults: dict[str, tuple[Any, ...]] = {}


class _GoTypes(msgspec.Struct, frozen=True):
    types: dict[str, _GoType]
    derived: dict[str, dict[str, str]] = {}


class _Builtin(msgspec.Struct, frozen=True):
    components: dict[str, Any]
    resources: list[tuple[str, str, str, str, bool]]


@cache
def type_table() -> TypeTable:
    """Facts of the Go types by OpenAPI component name; built-in types without facts are in `zero` with none."""
    content = files("drift.kube").joinpath("data/gotypes.json").read_bytes()
    table = msgspec.json.decode(content, type=_GoTypes)
    return TypeTable(
        zero={name: facts.zero for name, facts in table.types.items()},
        defaults={name: facts.defaults for name, facts in table.types.items() if facts.defaults},
        derived=table.derived,
    )


def builtin_schema(group: str, version: str, kind: str) -> KindSchema | None:
    """Schema of a built-in kind from the shipped table; None for every other kind."""
    return _builtin_document().kind(group, version, kind)


def builtin_resource(kind: GroupKind) -> Resource | None:
    """Plural and scope of a built-in kind in its most stable version; None for every other kind."""
    return _builtin_resources().get(kind)


def version_rank(version: str) -> tuple[int, int, int]:
    """Order of preference as the API server has it: v2, v1, v2beta1, v1beta2, v1alpha1; greatest first."""
    found = _VERSION.match(version)
    if found is None:
        return (0, 0, 0)
    stability = {None: 3, "beta": 2, "alpha": 1}[found[2]]
    return (stability, int(found[1]), int(found[3] or 0))


@cache
def _builtin_document() -> SchemaDocument:
    return SchemaDocument(_read_builtin().components, type_table())


@cache
def _builtin_resources() -> dict[GroupKind, Resource]:
    entries = [Resource(*entry) for entry in _read_builtin().resources]
    entries.sort(key=lambda entry: version_rank(entry.version))
    return {entry.group_kind: entry for entry in entries}


def _read_builtin() -> _Builtin:
    content = files("drift.kube").joinpath("data/builtin.json.gz").read_bytes()
    return msgspec.json.decode(gzip.decompress(content), type=_Builtin)
