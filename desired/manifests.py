"""Documents to manifests, pure: lists are flattened, identities checked, and no object is declared twice.

What kubectl would refuse is refused here, by the path of the field; what it takes is taken.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from desired.decode import Document
from drift.core.errors import DecodeError
from drift.core.objects import Manifest, ObjectRef, Provenance, ref_of
from drift.core.reasons import Reason
from drift.source import Problem

__all__ = ["Origin", "collect_manifests", "to_manifests"]

_LIST_DEPTH = 5


class Origin(msgspec.Struct, frozen=True):
    """Where documents come from; `default_namespace` only helps to see that two declarations are one object."""

    source: str
    revision: str = ""
    default_namespace: str = ""


def to_manifests(
    documents: Iterable[Document], *, source: str, revision: str, default_namespace: str
) -> tuple[Manifest, ...]:
    """Manifests of all documents. Raises DecodeError for the first that is not an object Kubernetes would take."""
    manifests, problems = collect_manifests(
        documents, source=source, revision=revision, default_namespace=default_namespace
    )
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DecodeError(problems[0].message + more)
    return manifests


def collect_manifests(
    documents: Iterable[Document],
    *,
    source: str,
    revision: str,
    default_namespace: str,
    provenance: Callable[[Document], Provenance] | None = None,
) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
    """Manifests of the documents that are objects, and one problem for each that is not.

    An object that is declared twice is not among the manifests: which of the two is meant, nobody can say.
    """
    origin = Origin(source, revision, default_namespace)
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    for document in documents:
        place = provenance(document) if provenance else _provenance(document, origin)
        try:
            for body in _flatten(document.value, str(document)):
                try:
                    manifests.append(_manifest(body, str(document), place))
                except DecodeError as error:
                    problems.append(_problem(source, str(error)))
        except DecodeError as error:
            problems.append(_problem(source, str(error)))
    unique, twice = _without_duplicates(manifests, origin)
    return unique, (*problems, *twice)


def _flatten(value: Any, place: str, depth: int = 0) -> Iterator[Any]:
    """Objects of a document: itself, or the items of a `...List`, which may leave out their own kind."""
    if not _is_list(value):
        yield value
        return
    if depth >= _LIST_DEPTH:
        raise DecodeError(f"{place}: lists in lists, {_LIST_DEPTH} deep; write the objects as documents")
    kind = str(value["kind"]).removesuffix("List")
    for number, item in enumerate(value["items"] or ()):
        body = item
        if kind and isinstance(item, dict) and not item.get("kind"):
            body = {"apiVersion": value.get("apiVersion"), "kind": kind, **_without_empty_type(item)}
        yield from _flatten(body, f"{place}, items[{number}]", depth + 1)


def _without_empty_type(item: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out an empty apiVersion or kind."""
    return {key: value for key, value in item.items() if value or key not in ("apiVersion", "kind")}


def _is_list(value: Any) -> bool:
    """Whether kubectl would take it apart."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return False
    kind: str = value["kind"]
    if kind == "List":
        return value.get("items") is None or isinstance(value["items"], list)
    return kind.endswith("List") and isinstance(value.get("items"), list)


def _manifest(body: Any, place: str, provenance: Provenance) -> Manifest:
    """Check one object. Raises DecodeError."""
    if not isinstance(body, dict):
        raise DecodeError(f"{place}: is {_kind_of(body)}, not a Kubernetes object")
    api_version, kind = _text(body, "apiVersion", place), _text(body, "kind", place)
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise DecodeError(f"{place}: {kind}: metadata is missing or no mapping")
    _check_metadata(metadata, f"{place}: {kind}")
    return Manifest(ref_of(body), api_version, body, provenance)


def _check_metadata(metadata: Mapping[str, Any], place: str) -> None:
    """Check name, namespace, labels and annotations."""
    name = metadata.get("name")
    if not name and metadata.get("generateName"):
        raise DecodeError(f"{place}: has only generateName and cannot be guarded: give it a metadata.name")
    if not isinstance(name, str) or not name:
        raise DecodeError(f"{place}: metadata.name {_fault(name)}")
    if not isinstance(metadata.get("namespace", ""), str | None):
        raise DecodeError(f"{place} {name}: metadata.namespace {_fault(metadata['namespace'])}")
    for field in ("labels", "annotations"):
        _check_strings(metadata.get(field), f"{place} {name}: metadata.{field}")


def _check_strings(value: Any, path: str) -> None:
    """Check a map of strings; null is what templates leave behind and what the server drops."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise DecodeError(f"{path} is {_kind_of(value)}, it must be a mapping")
    for key, item in value.items():
        if item is not None and not isinstance(item, str):
            raise DecodeError(f"{path}[{key}] {_fault(item)}")


def _text(body: Mapping[str, Any], field: str, place: str) -> str:
    """Read a string that must be there."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise DecodeError(f"{place}: {field} {_fault(value)}")
    return value


def _fault(value: Any) -> str:
    """Say why a value is no usable string."""
    if value is None or value == "":
        return "is missing"
    return f"is {_kind_of(value)}, it must be a string (quote it)"


def _kind_of(value: Any) -> str:
    """Name a JSON type."""
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "a mapping", list: "a list", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "null")


def _without_duplicates(manifests: list[Manifest], origin: Origin) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
    """Drop every object that is declared more than once and name both places."""
    places: dict[ObjectRef, list[Manifest]] = {}
    for manifest in manifests:
        ref = manifest.ref
        key = ref if ref.namespace else msgspec.structs.replace(ref, namespace=origin.default_namespace)
        places.setdefault(key, []).append(manifest)
    unique = tuple(same[0] for same in places.values() if len(same) == 1)
    return unique, tuple(_twice(origin.source, same) for same in places.values() if len(same) > 1)


def _twice(source: str, same: list[Manifest]) -> Problem:
    """Name the object and where it stands."""
    places = " and ".join(_where(manifest.provenance) for manifest in same)
    return _problem(source, f"{same[0].ref} is declared {len(same)} times: {places}; delete all but one")


def _where(provenance: Provenance) -> str:
    """`app.yaml:14`."""
    return f"{provenance.file}:{provenance.line}"


def _provenance(document: Document, origin: Origin) -> Provenance:
    """Where a document stands."""
    return Provenance(origin.source, origin.revision, document.file, document.index, document.line)


def _problem(source: str, message: str) -> Problem:
    """Wrap a message."""
    return Problem(source, message, Reason.DESIRED_INVALID)
