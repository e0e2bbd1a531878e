"""The Cluster protocol: all that the engine and the sources may ask of an API server.

Bodies travel as the server's own JSON bytes, so that each caller decodes only what it needs. Every method raises
a `ClusterError` (or a subclass) with one readable line; none returns a half answer. Never imports `drift.kube`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from drift.core.objects import GroupKind, ObjectRef, Resource
from drift.core.schema import KindSchema


class Listing(msgspec.Struct, frozen=True, eq=False):
    """A complete list. `items` are JSON objects; apiVersion and kind may be absent in each, as the server does it."""

    items: tuple[msgspec.Raw, ...]
    resource_version: str


class Listed(msgspec.Struct, frozen=True, eq=False):
    """A complete fresh list: what is not in it does not exist (in this scope)."""

    items: tuple[msgspec.Raw, ...]
    resource_version: str


class Changed(msgspec.Struct, frozen=True, eq=False):
    """A watch event of one object; for DELETED `object` is its last state."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: msgspec.Raw


class Stale(msgspec.Struct, frozen=True):
    """The stream cannot be trusted until `Fresh` or `Listed` comes: objects of this scope are Unknown."""

    error: str
    reason: str


class Fresh(msgspec.Struct, frozen=True):
    """The watch runs (again) without a gap; `resource_version` is how far it has seen."""

    resource_version: str


WatchEvent = Listed | Changed | Stale | Fresh


class Written(msgspec.Struct, frozen=True, eq=False):
    """The object as the server answered a write (its JSON bytes)."""

    object: bytes
    created: bool = False


class Cluster(Protocol):
    """One API server, seen as one identity."""

    @property
    def context(self) -> str:
        """The name shown to the user (kubeconfig context, or `in-cluster`)."""
        ...

    async def server_version(self) -> str:
        """`v1.36.3`."""
        ...

    async def api_versions(self) -> tuple[str, ...]:
        """Return all `group/version` and `group/version/Kind` names served (Helm's .Capabilities.APIVersions)."""
        ...

    async def resource(self, kind: GroupKind, version: str = "") -> Resource:
        """Resolve a kind: the given version if it is served, else the preferred one. Raises UnknownKindError."""
        ...

    async def schema(self, resource: Resource) -> KindSchema:
        """Schema of a kind from the server's OpenAPI v3; the shipped table when the server gives none."""
        ...

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
        ...

    def follow(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """List, then watch for ever, relisting where needed. Never raises but on cancellation."""
        ...

    async def get(self, ref: ObjectRef, *, version: str = "", metadata_only: bool = False) -> bytes:
        """One object. Raises NotFoundError."""
        ...

    async def apply(
        self, body: Mapping[str, Any], ref: ObjectRef, *, manager: str, force: bool, dry_run: bool = False
    ) -> Written:
        """Server-side apply. Preconditions (uid, resourceVersion) stand in `body.metadata`."""
        ...

    async def patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        version: str = "",
        dry_run: bool = False,
    ) -> Written:
        """JSON patch (RFC 6902), with its own `test` operations as preconditions."""
        ...

    async def delete(self, ref: ObjectRef, *, uid: str, resource_version: str, dry_run: bool = False) -> None:
        """Delete with both preconditions, foreground propagation left to the server's default."""
        ...

    async def allowed(self, verb: str, resource: Resource, namespace: str = "") -> bool:
        """SelfSubjectAccessReview."""
        ...
