"""Loads what a strategy declared that it needs to see: other objects of the same namespace, listed on demand.

A list serves every object of the namespace for a short while, and many that ask at once share one. What may not be
read is an error for the asking object, never an empty answer: "no budget" must not be a guess.
"""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from drift.cluster import Cluster
from drift.core.errors import ClusterError, NotFoundError, UnknownKindError
from drift.core.objects import Body, GroupKind
from drift.core.plan import Context, Need
from drift.core.related import belongs

_TTL = 2.0
_Key = tuple[GroupKind, str]


class _Listed(msgspec.Struct, frozen=True, eq=False):
    at: float
    bodies: "asyncio.Task[tuple[Body, ...]]"


class Needs:
    """Related objects of one cluster."""

    def __init__(self, cluster: Cluster, *, ttl: float = _TTL) -> None:
        """`ttl`: seconds that a list may be old."""
        self._cluster = cluster
        self._ttl = ttl
        self._lists: dict[_Key, _Listed] = {}

    async def load(self, needs: tuple[Need, ...], context: Context) -> Mapping[str, tuple[Body, ...]]:
        """Return the related objects by the name of each need. Raises ClusterError."""
        body = context.live if context.live is not None else context.desired
        found = {}
        for need in needs:
            bodies = await self._bodies(GroupKind(need.group, need.kind), context.ref.namespace)
            found[need.name] = tuple(one for one in bodies if belongs(need, one, context.ref, body))
        return found

    async def _bodies(self, kind: GroupKind, namespace: str) -> tuple[Body, ...]:
        now = time.monotonic()
        self._lists = {key: one for key, one in self._lists.items() if now - one.at < self._ttl}
        key = kind, namespace
        if key not in self._lists:
            self._lists[key] = _Listed(now, asyncio.ensure_future(self._list(kind, namespace)))
        try:
            return await asyncio.shield(self._lists[key].bodies)
        except ClusterError:
            self._lists.pop(key, None)  # an error is nothing to remember
            raise

    async def _list(self, kind: GroupKind, namespace: str) -> tuple[Body, ...]:
        try:
            resource = await self._cluster.resource(kind)
            if resource.namespaced and not namespace:
                return ()  # a cluster-scoped object shares its namespace with nobody
            listing = await self._cluster.list(resource, namespace if resource.namespaced else "")
        except (UnknownKindError, NotFoundError):
            return ()  # a kind that is not served has no objects
        own = {"apiVersion": resource.api_version, "kind": kind.kind}
        return tuple({**own, **msgspec.json.decode(item)} for item in listing.items)


def unreadable(error: ClusterError) -> str:
    """Say that a need could not be met."""
    return f"what the strategy needs to see cannot be read: {error}"
