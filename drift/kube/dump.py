"""`DumpCluster`: the Cluster protocol on what `kubectl get -o yaml` printed. Reads only, asks nobody.

A dump is complete only for what it holds. Of a kind or a namespace that appears nowhere in it nothing is known:
a question is then refused, and its objects become Unknown, never Missing.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from drift.cluster import Listing, WatchEvent, Written
from drift.core.errors import ClusterError, ForbiddenError, InvalidError, NotFoundError, UsageError
from drift.core.objects import Body, GroupKind, ObjectRef, Resource, ref_of, split_api_version
from drift.core.reasons import Reason
from drift.core.redact import printable
from drift.core.schema import KindSchema
from drift.core.selectors import parse_selector
from drift.kube.tables import builtin_resource, builtin_schema, version_rank

__all__ = ["DumpCluster"]

_FIELDS: Mapping[str, Callable[[Body], Any]] = {
    "metadata.name": lambda body: body["metadata"].get("name"),
    "metadata.namespace": lambda body: body["metadata"].get("namespace"),
    "type": lambda body: body.get("type"),
}


class DumpCluster:
    """A dump in the place of a cluster; `documents` are decoded JSON values, `List` kinds included."""

    def __init__(self, documents: Iterable[Any], *, name: str, version: str = "") -> None:
        """`name` is shown in messages; `version` is told as the server's. Raises UsageError."""
        self._name = name
        self._version = version
        self._bodies: dict[GroupKind, dict[ObjectRef, Body]] = {}
        self._versions: dict[GroupKind, set[str]] = {}
        self._namespaces: set[str] = set()
        for document in documents:
            self._take(document)
        if not self._bodies:
            raise UsageError(f"--live {name}: holds no Kubernetes object; write it with kubectl get ... -o yaml")

    def _take(self, document: Any) -> None:
        for body in _bodies(document, self._name):
            self._note(body)
            if isinstance(body.get("metadata"), Mapping) and body["metadata"].get("name"):
                ref = ref_of(body)
                self._bodies[GroupKind(ref.group, ref.kind)][ref] = body
                self._namespaces.add(ref.namespace)

    def _note(self, body: Body) -> None:
        """Remember that the dump was asked for this kind, even if nothing was there."""
        group, version = split_api_version(str(body["apiVersion"]))
        kind = GroupKind(group, str(body["kind"]))
        self._bodies.setdefault(kind, {})
        self._versions.setdefault(kind, set()).add(version)

    @property
    def context(self) -> str:
        """`dump FILE`."""
        return f"dump {self._name}"

    @property
    def tells_owners(self) -> bool:
        """Whether any object has managedFields; kubectl leaves them out unless asked."""
        bodies = (body for kind in self._bodies.values() for body in kind.values())
        return any(body["metadata"].get("managedFields") for body in bodies)

    async def server_version(self) -> str:
        """As the user told; "" when not."""
        return self._version

    async def api_versions(self) -> tuple[str, ...]:
        """What the dump holds."""
        names: set[str] = set()
        for kind, versions in self._versions.items():
            for version in versions:
                api = f"{kind.group}/{version}" if kind.group else version
                names |= {api, f"{api}/{kind.kind}"}
        return tuple(sorted(names))

    async def resource(self, kind: GroupKind, version: str = "") -> Resource:
        """Resolve a kind in the version that the dump holds; a built-in kind is known without."""
        known, held = builtin_resource(kind), self._versions.get(kind)
        if held is None:
            if known is None:
                raise self._unknown(_name(kind))
            return msgspec.structs.replace(known, version=version or known.version)
        if version and version not in held:
            raise self._unknown(f"{_name(kind)} in version {version}, only in {', '.join(sorted(held))}")
        chosen = version or max(held, key=version_rank)
        namespaced = any(ref.namespace for ref in self._bodies[kind]) if known is None else known.namespaced
        plural = f"{kind.kind.lower()}s" if known is None else known.plural
        return Resource(kind.group, chosen, kind.kind, plural, namespaced)

    async def schema(self, resource: Resource) -> KindSchema:
        """Return the shipped schema; nothing is known of custom resources."""
        known = builtin_schema(resource.group, resource.version, resource.kind)
        return known or KindSchema.unknown(resource.api_version, resource.kind)

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,  # noqa: ARG002 (the protocol's shape; whole objects serve as well)
    ) -> Listing:
        """Every object of the kind in the dump. Raises ForbiddenError where the dump cannot tell."""
        if resource.namespaced and not (namespace or label_selector or field_selector):
            # Its caller would take what is not in the answer for missing, in namespaces never dumped too.
            raise self._unknown("word on whether it covers all namespaces")
        chosen = parse_selector(label_selector)
        fields = _field_test(field_selector)
        bodies = [
            body
            for ref, body in self._known(resource.group_kind, namespace).items()
            if (not namespace or ref.namespace == namespace) and chosen(_labels(body)) and fields(body)
        ]
        return Listing(tuple(msgspec.Raw(msgspec.json.encode(body)) for body in bodies), "")

    async def get(self, ref: ObjectRef, *, version: str = "", metadata_only: bool = False) -> bytes:  # noqa: ARG002
        """One object. Raises NotFoundError, or ForbiddenError where the dump cannot tell."""
        body = self._known(GroupKind(ref.group, ref.kind), ref.namespace).get(ref)
        if body is None:
            raise NotFoundError(f"{ref} is not in the dump {self._name}", status=404)
        return msgspec.json.encode(body)

    def follow(
        self,
        resource: Resource,
        namespace: str = "",  # noqa: ARG002
        *,
        label_selector: str = "",  # noqa: ARG002
        field_selector: str = "",  # noqa: ARG002
    ) -> AsyncIterator[WatchEvent]:
        """Refuse: a dump never changes."""
        self._refuse(f"watch {resource.plural}")

    async def apply(
        self,
        body: Mapping[str, Any],  # noqa: ARG002
        ref: ObjectRef,
        *,
        manager: str,  # noqa: ARG002
        force: bool,  # noqa: ARG002
        dry_run: bool = False,  # noqa: ARG002
    ) -> Written:
        """Refuse."""
        self._refuse(f"apply {ref}")

    async def patch(
        self,
        ref: ObjectRef,
        operations: Sequence[Mapping[str, Any]],  # noqa: ARG002
        *,
        manager: str,  # noqa: ARG002
        version: str = "",  # noqa: ARG002
        dry_run: bool = False,  # noqa: ARG002
    ) -> Written:
        """Refuse."""
        self._refuse(f"patch {ref}")

    async def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str,  # noqa: ARG002
        resource_version: str,  # noqa: ARG002
        dry_run: bool = False,  # noqa: ARG002
    ) -> None:
        """Refuse."""
        self._refuse(f"delete {ref}")

    async def allowed(self, verb: str, resource: Resource, namespace: str = "") -> bool:  # noqa: ARG002
        """Reading is allowed, nothing else."""
        return verb in {"get", "list"}

    def _known(self, kind: GroupKind, namespace: str) -> Mapping[ObjectRef, Body]:
        bodies = self._bodies.get(kind)
        if bodies is None:
            raise self._unknown(_name(kind))
        if namespace and namespace not in self._namespaces:
            raise self._unknown(f"object of namespace {namespace}")
        return bodies

    def _unknown(self, what: str) -> ForbiddenError:
        """An answer withheld, not an absence: callers treat it as what they may not see."""
        return ForbiddenError(printable(f"the dump holds no {what}"), reason=Reason.LIST_INCOMPLETE)

    def _refuse(self, what: str) -> NoReturn:
        raise ClusterError(f"cannot {what}: {self._name} is a dump, not a cluster", reason=Reason.INVALID_INPUT)


