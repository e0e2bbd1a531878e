"""What should be, by object: compact, shared, and honest about objects that two sources claim.

Bodies are kept as compressed JSON (decision D9) and decoded when an object is looked at. The index never reads the
cluster: manifests come placed (namespace set or stripped by the kind's scope).
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from drift.core.objects import Body, GroupKind, Manifest, ObjectRef, Provenance, Role
from drift.source import DesiredState, Hold

_COMPRESS_FROM = 512
_DECODER = msgspec.json.Decoder()


class Packed(msgspec.Struct, frozen=True, eq=False):
    """One desired object, compact."""

    api_version: str
    blob: bytes
    file: str = ""
    line: int = 0
    role: Role = Role.DECLARED
    former: bytes = b""

    @classmethod
    def of(cls, manifest: Manifest) -> "Packed":
        """Pack a manifest."""
        former = b"" if manifest.former is None else _packed(manifest.former)
        origin = manifest.provenance
        return cls(manifest.api_version, _packed(manifest.body), origin.file, origin.line, manifest.role, former)

    def unpack(self, ref: ObjectRef, source: str, revision: str) -> Manifest:
        """Decode it again."""
        origin = Provenance(source=source, revision=revision, file=self.file, line=self.line)
        former = _unpacked(self.former) if self.former else None
        return Manifest(ref, self.api_version, _unpacked(self.blob), origin, self.role, former)

    @property
    def stamp(self) -> int:
        """Changes with everything that the comparison looks at."""
        return hash((self.blob, self.former, self.role, self.api_version))


def _packed(body: Body) -> bytes:
    blob = msgspec.json.encode(body)
    return zlib.compress(blob, 6) if len(blob) >= _COMPRESS_FROM else blob


def _unpacked(blob: bytes) -> Any:
    return _DECODER.decode(blob if blob[:1] == b"{" else zlib.decompress(blob))


class SourceState(msgspec.Struct, frozen=True, eq=False):
    """A `DesiredState` without its bodies."""

    source: str
    revision: str
    sequence: int
    manager: str
    hold: Hold | None

    @classmethod
    def of(cls, state: DesiredState) -> "SourceState":
        """Keep what the gates and the executor need."""
        return cls(state.source, state.revision, state.sequence, state.manager, state.hold)


class DesiredIndex:
    """Objects by identity, and the sources that declare them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._objects: dict[ObjectRef, dict[str, Packed]] = {}
        self._sources: dict[str, SourceState] = {}
        self._refs: dict[str, frozenset[ObjectRef]] = {}
        self._namespaces: dict[GroupKind, Counter[str]] = {}
        self._versions: dict[GroupKind, str] = {}

    def __len__(self) -> int:
        """Number of desired objects."""
        return len(self._objects)

    def __contains__(self, ref: ObjectRef) -> bool:
        """Whether any source declares this object."""
        return ref in self._objects

    def refs(self) -> Iterator[ObjectRef]:
        """Every desired object."""
        return iter(self._objects)

    def sources(self) -> Iterator[SourceState]:
        """Every source now known."""
        return iter(self._sources.values())

    def source(self, name: str) -> SourceState | None:
        """State of one source."""
        return self._sources.get(name)

    def of_source(self, name: str) -> frozenset[ObjectRef]:
        """Objects a source declares."""
        return self._refs.get(name, frozenset())

    def claims(self, ref: ObjectRef) -> tuple[str, ...]:
        """Names of the sources that declare an object now, sorted."""
        claims = self._objects.get(ref, {})
        return tuple(sorted(name for name, packed in claims.items() if packed.role is Role.DECLARED))

    def stamp(self, ref: ObjectRef) -> int:
        """A number that changes when what is desired of this object changes; 0 when nothing is."""
        claims = self._objects.get(ref)
        return claims[_first(claims)].stamp if claims else 0

    def manifest(self, ref: ObjectRef) -> tuple[Manifest, SourceState] | None:
        """Decode one desired object with its source; of several claims the first by name."""
        claims = self._objects.get(ref)
        if not claims:
            return None
        name = _first(claims)
        state = self._sources[name]
        return claims[name].unpack(ref, name, state.revision), state

    def put(self, state: DesiredState) -> frozenset[ObjectRef]:
        """Take over a revision; returns the objects that must be looked at again."""
        before = self._sources.get(state.source)
        old = self._refs.get(state.source, frozenset())
        fresh = {manifest.ref: Packed.of(manifest) for manifest in state.manifests}
        changed = {ref for ref, packed in fresh.items() if self._changed(ref, state.source, packed)}
        for ref in old - fresh.keys():
            self._forget(ref, state.source)
            changed.add(ref)
        for ref, packed in fresh.items():
            self._remember(ref, state.source, packed)
        self._sources[state.source] = SourceState.of(state)
        self._refs[state.source] = frozenset(fresh)
        if before is None or before.hold != state.hold or before.manager != state.manager:
            changed |= fresh.keys()
        return frozenset(changed)

    def remove(self, source: str) -> frozenset[ObjectRef]:
        """Forget a source; returns the objects it declared."""
        refs = self._refs.pop(source, frozenset())
        for ref in refs:
            self._forget(ref, source)
        self._sources.pop(source, None)
        return refs

    def shrink(self, name: str) -> float:
        """Share of the objects of the former revision that the current one of a source dropped."""
        refs = self.of_source(name)
        dropped = sum(self._objects[ref][name].role is Role.DROPPED for ref in refs)
        return dropped / len(refs) if refs else 0.0

    def kinds(self) -> dict[GroupKind, frozenset[str]]:
        """Kinds and the namespaces in which they are desired ("" for cluster scope)."""
        return {kind: frozenset(counts) for kind, counts in self._namespaces.items()}

    def version(self, kind: GroupKind) -> str:
        """An API version in which objects of this kind are declared."""
        return self._versions.get(kind, "")

    def _changed(self, ref: ObjectRef, source: str, packed: Packed) -> bool:
        known = self._objects.get(ref, {}).get(source)
        return known is None or known.stamp != packed.stamp

    def _remember(self, ref: ObjectRef, source: str, packed: Packed) -> None:
        claims = self._objects.get(ref)
        if claims is None:
            claims = self._objects[ref] = {}
            kind = GroupKind(ref.group, ref.kind)
            self._namespaces.setdefault(kind, Counter())[ref.namespace] += 1
            self._versions.setdefault(kind, packed.api_version)
        claims[source] = packed

    def _forget(self, ref: ObjectRef, source: str) -> None:
        claims = self._objects.get(ref, {})
        claims.pop(source, None)
        if not claims and self._objects.pop(ref, None) is not None:
            self._forget_namespace(GroupKind(ref.group, ref.kind), ref.namespace)

    def _forget_namespace(self, kind: GroupKind, namespace: str) -> None:
        counts = self._namespaces[kind]
        counts[namespace] -= 1
        if not counts[namespace]:
            del counts[namespace]
        if not counts:
            del self._namespaces[kind]
            self._versions.pop(kind, None)


