"""Identity of an object, and a desired object with the place it came from."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

Body = Mapping[str, Any]


class ObjectRef(msgspec.Struct, frozen=True, order=True):
    """One object of one cluster. Without version: `policy/v1beta1` and `policy/v1` name the same object.

    `group` is "" for the core group; `namespace` is "" for cluster-scoped kinds.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Deployment.apps shop/web`: the form of every message."""
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


class GroupKind(msgspec.Struct, frozen=True, order=True):
    """A kind without version."""

    group: str
    kind: str


class Resource(msgspec.Struct, frozen=True, order=True):
    """What discovery says of a served kind: how its URLs look."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> GroupKind:
        """The kind without its version."""
        return GroupKind(self.group, self.kind)


class Provenance(msgspec.Struct, frozen=True):
    """Where a desired object was declared; empty and 0 where it does not apply."""

    source: str = ""
    revision: str = ""
    file: str = ""
    document: int = 0
    line: int = 0

    def __str__(self) -> str:
        """`file:line@revision`, as far as known."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}@{self.revision}" if place and self.revision else place or self.source


class Role(StrEnum):
    """How a source stands to an object. DROPPED: a former revision declared it. CRDS: from a chart's `crds/` folder."""

    DECLARED = "declared"
    DROPPED = "dropped"
    CRDS = "crds"


class Manifest(msgspec.Struct, frozen=True, eq=False):
    """One desired object. `body` is decoded JSON and is never changed after construction.

    `former` is what the revision before declared for it, where that was something else.
    """

    ref: ObjectRef
    api_version: str
    body: Body
    provenance: Provenance = Provenance()
    role: Role = Role.DECLARED
    former: Body | None = None

    def __repr__(self) -> str:
        """Without the body: it may be a Secret's."""
        return f"Manifest({self.ref})"


def split_api_version(api_version: str) -> tuple[str, str]:
    """`apps/v1` -> ("apps", "v1"); `v1` -> ("", "v1")."""
    group, _, version = api_version.rpartition("/")
    return group, version


def ref_of(body: Body, namespace: str | None = None) -> ObjectRef:
    """Read the identity from a body; `namespace` replaces the one of the body unless it is None."""
    group, _ = split_api_version(str(body.get("apiVersion") or ""))
    metadata = body.get("metadata") or {}
    own = str(metadata.get("namespace") or "") if namespace is None else namespace
    return ObjectRef(group, str(body.get("kind") or ""), own, str(metadata.get("name") or ""))
