"""`KubeCluster`: the Cluster protocol on a real API server. Bodies stay the server's bytes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from drift.cluster import Listing, WatchEvent, Written
from drift.core.errors import ClusterError, InvalidError, UnknownKindError
from drift.core.objects import GroupKind, ObjectRef, Resource, split_api_version
from drift.core.reasons import Reason
from drift.core.schema import KindSchema
from drift.kube.auth import Connection, load
from drift.kube.discovery import Discovery
from drift.kube.errors import Attempt, line
from drift.kube.openapi import OpenApi
from drift.kube.pages import METADATA, METADATA_LIST, fetch_list
from drift.kube.reflector import Reflector
from drift.kube.transport import DEFAULT_TIMEOUTS, JSON, Answer, Fence, Retry, Timeouts, Transport
from drift.kube.urls import attempt_on, attempt_on_all, collection_path, object_path
from drift.kube.watch import DEFAULT_LIMITS, WatchLimits

APPLY = "application/apply-patch+yaml"  # JSON is YAML
JSON_PATCH = "application/json-patch+json"

_T = TypeVar("_T")


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str


class _ReviewStatus(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Review(msgspec.Struct, frozen=True):
    status: _ReviewStatus


class KubeCluster:
    """One API server, seen as one identity. Use it in one event loop and `close` it there."""

    def __init__(
        self,
        connection: Connection,
        *,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        watch_limits: WatchLimits = DEFAULT_LIMITS,
        cache_dir: Path | None = None,
    ) -> None:
        self.connection = connection
        self.transport = Transport(connection, timeouts)
        self._watch_limits = watch_limits
        self._discovery = Discovery(self.transport)
        self._openapi = OpenApi(self.transport, cache_dir=cache_dir)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection, watches too."""
        await self.transport.close()

    def fence_writes(self, fence: Fence) -> None:
        """Ask `fence` right before each attempt of every apply, patch and delete, dry runs apart; it may raise."""
        self.transport.fence = fence

    @property
    def context(self) -> str:
        """The kubeconfig context, or `in-cluster`."""
        return self.connection.context

    async def server_version(self) -> str:
        """`v1.36.3`."""
        attempt = Attempt("read the server's version")
        answer = await self.transport.request("GET", "/version", attempt)
        return _decode(answer, _Version, attempt).git_version

    async def api_versions(self) -> tuple[str, ...]:
        """All `group/version` and `group/version/Kind` names served."""
        return await self._discovery.api_versions()

    async def resource(self, kind: GroupKind, version: str = "") -> Resource:
        """Resolve a kind: the given version if it is served, else the preferred one."""
        return await self._discovery.resource(kind, version)

    async def schema(self, resource: Resource) -> KindSchema:
        """Schema of a kind from the server's OpenAPI v3; the shipped table when the server gives none."""
        return await self._openapi.schema(resource)

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
    ) -> Listing:
        """All pages of a list; namespace "" means all namespaces."""
        try:
            return await fetch_list(
                self.transport,
                collection_path(resource, namespace),
                attempt_on_all("list", resource, namespace),
                query=_selectors(label_selector, field_selector),
                accept=METADATA_LIST if metadata_only else JSON,
            )
        except UnknownKindError:
            self._discovery.expire()
            raise

    def follow(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """List, then watch for ever. Never raises but on cancellation."""
        reflector = Reflector(
            self.transport,
            collection_path(resource, namespace),
            attempt_on_all("watch", resource, namespace),
            query=_selectors(label_selector, field_selector),
            limits=self._watch_limits,
            on_unknown_kind=self._discovery.expire,
        )
        return reflector.follow()

    async def get(self, ref: ObjectRef, *, version: str = "", metadata_only: bool = False) -> bytes:
        """One object. Raises NotFoundError."""
        accept = METADATA if metadata_only else JSON
        answer = await self._on_object("GET", ref, attempt_on("get", ref), version=version, accept=accept)
        return answer.body

    async def apply(
        self, body: Mapping[str, Any], ref: ObjectRef, *, manager: str, force: bool, dry_run: bool = False
    ) -> Written:
        """Server-side apply, in the version that the body is written in."""
        attempt = attempt_on("apply", ref)
        _, version = split_api_version(str(body.get("apiVersion") or ""))
        query = {"fieldManager": manager, "force": "true" if force else "false", **_dry(dry_run)}
        answer = await self._on_object(
            "PATCH",
            ref,
            attempt,
            version=version,
            exact=True,
            query=query,
            body=body,
            content_type=APPLY,
            writes=not dry_run,
        )
        return Written(answer.body, created=answer.status == 201)

    async def apply_status(self, body: Mapping[str, Any], ref: ObjectRef, *, manager: str) -> Written:
        """Forced server-side apply of the status subresource; nothing but the status is changed."""
        _, version = split_api_version(str(body.get("apiVersion") or ""))
        answer = await self._on_object(
            "PATCH",
            ref,
            attempt_on("apply the status of", ref),
            version=version,
            subresource="/status",
            query={"fieldManager": manager, "force": "true"},
            body=body,
            content_type=APPLY,
            writes=True,
        )
        return Written(answer.body)

    async def patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        version: str = "",
        dry_run: bool = False,
    ) -> Written:
        """JSON patch. One whose `test` does not hold is a ConflictError; a lost answer is never sent again."""
        answer = await self._on_object(
            "PATCH",
            ref,
            attempt_on("patch", ref),
            version=version,
            query={"fieldManager": manager, **_dry(dry_run)},
            body=operations,
            content_type=JSON_PATCH,
            retry=Retry.REFUSED,
            writes=not dry_run,
        )
        return Written(answer.body)

    async def delete(self, ref: ObjectRef, *, uid: str, resource_version: str, dry_run: bool = False) -> None:
        """Delete with both preconditions; a lost answer is never sent again."""
        if not uid or not resource_version:
            raise InvalidError(line(f"delete {ref}: refused, a delete needs uid and resourceVersion"))
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, "resourceVersion": resource_version},
            # Here and not in the query, which the server ignores when a delete has a body.
            **({"dryRun": ["All"]} if dry_run else {}),
        }
        await self._on_object(
            "DELETE",
            ref,
            attempt_on("delete", ref),
            body=options,
            retry=Retry.REFUSED,
            writes=not dry_run,
        )

    async def allowed(self, verb: str, resource: Resource, namespace: str = "") -> bool:
        """SelfSubjectAccessReview."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        attempt = attempt_on_all(f"ask whether it is allowed to {verb}", resource, namespace)
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await self.transport.request("POST", path, attempt, body=review)
        return _decode(answer, _Review, attempt).status.allowed

    async def _on_object(
        self,
        method: str,
        ref: ObjectRef,
        attempt: Attempt,
        *,
        version: str = "",
        exact: bool = False,
        subresource: str = "",
        **options: Any,
    ) -> Answer:
        resource = await self._discovery.resource(GroupKind(ref.group, ref.kind), version)
        if exact and resource.version != version:
            words = f"{attempt.words}: version {version or '(none)'} is not served, {resource.api_version} is"
            raise UnknownKindError(line(words))
        try:
            path = object_path(resource, ref) + subresource
            return await self.transport.request(method, path, attempt, **options)
        except UnknownKindError:
            self._discovery.expire()
            raise


async def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    watch_limits: WatchLimits = DEFAULT_LIMITS,
    cache_dir: Path | None = None,
    **options: Any,
) -> KubeCluster:
    """Load a connection (options: see `drift.kube.auth.load`) and put a cluster on it; nothing is sent yet."""
    connection = await load(kubeconfig, context, **options)
    return KubeCluster(connection, timeouts=timeouts, watch_limits=watch_limits, cache_dir=cache_dir)


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _decode(answer: Answer, kind: type[_T], attempt: Attempt) -> _T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        words = f"{attempt.words}: the answer is not Kubernetes JSON (a proxy?)"
        raise ClusterError(line(words), status=answer.status, reason=Reason.SERVER_ERROR) from error
