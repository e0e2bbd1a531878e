"""What the server serves: kinds, versions and their URLs, by aggregated discovery with the classic form behind it.

A group that could not be discovered is not a group without kinds: its kinds are a ClusterError, never an
UnknownKindError. Kinds come and go with CRDs, so an unknown one is looked up again, at most every 5 s.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec

from drift.core.errors import ClusterError, UnknownKindError
from drift.core.objects import GroupKind, Resource
from drift.core.reasons import Reason
from drift.kube.errors import Attempt, line
from drift.kube.transport import JSON, Transport

REFRESH_PERIOD = 5.0
_AGGREGATED = "APIGroupDiscoveryList"
_ACCEPT = ",".join([*(f"{JSON};g=apidiscovery.k8s.io;v={v};as={_AGGREGATED}" for v in ("v2", "v2beta1")), JSON])
_ATTEMPT = Attempt("discover the kinds of the server")


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


class _Sub(msgspec.Struct, frozen=True, rename="camel"):
    response_kind: _Kind | None = None


class _Served(msgspec.Struct, frozen=True, rename="camel"):
    resource: str
    response_kind: _Kind | None = None
    scope: str = ""
    verbs: tuple[str, ...] | None = None
    subresources: tuple[_Sub, ...] | None = None


class _Version(msgspec.Struct, frozen=True):
    version: str
    resources: tuple[_Served, ...] | None = None
    freshness: str = "Current"


class _Meta(msgspec.Struct, frozen=True):
    name: str = ""


class _Group(msgspec.Struct, frozen=True):
    metadata: _Meta
    versions: tuple[_Version, ...] | None = None


class _Aggregated(msgspec.Struct, frozen=True):
    kind: str
    items: tuple[_Group, ...] | None = None


class _GroupVersion(msgspec.Struct, frozen=True, rename="camel"):
    group_version: str
    version: str


class _ClassicGroup(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    versions: tuple[_GroupVersion, ...] = ()
    preferred_version: _GroupVersion | None = None


class _Classic(msgspec.Struct, frozen=True):
    """`/api` answers APIVersions (`versions`), `/apis` answers APIGroupList (`groups`)."""

    kind: str
    versions: tuple[str, ...] | None = None
    groups: tuple[_ClassicGroup, ...] | None = None


class _ClassicResource(msgspec.Struct, frozen=True):
    name: str
    kind: str
    namespaced: bool = False
    verbs: tuple[str, ...] | None = None


class _ClassicResources(msgspec.Struct, frozen=True):
    kind: str
    resources: tuple[_ClassicResource, ...] | None = None


class Catalog(msgspec.Struct, frozen=True, eq=False):
    """One state of discovery. `kinds` has each kind's versions, the server's preferred one first."""

    kinds: dict[GroupKind, tuple[Resource, ...]]
    names: frozenset[str]
    broken: frozenset[str]


class Discovery:
    """The catalog of one server, fetched when first asked and when a kind is not in it."""

    def __init__(self, transport: Transport, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._lock = asyncio.Lock()
        self._catalog: Catalog | None = None
        self._fetched = 0.0

    async def resource(self, kind: GroupKind, version: str = "") -> Resource:
        """The kind in this version if it is served, else in the preferred one."""
        found = _find(await self.catalog(), kind, version)
        if found is None:
            found = _find(await self._refreshed(), kind, version)
        if found is None:
            raise _unknown(await self.catalog(), kind)
        return found

    async def api_versions(self) -> tuple[str, ...]:
        """`group/version` and `group/version/Kind`, sorted. A broken group shows its versions alone, as in Helm."""
        return tuple(sorted((await self._refreshed()).names))

    async def catalog(self) -> Catalog:
        """Return the catalog as last seen."""
        return self._catalog or await self._refreshed()

    def expire(self) -> None:
        """Forget what is known, for a kind in it is gone; what was fetched a moment ago is kept."""
        if self._clock() - self._fetched >= REFRESH_PERIOD:
            self._catalog = None

    async def _refreshed(self) -> Catalog:
        async with self._lock:
            if self._catalog is None or self._clock() - self._fetched >= REFRESH_PERIOD:
                self._catalog = await self._fetch()
                self._fetched = self._clock()
            return self._catalog

    async def _fetch(self) -> Catalog:
        parts = await asyncio.gather(self._groups("/api"), self._groups("/apis"))
        return _compile([*parts[0], *parts[1]])

    async def _groups(self, path: str) -> list[_Group]:
        answer = await self._transport.request("GET", path, _ATTEMPT, accept=_ACCEPT)
        try:
            if f'"{_AGGREGATED}"'.encode() in answer.body[:200]:
                return list(msgspec.json.decode(answer.body, type=_Aggregated).items or ())
            classic = msgspec.json.decode(answer.body, type=_Classic)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _nonsense(path) from error
        return await self._classic_groups(path, classic)

    async def _classic_groups(self, path: str, classic: _Classic) -> list[_Group]:
        if classic.versions is not None:
            versions = [await self._classic_version(path, version) for version in classic.versions]
            return [_Group(_Meta(""), tuple(versions))]
        groups = []
        for group in classic.groups or ():
            names = [entry.version for entry in group.versions]
            if group.preferred_version is not None:
                names.sort(key=lambda name, first=group.preferred_version.version: name != first)  # type: ignore[misc]
            versions = [await self._classic_version(f"{path}/{group.name}", name) for name in names]
            groups.append(_Group(_Meta(group.name), tuple(versions)))
        return groups

    async def _classic_version(self, base: str, version: str) -> _Version:
        try:
            answer = await self._transport.request("GET", f"{base}/{version}", _ATTEMPT)
            listed = msgspec.json.decode(answer.body, type=_ClassicResources).resources or ()
        except (ClusterError, msgspec.DecodeError, UnicodeDecodeError):
            return _Version(version, (), "Stale")
        return _Version(version, _from_classic(listed))


def _from_classic(listed: Iterable[_ClassicResource]) -> tuple[_Served, ...]:
    served = []
    subresources: dict[str, list[_Sub]] = {}
    for each in listed:
        owner, _, sub = each.name.partition("/")
        if sub:
            subresources.setdefault(owner, []).append(_Sub(_Kind(each.kind)))
    for each in listed:
        if "/" not in each.name:
            scope = "Namespaced" if each.namespaced else "Cluster"
            subs = tuple(subresources.get(each.name, ()))
            served.append(_Served(each.name, _Kind(each.kind), scope, each.verbs, subs))
    return tuple(served)


def _compile(groups: Iterable[_Group]) -> Catalog:
    kinds: dict[GroupKind, tuple[Resource, ...]] = {}
    names: set[str] = set()
    broken: set[str] = set()
    for group in groups:
        for version in group.versions or ():
            if version.freshness != "Current":
                broken.add(group.metadata.name)
            names.update(_names(group.metadata.name, version))
            for resource in _resources(group.metadata.name, version):
                kinds[resource.group_kind] = (*kinds.get(resource.group_kind, ()), resource)
    return Catalog(kinds, frozenset(names), frozenset(broken))


def _resources(group: str, version: _Version) -> Iterable[Resource]:
    for served in version.resources or ():
        kind = served.response_kind.kind if served.response_kind else ""
        if kind:
            namespaced = served.scope == "Namespaced"
            yield Resource(group, version.version, kind, served.resource, namespaced, served.verbs or ())


def _names(group: str, version: _Version) -> Iterable[str]:
    prefix = f"{group}/{version.version}" if group else version.version
    yield prefix
    for served in version.resources or ():
        subresources = served.subresources or ()
        for kind in (served.response_kind, *(sub.response_kind for sub in subresources)):
            if kind is not None and kind.kind:
                yield f"{prefix}/{kind.kind}"


def _find(catalog: Catalog, kind: GroupKind, version: str) -> Resource | None:
    served = catalog.kinds.get(kind, ())
    return next((each for each in served if each.version == version), served[0] if served else None)


def _unknown(catalog: Catalog, kind: GroupKind) -> ClusterError:
    name = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    if kind.group in catalog.broken:
        words = f"{name} could not be discovered: its API group does not answer; see kubectl get apiservices"
        return ClusterError(line(words), reason=Reason.CLUSTER_UNREACHABLE)
    return UnknownKindError(line(f"the server serves no kind {name}; is its CustomResourceDefinition installed?"))


def _nonsense(path: str) -> ClusterError:
    return ClusterError(
        f"{_ATTEMPT.words}: {path} did not answer with Kubernetes JSON (a proxy?)", reason=Reason.SERVER_ERROR
    )
