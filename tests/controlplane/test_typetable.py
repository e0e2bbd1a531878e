"""gotypes.json against a real server: the names are its names, and what it fills in is what the table says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "drift/kube/data/gotypes.json").read_text(encoding="utf-8")
)
TYPES: dict[str, Any] = TABLE["types"]
LEAST: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "least.yaml").read_text())


class Server:
    """Writes objects as a dry run; knows the server's schemas and resource names."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._index: dict[str, Any] = plane.request("GET", "/openapi/v3")["paths"]
        self.schemas: dict[str, Any] = {}
        for path, entry in self._index.items():
            if path.endswith(("/v1", "/v2")):
                document = plane.request("GET", entry["serverRelativeURL"])
                self.schemas |= document.get("components", {}).get("schemas", {})

    def type_of(self, body: dict[str, Any]) -> str:
        group, _, version = body["apiVersion"].rpartition("/")
        wanted = {"group": group, "version": version, "kind": body["kind"]}
        kinds = "x-kubernetes-group-version-kind"
        return next(name for name, schema in self.schemas.items() if wanted in schema.get(kinds, ()))

    def created(self, body: dict[str, Any]) -> Any:
        version = body["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = self._plane.request("GET", root)["resources"]
        (resource,) = (r for r in resources if r["kind"] == body["kind"] and "/" not in r["name"])
        scope = "/namespaces/default" if resource["namespaced"] else ""
        return self._plane.request("POST", f"{root}{scope}/{resource['name']}?dryRun=All", body)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ControlPlane() as plane:
        yield Server(plane)


def inner_type(schema: dict[str, Any]) -> str | None:
    schema = schema.get("items", schema)
    (reference, *_) = (part["$ref"] for part in (schema, *schema.get("allOf", ()), {"$ref": ""}) if "$ref" in part)
    return reference.rpartition("/")[2] or None


def unexplained(schemas: dict[str, Any], typ: str, declared: Any, live: Any, path: str = "") -> Iterator[str]:
    """Fields of the live object that neither the declared one nor the table accounts for."""
    properties = schemas[typ].get("properties", {})
    for field, value in live.items():
        where = f"{path}.{field}"
        inner = inner_type(properties[field])
        if field in declared:
            yield from inside(schemas, inner, declared[field], value, where)
        elif not is_filled_in(typ, field, value):
            if isinstance(value, dict) and inner in TYPES:
                yield from unexplained(schemas, inner, {}, value, where)
            else:
                yield f"{where} = {value!r} ({typ})"


def inside(schemas: dict[str, Any], typ: str | None, declared: Any, live: Any, path: str) -> Iterator[str]:
    if typ is None or "properties" not in schemas[typ]:
        return
    if isinstance(live, dict):
        yield from unexplained(schemas, typ, declared, live, path)
    elif isinstance(live, list):
        for number, (before, after) in enumerate(zip(declared, live, strict=True)):
            yield from unexplained(schemas, typ, before, after, f"{path}[{number}]")


def is_filled_in(typ: str, field: str, value: Any) -> bool:
    known = TYPES[typ]
    if field in known.get("zero", ()) and not value:
        return True
    return value in known.get("defaults", {}).get(field, ()) or field in TABLE["derived"].get(typ, ())


def test_every_stored_type_of_the_server_is_in_the_table(server: Server) -> None:
    assert {server.type_of(body) for body in LEAST} <= set(TYPES)
    not_stored = ("io.k8s.apimachinery", "io.k8s.api.authentication", "io.k8s.api.authorization")
    structs = {name for name, schema in server.schemas.items() if "properties" in schema}
    missing = {n for n in structs - set(TYPES) if not n.startswith(not_stored) and not n.endswith("List")}
    assert not missing


def test_every_field_in_the_table_is_one_of_the_server(server: Server) -> None:
    for name in set(TYPES) & set(server.schemas):
        known = TYPES[name]
        fields = {*known.get("zero", ()), *known.get("defaults", ()), *TABLE["derived"].get(name, ())}
        assert fields <= set(server.schemas[name].get("properties", {})), name


@pytest.mark.parametrize("body", LEAST, ids=lambda body: body["kind"])
def test_what_the_server_fills_in_is_in_the_table(server: Server, body: dict[str, Any]) -> None:
    declared = {"metadata": {"name": "least"}, **body}
    live = server.created(declared)
    for of_the_server in ("metadata", "status"):
        live.pop(of_the_server, None)
    assert not list(unexplained(server.schemas, server.type_of(body), declared, live))


def test_zero_of_a_pointer_field_stays_and_of_a_plain_one_goes(server: Server) -> None:
    container = {
        "name": "web",
        "image": "example.invalid/web:1",
        "env": [{"name": "A", "value": ""}],
        "securityContext": {"runAsUser": 0, "allowPrivilegeEscalation": False, "capabilities": {}},
    }
    spec = {"containers": [container], "hostNetwork": False, "automountServiceAccountToken": False}
    spec |= {"nodeSelector": {}, "imagePullSecrets": []}
    live = server.created({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "zero"}, "spec": spec})["spec"]
    assert live["containers"][0]["securityContext"] == container["securityContext"]
    assert live["automountServiceAccountToken"] is False
    assert live["containers"][0]["env"] == [{"name": "A"}]
    assert not {"hostNetwork", "nodeSelector", "imagePullSecrets"} & set(live)
    pod = TYPES["io.k8s.api.core.v1.PodSpec"]["zero"]
    assert {"hostNetwork", "nodeSelector", "imagePullSecrets"} <= set(pod)
    assert "automountServiceAccountToken" not in pod
