"""Switches that people set on namespaces: pause, resume, approval of what is missing.

Annotations need nothing of ours to be up but the controller itself (promise P27). Namespaces are watched where that is
permitted; else the one concerned is read right before a write. The control namespace holds the switches for
everything.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from drift.cluster import Changed, Cluster, Fresh, Listed, Stale, WatchEvent
from drift.core.errors import ClusterError, NotFoundError
from drift.core.gates import PAUSE
from drift.core.objects import GroupKind, ObjectRef
from drift.engine.fence import Fence

PREFIX = "daytwo.dev/"
RESUME = "daytwo.dev/resume-until"
CONTROL_NAMESPACE = "daytwo-system"
_NAMESPACE = GroupKind("", "Namespace")
_RETRY = 30.0
Annotations = Mapping[str, str]


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    annotations: dict[str, str] | None = None


class _Namespace(msgspec.Struct, frozen=True):
    metadata: _Metadata


_NAMESPACES = msgspec.json.Decoder(_Namespace)


class Switches:
    """The annotations of ours on every namespace, as of now."""

    def __init__(self, cluster: Cluster, control_namespace: str = CONTROL_NAMESPACE) -> None:
        """Nothing is read before `run` or `of`."""
        self._cluster = cluster
        self._control = control_namespace
        self._known: dict[str, Annotations] = {}
        self._listed = False
        self._trusted = False
        self._reads: Fence[Annotations] = Fence()
        self._listeners: list[Callable[[str], None]] = []

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with a namespace's name when its switches change."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow the namespaces for ever; without permission the watch stays untrusted and `of` reads."""
        while True:
            try:
                resource = await self._cluster.resource(_NAMESPACE)
                async for event in self._cluster.follow(resource):
                    self._handle(event)
            except ClusterError:
                self._trusted = False
            await asyncio.sleep(_RETRY)

    async def of(self, namespace: str, *, since: float) -> tuple[Annotations, Annotations]:
        """Return the switches of a namespace and those for everything, true of a moment after `since`."""
        if self._trusted:
            return self._known.get(namespace, {}), self._known.get(self._control, {})
        names = [name for name in (namespace, self._control) if name]
        found = dict(zip(names, await asyncio.gather(*(self._read(name, since) for name in names)), strict=True))
        return found.get(namespace, {}), found[self._control]

    async def _read(self, name: str, since: float) -> Annotations:
        return await self._reads.ask(name, lambda: self._get(name), since=since)

    async def _get(self, name: str) -> Annotations:
        try:
            raw = await self._cluster.get(ObjectRef("", "Namespace", "", name), metadata_only=True)
        except NotFoundError:
            return {}
        except ClusterError as error:
            if error.status == 403:
                return {}  # who may not read a namespace cannot be paused by it; `drift doctor` tells
            raise
        return _ours(raw)[1]

    def _handle(self, event: WatchEvent) -> None:
        match event:
            case Changed():
                name, ours = _ours(event.object)
                self._put(name, {} if event.type == "DELETED" else ours)
            case Listed():
                fresh = dict(_ours(item) for item in event.items)
                for name in self._known.keys() | fresh.keys():
                    self._put(name, fresh.get(name, {}))
                self._listed = self._trusted = True
            case Fresh():
                self._trusted = self._listed
            case Stale():
                self._trusted = False

    def _put(self, name: str, ours: Annotations) -> None:
        before = self._known.get(name, {})
        if ours:
            self._known[name] = ours
        else:
            self._known.pop(name, None)
        if before != ours:
            for listener in self._listeners:
                listener(name)


def _ours(raw: bytes | msgspec.Raw) -> tuple[str, Annotations]:
    metadata = _NAMESPACES.decode(raw).metadata
    ours = {key: value for key, value in (metadata.annotations or {}).items() if key.startswith(PREFIX)}
    return metadata.name, ours


def pauses_in(*annotations: Annotations) -> tuple[str, ...]:
    """Return the pause values among switches."""
    return tuple(found[PAUSE] for found in annotations if PAUSE in found)


def resumed_until(switches: Annotations) -> float:
    """Unix seconds up to which the breaker is told to stay closed; 0 without, and when it cannot be read."""
    try:
        until = datetime.fromisoformat(switches.get(RESUME, ""))
    except ValueError:
        return 0.0
    return until.timestamp() if until.tzinfo else 0.0
