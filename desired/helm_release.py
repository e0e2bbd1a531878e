"""Desired state of installed Helm releases, read from where Helm stores them (Secrets, or ConfigMaps).

Desired is the manifest of the newest `deployed` revision as Helm rendered it, never a fresh render. While Helm has
a release in flight its objects are held. Nothing here writes to the cluster.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

from desired.helm_follow import Follower
from desired.helm_history import FAILED, IN_FLIGHT, OnFailed, Policy
from desired.helm_storage import KINDS, Clock, ReleaseKey, Storage, StoredRelease, read_stored, stored_ref
from drift.core.errors import ClusterError, DecodeError, NotFoundError
from drift.core.objects import GroupKind
from drift.core.reasons import Reason
from drift.source import Cluster, DesiredState, Hold, Problem, Revision, SourceError

__all__ = ["HelmReleaseSource"]

_ABSENT = "absent"


class HelmReleaseSource:
    """Every release of the namespaces (empty: all), or the one called `name`; one state `helm:NS/NAME` each.

    `stuck_after` is how long an operation may be in flight, `stale_after` how long the watch may be silent, in s.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespaces: tuple[str, ...] = (),
        name: str | None = None,
        label_selector: str = "",
        clock: Clock = time.time,
        on_failed: OnFailed = "hold",
        storage: Storage = "secret",
        stuck_after: float = 900.0,
        stale_after: float = 30.0,
    ) -> None:
        self._cluster = cluster
        self._scopes = tuple(dict.fromkeys(namespaces)) or ("",)
        self._release = name
        parts = ("owner=helm", f"name={name}" if name else "", label_selector)
        self._selector = ",".join(part for part in parts if part)
        self._clock = clock
        self._policy = Policy(stuck_after, on_failed)
        self._storage: Storage = storage
        self._stale_after = stale_after
        # Newest revision by source: where a failed one is newer than the deployed one, that one is watched too.
        self._newest: dict[str, int] = {}

    @property
    def name(self) -> str:
        """`helm:NAMESPACE/NAME`, with `*` for all."""
        where = ",".join(self._scopes) if self._scopes != ("",) else "*"
        return f"helm:{where}/{self._release or '*'}"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """List once per namespace and decode what is deployed. Raises SourceError when no list succeeds."""
        answers = await asyncio.gather(*(self._list(scope) for scope in self._scopes), return_exceptions=True)
        found: list[DesiredState | Problem] = []
        failures: list[ClusterError] = []
        for scope, answer in zip(self._scopes, answers, strict=True):
            if isinstance(answer, ClusterError):
                failures.append(answer)
                found.append(Problem(f"helm:{scope or '*'}", str(answer), answer.reason))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.extend(answer)
        if len(failures) == len(self._scopes):
            raise SourceError(str(failures[0]), reason=failures[0].reason) from failures[0]
        if self._release and not found:
            raise SourceError(self._no_release(), reason=Reason.DESIRED_EMPTY)
        return tuple(found)

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield every release now, then what Helm changes."""
        follower = Follower(
            self._cluster,
            self._scopes,
            selector=self._selector,
            storage=self._storage,
            policy=self._policy,
            clock=self._clock,
            stale_after=self._stale_after,
            newest=self._newest,
            absent=Problem(self.name, self._no_release(), Reason.DESIRED_EMPTY) if self._release else None,
        )
        async for revision in follower.revisions():
            yield revision

    async def still_current(self, state: DesiredState) -> Hold | None:
        """Ask by metadata alone whether the revision is still deployed and nothing newer has begun."""
        key = _key_of(state.source)
        newest = max(self._newest.get(state.source, 0), state.sequence)
        wanted = {state.sequence: "deployed", newest + 1: _ABSENT}
        wanted.setdefault(newest, FAILED)
        try:
            found = await asyncio.gather(*(self._status(key, version) for version in wanted))
        except (ClusterError, DecodeError) as error:
            message = f"whether {state.source} is still at revision {state.sequence} cannot be seen: {error}"
            return Hold(Reason.STATE_UNKNOWN, message)
        return _fence(key, wanted, dict(zip(wanted, found, strict=True)))

    async def _list(self, scope: str) -> list[DesiredState | Problem]:
        """States of one namespace, or of all."""
        resource = await self._cluster.resource(GroupKind("", KINDS[self._storage]))
        listing = await self._cluster.list(resource, scope, label_selector=self._selector)
        releases: dict[ReleaseKey, StoredRelease] = {}
        problems: list[DesiredState | Problem] = []
        for raw in listing.items:
            try:
                stored = read_stored(raw)
            except DecodeError as error:
                problems.append(Problem(f"helm:{scope or '*'}", str(error)))
                continue
            if stored is not None:
                releases.setdefault(stored.key, StoredRelease(stored.key, self._storage)).put(stored)
        return problems + await self._states(releases)

    async def _states(self, releases: Mapping[ReleaseKey, StoredRelease]) -> list[DesiredState | Problem]:
        """Desired states; uninstalled releases are left out."""
        states: list[DesiredState | Problem] = []
        for key in sorted(releases):
            revision = releases[key].revise(self._clock(), self._policy)
            if isinstance(revision, DesiredState):
                self._newest[key.source] = releases[key].verdict.newest
                states.append(revision)
            await asyncio.sleep(0)  # a large payload takes milliseconds: let others run between two
        return states

    async def _status(self, key: ReleaseKey, version: int) -> str:
        """Status label of a stored revision."""
        try:
            body = await self._cluster.get(stored_ref(key, version, self._storage), metadata_only=True)
        except NotFoundError:
            return _ABSENT
        stored = read_stored(body)
        return stored.info.status if stored else ""

    def _no_release(self) -> str:
        """Message for a release that is not there."""
        where = " or ".join(self._scopes) if self._scopes != ("",) else "any namespace"
        kind = KINDS[self._storage]
        return f"no installed Helm release {self._release} in {where} (stored as {kind}); see: helm list -A"


def _key_of(source: str) -> ReleaseKey:
    """Release of a state's name."""
    namespace, _, name = source.removeprefix("helm:").partition("/")
    return ReleaseKey(namespace, name)


def _fence(key: ReleaseKey, wanted: Mapping[int, str], found: Mapping[int, str]) -> Hold | None:
    """Compare; the newest deviation is the one to tell."""
    for version in sorted(wanted, reverse=True):
        status = found[version]
        if status == wanted[version]:
            continue
        message = f"release {key.name} -n {key.namespace}: revision {version} is {status or 'unknown'}"
        return Hold(Reason.HELM_IN_FLIGHT if status in IN_FLIGHT else Reason.OLDER_REVISION, message)
    return None
