"""Bodies and schemas that the tests of the core share."""

import copy
from typing import Any

from drift.core.compare import Edit, compare, matches
from drift.core.objects import Manifest, Provenance, ref_of
from drift.core.ownership import Entry, entries_of
from drift.core.paths import tokens_of
from drift.core.schema import KindSchema, SchemaDocument
from drift.kube.tables import builtin_schema, type_table


def schema_of(api_version: str, kind: str) -> KindSchema:
    group, _, version = api_version.rpartition("/")
    found = builtin_schema(group, version, kind)
    assert found is not None, f"{api_version} {kind} is not built in"
    return found


def custom(properties: dict[str, Any], **extra: Any) -> KindSchema:
    """Schema of a custom resource whose spec has these properties."""
    spec = {"type": "object", "properties": properties, **extra}
    root = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
            "spec": spec,
        },
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
    }
    found = SchemaDocument({"com.example.v1.Thing": root}, type_table()).kind("example.com", "v1", "Thing")
    assert found is not None
    return found


def thing(spec: dict[str, Any]) -> dict[str, Any]:
    return body("example.com/v1", "Thing", spec=spec)


def body(api_version: str, kind: str, **members: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop", **members.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **members}


def deployment(*, pod: dict[str, Any] | None = None, container: dict[str, Any] | None = None, **spec: Any) -> Any:
    """A Deployment as a chart declares it, with these members of pod, container and spec beside the usual ones."""
    containers = [{"name": "web", "image": "nginx:1", **(container or {})}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers, **(pod or {})}}
    selector = {"matchLabels": {"app": "web"}}
    return body("apps/v1", "Deployment", spec={"replicas": 2, "selector": selector, "template": template, **spec})


def served(desired: dict[str, Any]) -> Any:
    """A private copy with what every server adds."""
    live = copy.deepcopy(desired)
    live["metadata"].update(
        uid="u-1", resourceVersion="7", generation=1, creationTimestamp="2026-01-01T00:00:00Z", managedFields=[]
    )
    live["status"] = {"observedGeneration": 1}
    return live


def found(desired: dict[str, Any], live: dict[str, Any], schema: KindSchema | None = None) -> dict[str, str]:
    """Differences as {pointer: op}; the fast answer must agree."""
    schema = schema or schema_of(desired["apiVersion"], desired["kind"])
    edits = compare(desired, live, schema)
    assert matches(desired, live, schema) is (not edits)
    return {edit.place.pointer: edit.op for edit in edits}


def edits_of(desired: dict[str, Any], live: dict[str, Any]) -> tuple[Edit, ...]:
    return compare(desired, live, schema_of(desired["apiVersion"], desired["kind"]))


def edited(desired: dict[str, Any], pointer: str, value: Any) -> Any:
    """What is served after somebody set one value."""
    live = served(desired)
    put(live, pointer, value)
    return live


def changed(desired: dict[str, Any], pointer: str, value: Any) -> dict[str, str]:
    """Differences after one value was set in live."""
    return found(desired, edited(desired, pointer, value))


def removed(desired: dict[str, Any], pointer: str) -> dict[str, str]:
    """Differences after one member or item was removed from live."""
    live = served(desired)
    take(live, pointer)
    return found(desired, live)


def put(value: Any, pointer: str, to: Any) -> None:
    """Set the member or item at a JSON Pointer."""
    container, last = _around(value, pointer)
    container[last] = to


def take(value: Any, pointer: str) -> None:
    """Remove the member or item at a JSON Pointer."""
    container, last = _around(value, pointer)
    del container[last]


def at(value: Any, pointer: str) -> Any:
    """Return the value at a JSON Pointer."""
    container, last = _around(value, pointer)
    return container[last]


def _around(value: Any, pointer: str) -> tuple[Any, Any]:
    *path, last = tokens_of(pointer)
    for token in path:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value, int(last) if isinstance(value, list) and last != "-" else last


def managed(manager: str, fields: dict[str, Any], **extra: str) -> dict[str, Any]:
    """One raw entry of managedFields."""
    return {
        "manager": manager,
        "operation": "Update",
        "time": "2026-01-02T03:04:05Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **extra,
    }


def entries(*raw: dict[str, Any]) -> tuple[Entry, ...]:
    return entries_of(raw)


def manifest(desired: dict[str, Any], source: str = "shop/web") -> Manifest:
    return Manifest(ref_of(desired), desired["apiVersion"], desired, Provenance(source=source, revision="3"))
