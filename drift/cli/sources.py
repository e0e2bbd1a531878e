"""From options to the sources of desired state."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from drift.cli.options import Target
from drift.cli.terminal import read_input
from drift.cluster import Cluster
from drift.source import DesiredState, Hold, Problem, Revision, Source, SourceError

_PACKAGE_VERSION = re.compile(r"(-v?\d[^/]*)?\.tgz$")


def build_sources(target: Target, cluster: Cluster, namespace: str) -> tuple[Source, ...]:
    """Return one source per thing named; nothing is read yet but stdin. Raises UsageError."""
    return tuple(_sources(target, cluster, namespace))


def _sources(target: Target, cluster: Cluster, namespace: str) -> Iterator[Source]:
    scopes = () if target.all_namespaces else (namespace,)
    if target.helm:
        yield _releases(target, cluster, scopes, None)
    for name in target.release:
        yield _releases(target, cluster, scopes, name)
    if target.chart:
        yield _chart(target, target.chart, cluster, namespace)
    if target.filename:
        yield _files(target, namespace)


def _releases(target: Target, cluster: Cluster, scopes: tuple[str, ...], name: str | None) -> Source:
    from desired.helm_release import HelmReleaseSource

    return HelmReleaseSource(
        cluster,
        namespaces=scopes,
        name=name,
        on_failed=target.on_failed,
        storage=target.helm_driver,
        stuck_after=target.stuck_after,
    )


def _chart(target: Target, chart: str, cluster: Cluster, namespace: str) -> Source:
    from desired.helm_chart import ChartSource

    name = target.name or release_name(chart)
    try:
        return ChartSource(
            Path(chart),
            name=name,
            namespace=namespace,
            values=tuple(Path(path) for path in target.values),
            set_values=target.set_values,
            cluster=cluster,
            kube_version=target.kube_version,
        )
    except SourceError as error:
        return Unusable(f"chart:{name}", error)


def release_name(chart: str) -> str:
    """Name of the chart's folder, or of its package without the version (`web-1.2.3.tgz` is `web`)."""
    return _PACKAGE_VERSION.sub("", Path(chart).resolve().name)


class Unusable:
    """A source that cannot even be set up: told as its problem, so that every other one is still checked."""

    def __init__(self, name: str, error: SourceError) -> None:
        self.name = name
        self._error = error

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Raise the error."""
        raise self._error

    async def follow(self) -> AsyncIterator[Revision]:
        """Yield the problem; nothing that this process can see will mend it."""
        yield Problem(self.name, str(self._error), self._error.reason)

    async def still_current(self, state: DesiredState) -> Hold | None:  # noqa: ARG002 (the protocol's shape)
        """Hold: there is no state that it could have told."""
        return Hold(self._error.reason, str(self._error))


def _files(target: Target, namespace: str) -> Source:
    from desired.files import FileSource

    stdin = read_input("-", "-f") if "-" in target.filename else None
    return FileSource(target.filename, stdin=stdin, default_namespace=namespace)
