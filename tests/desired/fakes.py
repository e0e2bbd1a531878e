"""A cluster that answers from memory, for sources that only list, follow and get."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from drift.cluster import Changed, Fresh, Listed, Listing, Stale, WatchEvent, Written
from drift.core.errors import ClusterError, NotFoundError
from drift.core.objects import GroupKind, ObjectRef, Resource
from drift.core.schema import KindSchema


def raw(body: Mapping[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(body).encode())


def config_map(name: str, value: str = "1", extra: str = "") -> str:
    return (
        f"---\n# Source: app/templates/{name}.yaml\napiVersion: v1\nkind: ConfigMap\n"
        f"metadata:\n  name: {name}\n{extra}data:\n  k: '{value}'\n"
    )


def payload(name: str, version: int, status: str, **fields: Any) -> bytes:
    """A release as Helm encodes it: JSON, gzip, base64."""
    body = {
        "name": name,
        "version": version,
        "namespace": "shop",
        "info": {"status": status, "first_deployed": "2024-01-01T00:00:00Z", "last_deployed": ""},
        "manifest": config_map("web", str(version)),
        "config": {"password": "hunter2"},
        **fields,
    }
    return base64.b64encode(gzip.compress(json.dumps(body).encode()))


def stored(
    name: str, version: int, status: str, *, namespace: str = "shop", created: float = 1000, **fields: Any
) -> dict[str, Any]:
    """A Secret as the API server sends it."""
    labels = {
        "name": name,
        "owner": "helm",
        "status": status,
        "version": str(version),
        "createdAt": f"{created:.0f}",
    }
    return {
        "metadata": {"name": f"sh.helm.release.v1.{name}.v{version}", "namespace": namespace, "labels": labels},
        "data": {"release": base64.b64encode(payload(name, version, status, **fields)).decode()},
        "type": "helm.sh/release.v1",
    }


class FakeCluster:
    """Objects by (kind, namespace, name); `send` feeds every follower."""

    context = "fake"

    def __init__(self, *objects: dict[str, Any], kind: str = "Secret") -> None:
        self.kind = kind
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.forbidden: set[str] = set()
        self.down = False
        self.requests: list[str] = []
        self.followers: list[asyncio.Queue[WatchEvent]] = []
        for body in objects:
            self.put(body)

    def put(self, body: dict[str, Any]) -> None:
        """Store, and tell the followers."""
        metadata = body["metadata"]
        key = (self.kind, metadata["namespace"], metadata["name"])
        self.send(Changed("MODIFIED" if key in self.objects else "ADDED", raw(body)))
        self.objects[key] = body

    def remove(self, body: dict[str, Any]) -> None:
        metadata = body["metadata"]
        del self.objects[self.kind, metadata["namespace"], metadata["name"]]
        self.send(Changed("DELETED", raw(body)))

    def send(self, event: WatchEvent) -> None:
        for queue in self.followers:
            queue.put_nowait(event)

    def items(self, namespace: str) -> tuple[msgspec.Raw, ...]:
        return tuple(raw(body) for (_, own, _), body in self.objects.items() if namespace in ("", own))

    async def server_version(self) -> str:
        return "v1.36.3"

    async def api_versions(self) -> tuple[str, ...]:
        return ("v1", "apps/v1", "apps/v1/Deployment")

    async def resource(self, kind: GroupKind, version: str = "") -> Resource:
        return Resource(kind.group, version or "v1", kind.kind, kind.kind.lower() + "s", namespaced=True)

    async def schema(self, resource: Resource) -> KindSchema:
        raise NotImplementedError(resource.kind)

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
    ) -> Listing:
        del field_selector, metadata_only
        self.requests.append(f"list {resource.plural} {namespace} {label_selector}")
        if namespace in self.forbidden or self.down:
            raise ClusterError(f"may not list secrets in {namespace}")
        return Listing(self.items(namespace), "1")

    async def follow(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> AsyncIterator[WatchEvent]:
        del resource, label_selector, field_selector
        queue: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self.followers.append(queue)
        yield Listed(self.items(namespace), "1")
        yield Fresh("1")
        while True:
            yield await queue.get()

    async def get(self, ref: ObjectRef, *, version: str = "", metadata_only: bool = False) -> bytes:
        del version
        self.requests.append(f"get {ref} {metadata_only}")
        if self.down:
            raise ClusterError("connection refused")
        body = self.objects.get((ref.kind, ref.namespace, ref.name))
        if body is None:
            raise NotFoundError(f"{ref} is not there")
        return json.dumps({"metadata": body["metadata"]} if metadata_only else body).encode()

    async def apply(
        self, body: Mapping[str, Any], ref: ObjectRef, *, manager: str, force: bool, dry_run: bool = False
    ) -> Written:
        raise NotImplementedError(ref, body, manager, force, dry_run)

    async def patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        version: str = "",
        dry_run: bool = False,
    ) -> Written:
        raise NotImplementedError(ref, operations, manager, version, dry_run)

    async def delete(self, ref: ObjectRef, *, uid: str, resource_version: str, dry_run: bool = False) -> None:
        raise NotImplementedError(ref, uid, resource_version, dry_run)

    async def allowed(self, verb: str, resource: Resource, namespace: str = "") -> bool:
        raise NotImplementedError(verb, resource, namespace)


def silence() -> Stale:
    return Stale("connection refused", "ClusterUnreachable")
