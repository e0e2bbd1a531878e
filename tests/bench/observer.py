"""The independent watcher of a namespace: knows what every object was, and when it was so again."""

import asyncio
import contextlib
import hashlib
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.bench.wire import KINDS, Event, Kind, Wire

Key = tuple[str, str]  # kind, name
_CHANGING = frozenset({"clusterIP", "clusterIPs"})


class _Metadata(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    metadata: _Metadata
    spec: dict[str, Any] | None = None
    data: dict[str, str] | None = None


_OBJECT = msgspec.json.Decoder(_Object)


class Change:
    """One expected change: when it was seen, and when its repair was (monotonic seconds)."""

    def __init__(self) -> None:
        self.seen: float | None = None
        self.repaired: asyncio.Future[float] = asyncio.get_running_loop().create_future()


class Observer:
    """Follows the three kinds in one namespace."""

    def __init__(self, wire: Wire, namespace: str) -> None:
        self._wire = wire
        self.namespace = namespace
        self._content: dict[Key, bytes] = {}
        self._expected: dict[Key, Change] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for kind in KINDS.values():
            version = await self._learn(kind)
            self._tasks.append(asyncio.create_task(self._follow(kind, version)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def keys(self) -> list[Key]:
        """Every object that was there in the beginning."""
        return sorted(self._content)

    def expect(self, key: Key) -> Change:
        """Look out for a change of this object and its repair."""
        change = self._expected[key] = Change()
        return change

    async def _learn(self, kind: Kind) -> str:
        listing = msgspec.json.decode(await self._wire.send("GET", kind.path(self.namespace)))
        for item in listing["items"]:
            body = msgspec.convert(item, _Object)
            if body.metadata.name != "kube-root-ca.crt":
                self._content[kind.kind, body.metadata.name] = _content(body)
        return str(listing["metadata"]["resourceVersion"])

    async def _follow(self, kind: Kind, version: str) -> None:
        async for at, event in self._wire.watch(kind.path(self.namespace), version):
            if event.type in {"ADDED", "MODIFIED", "DELETED"}:
                self._take(kind, at, event)

    def _take(self, kind: Kind, at: float, event: Event) -> None:
        body = _OBJECT.decode(event.object)
        key = (kind.kind, body.metadata.name)
        change = self._expected.get(key)
        if change is None:
            return
        healthy = event.type != "DELETED" and _content(body) == self._content[key]
        if not healthy:
            change.seen = at
        elif change.seen is not None:
            del self._expected[key]
            with contextlib.suppress(asyncio.InvalidStateError):
                change.repaired.set_result(at)


def _content(body: _Object) -> bytes:
    """What a repair must bring back; the addresses of a Service may differ."""
    spec = {name: value for name, value in (body.spec or {}).items() if name not in _CHANGING}
    return hashlib.blake2b(msgspec.json.encode((spec, body.data), order="deterministic"), digest_size=12).digest()
