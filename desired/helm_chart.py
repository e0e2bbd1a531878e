"""Desired state from a chart that is rendered here.

A chart that renders differently each time (random passwords, certificates, the time of day) is no desired state: it
is rendered twice, and where the two differ everything is held.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from desired.chart_files import chart_mark, check_chart, check_values, uses_time
from desired.helm_manifests import Owner, read_manifests
from desired.helm_render import Renderer, RenderRequest, find_renderer
from drift.core.errors import ClusterError
from drift.core.reasons import Reason
from drift.source import Cluster, DesiredState, Hold, Manifest, ObjectRef, Problem, Revision, SourceError

__all__ = ["ChartSource"]

# Rendered for when there is no cluster to ask; helm's own default can be years older.
DEFAULT_KUBE_VERSION = "v1.36.0"
_RELEASE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 53
_NAMED = 3


class ChartSource:
    """One chart (a folder or .tgz) with its values; one desired state named `chart:NAME`.

    Kubernetes and API versions are the cluster's where there is one. `timeout` bounds one render, `interval` is the
    polling period of `follow` (both in seconds).
    """

    def __init__(
        self,
        chart: Path,
        *,
        name: str,
        namespace: str,
        values: tuple[Path, ...] = (),
        set_values: tuple[str, ...] = (),
        cluster: Cluster | None = None,
        renderer: Renderer | None = None,
        kube_version: str = "",
        api_versions: tuple[str, ...] = (),
        timeout: float = 60.0,
        interval: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(name) > _LONGEST_NAME or not _RELEASE_NAME.fullmatch(name):
            raise SourceError(f"release name {name!r}: use lower case letters, digits and -, at most {_LONGEST_NAME}")
        self._chart = chart
        self._release = name
        self._namespace = namespace
        self._values = values
        self._set_values = set_values
        self._cluster = cluster
        self._renderer = renderer or find_renderer()
        self._kube_version = kube_version
        self._api_versions = api_versions
        self._timeout = timeout
        self._interval = interval
        self._clock = clock

    @property
    def name(self) -> str:
        """`chart:NAME`."""
        return f"chart:{self._release}"

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Render twice. Raises SourceError when the chart does not render."""
        return (await self._load(),)

    async def still_current(self, state: DesiredState) -> Hold | None:  # noqa: ARG002 (the protocol's shape)
        """Nobody else operates on a chart that is rendered here."""
        return None

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield now and whenever chart or values change; a failed render freezes the last good state."""
        good: DesiredState | None = None
        told: object = None
        while True:
            mark = await self._mark()
            revision = await self._next(good)
            if isinstance(revision, DesiredState) and revision.hold is None:
                good = revision
            if _identity(revision) != told:
                told = _identity(revision)
                yield revision
            await asyncio.sleep(self._interval)
            while good is revision and await self._mark() == mark:  # noqa: ASYNC110 (files send no event)
                await asyncio.sleep(self._interval)

    async def _next(self, good: DesiredState | None) -> Revision:
        """What to tell after a render."""
        try:
            state = await self._load()
        except SourceError as error:
            problem = Problem(self.name, str(error), error.reason)
            if good is None:
                return problem
            hold = Hold(Reason.SOURCE_FAILED, str(error), self._clock())
            return msgspec.structs.replace(good, hold=hold, problems=(problem,))
        if good is None:
            return state
        if state.hold is not None:
            return msgspec.structs.replace(good, hold=state.hold, problems=state.problems)
        former = good.former if state.revision == good.revision else good.manifests
        return msgspec.structs.replace(state, former=former)

    async def _mark(self) -> object:
        """Fingerprint of everything that is rendered."""
        return await asyncio.to_thread(chart_mark, self._chart, self._values)

    async def _load(self) -> DesiredState:
        """Render, compare with a second render, and hold what differs."""
        await asyncio.to_thread(check_chart, self._chart)
        await asyncio.to_thread(check_values, self._values)
        request = await self._request()
        first = self._state(await self._renderer.render(request))
        if await asyncio.to_thread(uses_time, self._chart):
            await asyncio.sleep(1.1)  # the clock of a template has seconds
        second = self._state(await self._renderer.render(request))
        differing = tuple(_differing(first.manifests, second.manifests))
        return self._random(first, differing) if differing else first

    async def _request(self) -> RenderRequest:
        """Ask the cluster what it is."""
        kube_version, api_versions = self._kube_version, self._api_versions
        if self._cluster is not None:
            try:
                kube_version = kube_version or await self._cluster.server_version()
                api_versions = api_versions or await self._cluster.api_versions()
            except ClusterError as error:
                raise SourceError(f"{self.name}: {error}", reason=error.reason) from error
        return RenderRequest(
            chart=str(self._chart.absolute()),
            name=self._release,
            namespace=self._namespace,
            values=tuple(str(path.absolute()) for path in self._values),
            set_values=self._set_values,
            kube_version=kube_version or DEFAULT_KUBE_VERSION,
            api_versions=api_versions,
            timeout=self._timeout,
        )

    def _state(self, text: str) -> DesiredState:
        """Decode a render. Raises SourceError when nothing is in it."""
        revision = hashlib.sha256(text.encode()).hexdigest()[:12]
        owner = Owner(self._release, self._namespace, self.name, revision)
        manifests, problems = read_manifests(text, owner, file=f"chart {self._chart}")
        if not manifests:
            message = problems[0].message if problems else f"chart {self._chart}: renders no Kubernetes object"
            raise SourceError(message, reason=Reason.DESIRED_EMPTY)
        hold = None
        if problems:
            message = f"nothing is repaired until this can be read: {problems[0].message}"
            hold = self._hold(message, Reason.DESIRED_PARTIAL)
        return DesiredState(self.name, revision, manifests, hold=hold, problems=problems)

    def _random(self, state: DesiredState, differing: Sequence[str]) -> DesiredState:
        """Hold a state that is another one each time."""
        more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
        fields = ", ".join(differing[:_NAMED]) + more
        message = (
            f"chart {self._chart} renders differently each time (random values): {fields}; "
            "set these by values, or guard the installed release instead"
        )
        # The text differs each time, so its hash would be a new revision at every look.
        return msgspec.structs.replace(state, revision="random", hold=self._hold(message))

    def _hold(self, message: str, reason: Reason = Reason.SOURCE_FAILED) -> Hold:
        """Freeze from now on."""
        return Hold(reason, message, self._clock())


def _differing(first: Sequence[Manifest], second: Sequence[Manifest]) -> Iterator[str]:
    """`Secret shop/web data.password` for each object that differs."""
    others: dict[ObjectRef, Any] = {manifest.ref: manifest.body for manifest in second}
    for manifest in first:
        body = others.pop(manifest.ref, None)
        path = "" if body is None else _first_difference(manifest.body, body)
        if path is not None:
            yield f"{manifest.ref} {path}".rstrip()
    yield from (str(ref) for ref in others)


def _first_difference(one: Any, other: Any, path: str = "") -> str | None:
    """Path of the first field that differs; never its value."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(f"{path}.{key}".lstrip("."), one.get(key), other.get(key)) for key in one | other]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{n}]", a, b) for n, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else path
    return next((found for place, a, b in pairs if (found := _first_difference(a, b, place)) is not None), None)


def _identity(revision: Revision) -> object:
    """What makes two revisions the same news."""
    if isinstance(revision, DesiredState):
        hold = revision.hold and (revision.hold.reason, revision.hold.message)
        return revision.revision, hold, revision.problems
    return revision
