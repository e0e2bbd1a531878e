"""One writer at any time: leader election by a Lease, and the check of the lease's age right before every write.

As client-go does it (k8s.io/client-go/tools/leaderelection): nobody believes a time that another machine wrote. A
candidate takes the Lease when it has seen it unchanged for the whole `duration` by its own clock; a leader stops
writing `renew_within` after the beginning of its last renewal that succeeded, which is earlier. Every change of the
Lease is a JSON patch that tests the resourceVersion: of two takers one is refused.
"""

import asyncio
import contextlib
import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from drift.cluster import Cluster
from drift.core.errors import ClusterError, NotFoundError, NotLeaderError
from drift.core.objects import ObjectRef

_MANAGER = "daytwo-leader"
_RELEASE_WITHIN = 2.0
Clock = Callable[[], float]
Listener = Callable[[bool], None]


def since_boot() -> float:
    """Seconds that count on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


# A leader is as old as the clock says that ran furthest: a paused virtual machine may stop one, not both.
CLOCKS: tuple[Clock, ...] = (since_boot, time.time)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """The Lease and its times in seconds: `duration` > `renew_within` > `retry`."""

    namespace: str
    name: str = "daytwo"
    duration: int = 15
    renew_within: float = 10.0
    retry: float = 2.0


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    lease_transitions: int | None = None


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str


class _Lease(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _Spec = _Spec()


_LEASES = msgspec.json.Decoder(_Lease)


class _Seen(msgspec.Struct, frozen=True):
    """A state of the Lease, and when it was seen first by each clock."""

    version: str
    at: tuple[float, ...]


def new_identity() -> str:
    """Name a process as no other one, not even its own successor after a restart."""
    return f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:12]}"


class Elector:
    """One candidate for one Lease."""

    def __init__(self, cluster: Cluster, term: Term, identity: str = "", clocks: tuple[Clock, ...] = CLOCKS) -> None:
        """Nothing is asked before `run` or `step`. `clocks` give seconds and never agree on a zero."""
        self._cluster = cluster
        self._term = term
        self.identity = identity or new_identity()
        self._clocks = clocks
        self._ref = ObjectRef("coordination.k8s.io", "Lease", term.namespace, term.name)
        self._renewed: tuple[float, ...] | None = None
        self._seen: _Seen | None = None
        self._told = False
        self._listeners: list[Listener] = []
        self.error = ""

    def fence(self, attempt: str) -> None:
        """Refuse a write that may not be sent now: for `KubeCluster.fence_writes`. Raises NotLeaderError."""
        if not self.may_write():
            raise NotLeaderError(f"{attempt}: not sent, this process does not lead")

    def on_change(self, listener: Listener) -> None:
        """Call `listener` with whether this process leads, whenever that changes."""
        self._listeners.append(listener)

    def may_write(self) -> bool:
        """Whether nobody else can lead at this moment; to be asked right before every write."""
        return self._renewed is not None and self._age(self._renewed) < self._term.renew_within

    async def run(self) -> None:
        """Stand for election until cancelled, then give the Lease back: whoever writes must have stopped before."""
        try:
            while True:
                await self.step()
                await asyncio.sleep(self._term.retry)
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.release()), _RELEASE_WITHIN)

    async def step(self) -> bool:
        """Renew or try to take the Lease once; return whether this process leads. Never raises ClusterError."""
        try:
            async with asyncio.timeout(self._term.renew_within / 2):
                await self._attempt()
            self.error = ""
        except (ClusterError, TimeoutError) as error:
            self.error = str(error) or f"{self._ref}: no answer within {self._term.renew_within / 2:.0f} s"
        return self._tell()

    async def release(self) -> None:
        """Stop writing at once, and let the next one in; a failure only means that it waits for the whole duration."""
        led, self._renewed = self.may_write(), None
        self._tell()
        if not led:
            return
        with contextlib.suppress(ClusterError):
            lease = await self._read()
            if lease.spec.holder_identity == self.identity:
                await self._write(lease, holder="")

    async def _attempt(self) -> None:
        lease = await self._read()
        self._see(lease)
        holder = lease.spec.holder_identity
        if holder == self.identity or not holder or self._expired(lease):
            began = self._now()
            written = await self._write(lease, holder=self.identity)
            self._see(written)
            self._renewed = began
        else:
            self._renewed = None

    async def _read(self) -> _Lease:
        """Read the Lease; one that is not there is made, without a holder, so that it does not matter who does it."""
        try:
            return _LEASES.decode(await self._cluster.get(self._ref))
        except NotFoundError:
            body = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._ref.name, "namespace": self._ref.namespace},
            }
            written = await self._cluster.apply(body, self._ref, manager=_MANAGER, force=False)
            return _LEASES.decode(written.object)

    async def _write(self, lease: _Lease, *, holder: str) -> _Lease:
        """Write a holder if the Lease is as it was read. Raises ConflictError when it is not."""
        operations = (
            {"op": "test", "path": "/metadata/resourceVersion", "value": lease.metadata.resource_version},
            {"op": "add", "path": "/spec", "value": self._record(lease.spec, holder)},
        )
        written = await self._cluster.patch(self._ref, operations, manager=_MANAGER)
        return _LEASES.decode(written.object)

    def _record(self, before: _Spec, holder: str) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        same = before.holder_identity == holder
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": self._term.duration if holder else 1,
            "acquireTime": before.acquire_time if same and before.acquire_time else now,
            "renewTime": now,
            "leaseTransitions": (before.lease_transitions or 0) + (0 if same or not holder else 1),
        }

    def _see(self, lease: _Lease) -> None:
        if self._seen is None or self._seen.version != lease.metadata.resource_version:
            self._seen = _Seen(lease.metadata.resource_version, self._now())

    def _expired(self, lease: _Lease) -> bool:
        """Whether the Lease stood still for its whole duration, by the clock that ran least."""
        if self._seen is None:
            return False
        duration = max(lease.spec.lease_duration_seconds or 0, self._term.duration)
        return min(now - at for now, at in zip(self._now(), self._seen.at, strict=True)) >= duration

    def _age(self, since: tuple[float, ...]) -> float:
        return max(now - at for now, at in zip(self._now(), since, strict=True))

    def _now(self) -> tuple[float, ...]:
        return tuple(clock() for clock in self._clocks)

    def _tell(self) -> bool:
        leads = self.may_write()
        if leads != self._told:
            self._told = leads
            for listener in self._listeners:
                listener(leads)
        return leads