def _bodies(document: Any, name: str) -> Iterator[Body]:
    """Objects of a document; an empty typed list yields its kind alone. Raises UsageError."""
    kind = document.get("kind") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(kind, str) or not document.get("apiVersion"):
        raise UsageError(printable(f"--live {name}: holds something that is no Kubernetes object"))
    if not kind.endswith("List") or not isinstance(document.get("items"), list):
        yield document
        return
    if (document.get("metadata") or {}).get("continue"):
        raise UsageError(f"--live {name}: holds one page of a longer {kind}; take the dump without a limit")
    own = {"apiVersion": document["apiVersion"], "kind": kind.removesuffix("List")}
    if own["kind"]:
        yield own
    for item in document["items"]:
        yield from _bodies({**(own if own["kind"] else {}), **item} if isinstance(item, Mapping) else item, name)


def _name(kind: GroupKind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def _labels(body: Body) -> Mapping[str, str]:
    return body["metadata"].get("labels") or {}


def _field_test(selector: str) -> Callable[[Body], bool]:
    """Read `key=value,...` for the few keys that sources ask for. Raises InvalidError for others."""
    pairs = [part.partition("=") for part in selector.split(",") if part]
    for key, _, _ in pairs:
        if key not in _FIELDS:
            raise InvalidError(f"a dump cannot be selected by the field {key}")
    return lambda body: all(_FIELDS[key](body) == wanted for key, _, wanted in pairs)