ROLE_ORDER = {Role.DECLARED: 0, Role.CRDS: 1, Role.DROPPED: 2}


def _first(claims: Mapping[str, Packed]) -> str:
    """The source that counts: one that declares the object before the others, then by name."""
    return min(claims, key=lambda name: (ROLE_ORDER[claims[name].role], name))


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Order of creation: what others need comes first."""
    return sorted(manifests, key=lambda manifest: (rank(manifest.ref), manifest.ref))


_RANKS = {
    kind: number
    for number, kinds in enumerate(
        (
            ("Namespace",),
            ("CustomResourceDefinition", "PriorityClass", "StorageClass", "RuntimeClass", "IngressClass"),
            ("NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget"),
            ("ServiceAccount", "ClusterRole", "Role"),
            ("ClusterRoleBinding", "RoleBinding"),
            ("Secret", "ConfigMap"),
            ("PersistentVolume", "PersistentVolumeClaim"),
            ("Service",),
            ("DaemonSet", "Pod", "ReplicaSet", "Deployment", "StatefulSet", "Job", "CronJob"),
            ("HorizontalPodAutoscaler", "Ingress"),
            ("APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        )
    )
    for kind in kinds
}
_CUSTOM = 9  # custom resources: after workloads, before what calls webhooks


def rank(ref: ObjectRef) -> int:
    """Place of a kind in the order of creation."""
    return _RANKS.get(ref.kind, _CUSTOM)
