"""Follows the stored releases of one or more namespaces: watch events in, revisions out.

What time alone changes (a pending operation becomes stuck, a silent watch becomes unknown) is a timer, not a poll.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import msgspec

from desired.helm_history import Policy
from desired.helm_storage import KINDS, Clock, ReleaseKey, Storage, StoredRelease, read_stored
from drift.core.errors import ClusterError, DecodeError
from drift.core.objects import GroupKind, Resource
from drift.core.reasons import Reason
from drift.source import (
    Changed,
    Cluster,
    DesiredState,
    Empty,
    Fresh,
    Hold,
    Listed,
    Problem,
    Revision,
    Stale,
    WatchEvent,
)

__all__ = ["Follower"]

_QUEUE = 256
_RETRY = (1.0, 30.0)

Arrival = tuple[str, WatchEvent | Problem | BaseException]


class _Scope:
    """One watched namespace ("" is all): since when it is silent (loop time), and whether that was told."""

    def __init__(self) -> None:
        self.silent_since: float | None = None
        self.error = ""
        self.told = False


class Follower:
    """State of one `follow`: every release of the scopes, and what was last told of each.

    `newest` is kept up to date by source; `absent` is told when the first lists hold no release.
    """

    def __init__(
        self,
        cluster: Cluster,
        scopes: Sequence[str],
        *,
        selector: str,
        storage: Storage,
        policy: Policy,
        clock: Clock,
        stale_after: float,
        newest: dict[str, int],
        absent: Problem | None = None,
    ) -> None:
        self._cluster = cluster
        self._selector = selector
        self._storage: Storage = storage
        self._policy = policy
        self._clock = clock
        self._stale_after = stale_after
        self._newest = newest
        self._absent = absent
        self._unlisted = dict.fromkeys(scopes, "")  # with what was told of it
        self._scopes = {scope: _Scope() for scope in scopes}
        self._releases: dict[ReleaseKey, StoredRelease] = {}
        self._told: dict[ReleaseKey, object] = {}
        self._queue: asyncio.Queue[Arrival] = asyncio.Queue(_QUEUE)

    async def revisions(self) -> AsyncIterator[Revision]:
        """Yield for ever; the watches end with the iterator."""
        tasks = [asyncio.create_task(self._feed(scope)) for scope in self._scopes]
        try:
            while True:
                for revision in self._take(await self._next()):
                    yield revision
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, scope: str) -> None:
        """Put the events of one scope into the queue; what nobody foresaw ends the iterator, not only this task."""
        try:
            resource = await self._resource(scope)
            events = self._cluster.follow(resource, scope, label_selector=self._selector)
            async for event in events:
                await self._queue.put((scope, event))
            await self._queue.put((scope, ClusterError(f"the watch on {resource.plural} ended")))
        except Exception as error:  # noqa: BLE001 (handed over, raised by the reader)
            await self._queue.put((scope, error))

    async def _resource(self, scope: str) -> Resource:
        """Resolve the kind; a server that is not there yet is a problem to tell and try again."""
        pause, longest = _RETRY
        while True:
            try:
                return await self._cluster.resource(GroupKind("", KINDS[self._storage]))
            except ClusterError as error:
                await self._queue.put((scope, Problem("helm", str(error), error.reason)))
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)

    async def _next(self) -> Arrival | None:
        """Wait for the next event; None when a timer is due first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._until_timer()):
                return await self._queue.get()
        return None

    def _until_timer(self) -> float | None:
        """Seconds until time alone changes something; None for never."""
        now, loop_now = self._clock(), asyncio.get_running_loop().time()
        due = [at - now for one in self._releases.values() if (at := one.verdict.changes_at) is not None]
        due += [
            scope.silent_since + self._stale_after - loop_now
            for scope in self._scopes.values()
            if scope.silent_since is not None and not scope.told
        ]
        return max(min(due), 0.0) if due else None

    def _take(self, arrival: Arrival | None) -> Iterator[Revision]:
        """Take in one event and tell what it changed."""
        if arrival is None:
            yield from self._tell(self._due())
            return
        scope, event = arrival
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, Problem):
            yield event
            return
        try:
            keys = self._note(scope, event)
        except DecodeError as error:
            yield Problem("helm", str(error), Reason.SOURCE_FAILED)
            return
        yield from self._tell(keys)
        if scope in self._unlisted:
            yield from self._tell_unlisted(scope, event)

    def _tell_unlisted(self, scope: str, event: WatchEvent) -> Iterator[Revision]:
        """Tell why a scope was never listed yet, or that there is nothing in it."""
        if isinstance(event, Listed):
            yield from self._tell_nothing(scope)
        elif isinstance(event, Stale) and event.error != self._unlisted[scope]:
            self._unlisted[scope] = event.error
            yield Problem(f"helm:{scope or '*'}", event.error, _reason(event))

    def _tell_nothing(self, scope: str) -> Iterator[Revision]:
        """Tell that there is no release, or not the one asked for, once every scope has been listed."""
        self._unlisted.pop(scope, None)
        if not self._unlisted and not self._told:
            yield self._absent or Empty("helm")

    def _note(self, scope: str, event: WatchEvent) -> Iterable[ReleaseKey]:
        """Update what is known; the releases that may have changed."""
        if isinstance(event, Changed):
            return self._change(event)
        state = self._scopes[scope]
        if isinstance(event, Stale):
            if state.silent_since is None:
                state.silent_since = asyncio.get_running_loop().time()
            state.error = event.error
            return ()
        was_told, state.silent_since, state.told = state.told, None, False
        if isinstance(event, Fresh):
            return self._within(scope) if was_told else ()
        return self._relist(scope, event)

    def _change(self, event: Changed) -> Iterable[ReleaseKey]:
        """One stored revision came, changed or went."""
        stored = read_stored(event.object)
        if stored is None:
            return ()
        release = self._release(stored.key)
        if event.type == "DELETED":
            release.drop(stored.info.version)
        else:
            release.put(stored)
        return (stored.key,)

    def _relist(self, scope: str, listed: Listed) -> Iterable[ReleaseKey]:
        """Replace everything of a scope by a complete list."""
        present: dict[ReleaseKey, set[int]] = {key: set() for key in self._within(scope)}
        for raw in listed.items:
            if stored := read_stored(raw):
                self._release(stored.key).put(stored)
                present.setdefault(stored.key, set()).add(stored.info.version)
        for key, versions in present.items():
            self._releases[key].keep_only(versions)
        return sorted(present)

    def _release(self, key: ReleaseKey) -> StoredRelease:
        """Find or begin the record of a release."""
        if key not in self._releases:
            self._releases[key] = StoredRelease(key, self._storage)
        return self._releases[key]

    def _within(self, scope: str) -> list[ReleaseKey]:
        """Releases of a scope."""
        return [key for key in self._releases if scope in ("", key.namespace)]

    def _due(self) -> Iterable[ReleaseKey]:
        """Releases for which a timer has run out."""
        now, loop_now = self._clock(), asyncio.get_running_loop().time()
        keys = {key for key, one in self._releases.items() if (at := one.verdict.changes_at) is not None and at <= now}
        for name, scope in self._scopes.items():
            silent = scope.silent_since
            if silent is not None and not scope.told and silent + self._stale_after <= loop_now:
                scope.told = True
                keys.update(self._within(name))
        return sorted(keys)

    def _tell(self, keys: Iterable[ReleaseKey]) -> Iterator[Revision]:
        """Yield the releases whose state is news."""
        for key in keys:
            release = self._releases[key]
            revision = self._with_silence(key, release.revise(self._clock(), self._policy))
            self._newest[key.source] = release.verdict.newest
            if _identity(revision) == self._told.get(key):
                continue
            if isinstance(revision, DesiredState):
                self._told[key] = _identity(revision)
                yield revision
            elif self._told.pop(key, None) is not None:
                yield revision
            if not release.verdict.newest:
                self._forget(key)

    def _forget(self, key: ReleaseKey) -> None:
        """Drop the record of a release that is gone."""
        self._releases.pop(key, None)
        self._newest.pop(key.source, None)

    def _with_silence(self, key: ReleaseKey, revision: Revision) -> Revision:
        """Hold a state whose watch has been silent for too long."""
        silent = [scope for name, scope in self._scopes.items() if scope.told and name in ("", key.namespace)]
        if not silent or not isinstance(revision, DesiredState) or revision.hold is not None:
            return revision
        message = f"whether {key.source} is still current cannot be seen: {silent[0].error}"
        return msgspec.structs.replace(revision, hold=Hold(Reason.STATE_UNKNOWN, message))


def _reason(event: Stale) -> Reason:
    """Reason of a silence; a word of later versions is a failure like any other."""
    try:
        return Reason(event.reason)
    except ValueError:
        return Reason.SOURCE_FAILED


def _identity(revision: Revision) -> object:
    """What makes two revisions the same news."""
    if isinstance(revision, DesiredState):
        hold = revision.hold and (revision.hold.reason, revision.hold.message)
        return revision.revision, revision.sequence, hold, revision.problems
    return revision
