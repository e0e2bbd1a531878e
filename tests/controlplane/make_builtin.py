"""Make drift/kube/data/builtin.json.gz: what the comparer needs of the built-in kinds' OpenAPI v3, and their URLs.

Run it with a folder of dumped /openapi/v3 documents, or without arguments to ask a control plane of its own:

    python -m tests.controlplane.make_builtin [FOLDER]

The result depends on the documents alone: sorted keys, no time in the gzip header.
"""

import gzip
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "drift/kube/data/builtin.json.gz"
# What drift.core.schema reads.
_KEPT = (
    "$ref",
    "additionalProperties",
    "allOf",
    "default",
    "format",
    "items",
    "nullable",
    "properties",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-group-version-kind",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-preserve-unknown-fields",
)
_NOT_DESIRED = ("DeleteOptions", "WatchEvent", "Status")

Resource = tuple[str, str, str, str, bool]


def make(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """Merge and compact the documents."""
    components: dict[str, Any] = {}
    resources: set[Resource] = set()
    for document in documents:
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            components.setdefault(name, _compact(schema))
        resources.update(_resources(document.get("paths") or {}))
    roots = {name for name, schema in components.items() if _is_root(schema, resources)}
    content = {"components": _reachable(components, roots), "resources": sorted(resources)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def read_folder(folder: Path) -> list[Any]:
    """Read the dumped documents."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def read_control_plane() -> list[Any]:
    """Ask a fresh control plane for the documents of all its groups."""
    from tests.controlplane.plane import ControlPlane

    with ControlPlane() as plane:
        index = plane.request("GET", "/openapi/v3")["paths"]
        return [plane.request("GET", place["serverRelativeURL"]) for _, place in sorted(index.items())]


def _compact(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if "properties" in kept:
        kept["properties"] = {name: _compact(each) for name, each in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in kept:
            kept[key] = _compact(kept[key])
    if len(kept.get("allOf", ())) == 1 and "$ref" not in kept:
        kept["$ref"] = kept.pop("allOf")[0]["$ref"]  # the way kube-openapi writes a reference with a default
    return kept


def _is_root(schema: Mapping[str, Any], resources: set[Resource]) -> bool:
    kinds = {entry[:3] for entry in resources}
    gvks = schema.get("x-kubernetes-group-version-kind", ())
    return any((gvk.get("group", ""), gvk["version"], gvk["kind"]) in kinds for gvk in gvks)


def _reachable(components: Mapping[str, Any], roots: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and name in components:
            found[name] = components[name]
            waiting.extend(_references(components[name]))
    return found


def _references(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def _resources(paths: Mapping[str, Any]) -> Iterable[Resource]:
    """Collections that take POST: what can be created can be desired."""
    for path, item in paths.items():
        gvk = (item.get("post") or {}).get("x-kubernetes-group-version-kind")
        parts = path.strip("/").split("/")
        start = 2 if parts[0] == "api" else 3
        namespaced = parts[start : start + 2] == ["namespaces", "{namespace}"]
        collection = parts[start + 2 :] if namespaced else parts[start:]
        if gvk and len(collection) == 1 and gvk["kind"] not in _NOT_DESIRED:
            yield gvk.get("group", ""), gvk["version"], gvk["kind"], collection[0], namespaced


def main() -> None:
    """Write the table and say how large it is."""
    documents = read_folder(Path(sys.argv[1])) if sys.argv[1:] else read_control_plane()
    content = make(documents)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(content)
    sys.stdout.write(f"{TARGET}: {len(content)} bytes\n")


if __name__ == "__main__":
    main()
