"""Desired state from manifests that a guard carries itself, or that a ConfigMap beside it holds."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from desired.decode import Document, decode_tolerant
from desired.manifests import collect_manifests
from drift.core.errors import ClusterError
from drift.core.objects import GroupKind
from drift.core.reasons import Reason
from drift.source import (
    Changed,
    Cluster,
    DesiredState,
    Hold,
    Listed,
    ObjectRef,
    Problem,
    Revision,
    SourceError,
    WatchEvent,
)

__all__ = ["ConfigMapSource", "InlineSource"]

_SUFFIXES = (".yaml", ".yml", ".json")


class InlineSource:
    """Objects as they stand in a guard; one desired state named `inline:NAME`, which never changes."""

    def __init__(self, bodies: Sequence[Mapping[str, Any]], *, name: str, default_namespace: str = "") -> None:
        """`bodies` are decoded objects; `name` is the guard's."""
        self._bodies = bodies
        self._namespace = default_namespace
        self.name = f"inline:{name}"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Check every object. Raises SourceError when none can be read."""
        documents = [Document(index, 0, body, self.name) for index, body in enumerate(self._bodies, 1)]
        encoded = msgspec.json.encode(list(self._bodies), order="sorted")
        return (_state(self.name, _short(encoded), documents, (), self._namespace),)

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield once, and wait: another text is another guard."""
        (state,) = await self.load()
        yield state
        await asyncio.Event().wait()

    async def still_current(self, state: DesiredState) -> Hold | None:  # noqa: ARG002 (the protocol's shape)
        """Nobody else operates on it."""
        return None


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _ConfigMap(msgspec.Struct, frozen=True):
    metadata: _Metadata
    data: dict[str, str] | None = None


class ConfigMapSource:
    """Manifests in a ConfigMap: one key, or all that end as manifests do; one desired state `configmap:NS/NAME`.

    A ConfigMap that is gone, empty or broken freezes the last good state (decision D5).
    """

    def __init__(
        self, cluster: Cluster, namespace: str, name: str, *, key: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        """Objects without a namespace get the ConfigMap's."""
        self._cluster = cluster
        self._ref = ObjectRef("", "ConfigMap", namespace, name)
        self._key = key
        self._clock = clock
        self._version = ""
        self.name = f"configmap:{namespace}/{name}"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Read it once. Raises SourceError when no object can be read."""
        try:
            return (self._read(await self._cluster.get(self._ref)),)
        except ClusterError as error:
            raise SourceError(str(error), reason=error.reason) from error

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield what it holds now, then every change."""
        good: DesiredState | None = None
        resource = await self._cluster.resource(GroupKind("", "ConfigMap"))
        events = self._cluster.follow(resource, self._ref.namespace, field_selector=f"metadata.name={self._ref.name}")
        async for event in events:
            raw = _raw(event)
            if raw is None:
                continue
            revision = self._judge(raw, good)
            if isinstance(revision, DesiredState) and revision.hold is None:
                good = revision
            yield revision

    async def still_current(self, state: DesiredState) -> Hold | None:
        """Ask by metadata alone whether it is the one that was read."""
        try:
            found = msgspec.json.decode(await self._cluster.get(self._ref, metadata_only=True), type=_ConfigMap)
        except ClusterError as error:
            return Hold(Reason.STATE_UNKNOWN, f"whether {state.source} still says the same cannot be seen: {error}")
        if found.metadata.resource_version == self._version:
            return None
        return Hold(Reason.OLDER_REVISION, f"{state.source} was changed just now")

    def _judge(self, raw: bytes | msgspec.Raw, good: DesiredState | None) -> Revision:
        """Read, or freeze the last good state."""
        try:
            read = self._read(raw)
        except SourceError as error:
            problem = Problem(self.name, str(error), error.reason)
            if good is None:
                return problem
            hold = Hold(Reason.SOURCE_FAILED, str(error), self._clock())
            return msgspec.structs.replace(good, hold=hold, problems=(problem,))
        if good is None:
            return read
        if read.hold is not None:
            return msgspec.structs.replace(good, hold=read.hold, problems=read.problems)
        former = good.former if read.revision == good.revision else good.manifests
        return msgspec.structs.replace(read, former=former)

    def _read(self, raw: bytes | msgspec.Raw) -> DesiredState:
        """Decode the manifests. Raises SourceError when there are none."""
        if not raw:
            raise SourceError(f"{self.name}: is not there", reason=Reason.DESIRED_EMPTY)
        found = msgspec.json.decode(raw, type=_ConfigMap)
        self._version = found.metadata.resource_version
        texts = self._texts(found.data or {})
        documents: list[Document] = []
        problems: list[Problem] = []
        for key, text in texts:
            read, bad = decode_tolerant(text, file=f"{self.name} {key}", source=self.name)
            documents.extend(read)
            problems.extend(bad)
        revision = _short(msgspec.json.encode(texts))
        return _state(self.name, revision, documents, problems, self._ref.namespace, now=self._clock())

    def _texts(self, data: Mapping[str, str]) -> list[tuple[str, str]]:
        """The keys that hold manifests, in order."""
        if self._key:
            if self._key not in data:
                raise SourceError(f"{self.name}: has no key {self._key}", reason=Reason.DESIRED_EMPTY)
            return [(self._key, data[self._key])]
        return sorted((key, text) for key, text in data.items() if key.endswith(_SUFFIXES))


def _raw(event: WatchEvent) -> bytes | msgspec.Raw | None:
    """The object of an event, empty when it is gone; None where the event tells nothing of it."""
    match event:
        case Listed():
            return event.items[0] if event.items else b""
        case Changed():
            return b"" if event.type == "DELETED" else event.object
        case _:
            return None


def _state(
    source: str,
    revision: str,
    documents: Iterable[Document],
    problems: Sequence[Problem],
    namespace: str,
    *,
    now: float = 0.0,
) -> DesiredState:
    """Make a state of documents; held where one of them cannot be read. Raises SourceError where none can."""
    manifests, bad = collect_manifests(documents, source=source, revision=revision, default_namespace=namespace)
    faults = (*problems, *bad)
    if not manifests:
        message = faults[0].message if faults else f"{source}: holds no Kubernetes object"
        raise SourceError(message, reason=faults[0].reason if faults else Reason.DESIRED_EMPTY)
    hold = None
    if faults:
        hold = Hold(Reason.DESIRED_PARTIAL, f"nothing is repaired until this can be read: {faults[0].message}", now)
    return DesiredState(source, revision, manifests, hold=hold, problems=faults)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
