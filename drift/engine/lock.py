"""One disruptive repair at a time: a Lease with a holder that can be read and a time to live.

Taken with a resourceVersion precondition, so that of two takers one gets a conflict. Given back after the write; a
holder that died loses it when its time is over.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from drift.cluster import Cluster
from drift.core.errors import ClusterError, ConflictError, NotFoundError
from drift.core.objects import ObjectRef
from drift.core.plan import HoldVerdict
from drift.core.policy import Lock
from drift.core.reasons import Reason

_AGAIN = 5.0
Clock = Callable[[], float]


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str = ""
    renew_time: str = ""
    lease_duration_seconds: int = 0


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _Lease(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _Spec = _Spec()


class DisruptionLock:
    """The lock as one holder sees it."""

    def __init__(self, cluster: Cluster, settings: Lock, holder: str, clock: Clock) -> None:
        """`holder` names this process to whoever reads the Lease; `clock` gives Unix seconds."""
        self._cluster = cluster
        self._settings = settings
        self._holder = holder
        self._clock = clock
        self._ref = ObjectRef("coordination.k8s.io", "Lease", settings.namespace, settings.name)

    async def take(self) -> HoldVerdict | None:
        """Take or renew the lock; the hold tells who has it. Raises ClusterError where it cannot be asked."""
        lease = await self._read()
        if lease is not None and self._held_by_another(lease.spec):
            return self._taken(lease.spec.holder_identity)
        version = lease.metadata.resource_version if lease is not None else ""
        try:
            await self._write(self._holder, version)
        except ConflictError:
            return self._taken("another process, just now")
        return None

    async def give_back(self) -> None:
        """Let the next one in; a failure only means waiting for the end of the time to live."""
        try:
            lease = await self._read()
            if lease is not None and lease.spec.holder_identity == self._holder:
                await self._write("", lease.metadata.resource_version)
        except ClusterError:
            return

    async def _read(self) -> _Lease | None:
        try:
            return msgspec.json.decode(await self._cluster.get(self._ref), type=_Lease)
        except NotFoundError:
            return None

    async def _write(self, holder: str, version: str) -> None:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._ref.name, "namespace": self._ref.namespace},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": self._settings.ttl,
                "renewTime": datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
        }
        if version:
            body["metadata"] = {**body["metadata"], "resourceVersion": version}  # type: ignore[dict-item]
        # Without a version the Lease is new: each holder has its own manager, so that of two creators one conflicts.
        await self._cluster.apply(body, self._ref, manager=f"daytwo-lock-{self._holder}"[:128], force=bool(version))

    def _held_by_another(self, spec: _Spec) -> bool:
        if not spec.holder_identity or spec.holder_identity == self._holder:
            return False
        try:
            renewed = datetime.fromisoformat(spec.renew_time).timestamp()
        except ValueError:
            return True  # unreadable counts as held
        return self._clock() < renewed + (spec.lease_duration_seconds or self._settings.ttl)

    def _taken(self, holder: str) -> HoldVerdict:
        return HoldVerdict(Reason.BLOCKED, f"another disruptive repair runs, held by {holder}", _AGAIN)
