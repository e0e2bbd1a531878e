"""The API server of these tests: requests as any field manager, and the raw OpenAPI that objects are grown from.

The schemas are read here on their own, not through `drift.core.schema`: what is tested may not choose the tests.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from drift.core.errors import ClusterError
from drift.core.objects import GroupKind, ObjectRef, Resource, ref_of, split_api_version
from drift.kube.client import APPLY, JSON_PATCH, KubeCluster, connect
from drift.kube.errors import Attempt
from drift.kube.transport import JSON, Retry
from drift.kube.urls import collection_path, object_path

Json = dict[str, Any]
Schema = Mapping[str, Any]
_AT_ONCE = 8
_T = TypeVar("_T")


async def at_once(jobs: Iterable[Awaitable[_T]]) -> list[_T]:
    """Run a few at a time, and give the answers in order."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(job: Awaitable[_T]) -> _T:
        async with gate:
            return await job

    return list(await asyncio.gather(*(one(job) for job in jobs)))


class Server:
    """One API server within one event loop."""

    def __init__(self, cluster: KubeCluster) -> None:
        self.cluster = cluster
        self._documents: dict[str, Schema] = {}

    async def resource(self, body: Mapping[str, Any]) -> Resource:
        group, version = split_api_version(body["apiVersion"])
        return await self.cluster.resource(GroupKind(group, body["kind"]), version)

    async def create(self, body: Json, manager: str, *, dry_run: bool = False) -> Json:
        resource = await self.resource(body)
        path = collection_path(resource, body["metadata"].get("namespace", ""))
        return await self._send("POST", path, manager, body, JSON, dry_run=dry_run)

    async def apply(self, body: Json, manager: str) -> Json:
        return await self._send("PATCH", await self._path(body), manager, body, APPLY, force="true")

    async def patch(self, body: Json, operations: list[Json], manager: str) -> Json:
        return await self._send("PATCH", await self._path(body), manager, operations, JSON_PATCH)

    async def get(self, body: Json) -> Json | None:
        """The live object, or None."""
        with contextlib.suppress(ClusterError):
            _, version = split_api_version(body["apiVersion"])
            answer: Json = msgspec.json.decode(await self.cluster.get(ref_of(body), version=version))
            return answer
        return None

    async def _path(self, body: Json) -> str:
        return object_path(await self.resource(body), ref_of(body))

    async def _send(
        self, method: str, path: str, manager: str, body: Any, content_type: str, *, dry_run: bool = False, **query: str
    ) -> Json:
        asked = {"fieldManager": manager, **query, **({"dryRun": "All"} if dry_run else {})}
        answer = await self.cluster.transport.request(
            method, path, Attempt(f"{method} {path}"), query=asked, body=body, content_type=content_type,
            retry=Retry.REFUSED,
        )  # fmt: skip
        decoded: Json = msgspec.json.decode(answer.body)
        return decoded

    async def schema(self, body: Json) -> Schema:
        """The raw schema of a kind."""
        resource = await self.resource(body)
        name = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
        wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        components = await self.components(name)
        kinds = "x-kubernetes-group-version-kind"
        return next(schema for schema in components.values() if wanted in schema.get(kinds, ()))

    async def components(self, name: str) -> Schema:
        if name not in self._documents:
            answer = await self.cluster.transport.request("GET", f"/openapi/v3/{name}", Attempt(f"read {name}"))
            self._documents[name] = msgspec.json.decode(answer.body)["components"]["schemas"]
        return self._documents[name]

    def resolve(self, schema: Schema) -> Schema:
        """Follow a reference; the referring place's default wins."""
        references = [part["$ref"] for part in (schema, *schema.get("allOf", ())) if "$ref" in part]
        if not references:
            return schema
        name = references[0].rpartition("/")[2]
        found = next(doc[name] for doc in self._documents.values() if name in doc)
        return {**found, "x-name": name, **{key: schema[key] for key in ("default",) if key in schema}}


@contextlib.asynccontextmanager
async def serving(kubeconfig: Path) -> AsyncIterator[Server]:
    async with await connect(str(kubeconfig)) as cluster:
        yield Server(cluster)


def reference(body: Mapping[str, Any]) -> ObjectRef:
    return ref_of(body)
