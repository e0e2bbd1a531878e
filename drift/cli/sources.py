"""From options to the sources of desired state."""

from collections.abc import Iterator

from drift.cli.options import Target
from drift.cli.terminal import read_input
from drift.cluster import Cluster
from drift.source import Source


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
        yield _chart(target, cluster, namespace)
    if target.filename:
        yield _files(target, namespace)


def _releases(target: Target, cluster: Cluster, scopes: tuple[str, ...], name: str | None) -> Source:
    from desired.helm_release import HelmReleaseSource

    return HelmReleaseSource(
        cluster, namespaces=scopes, name=name, on_failed=target.on_failed, storage=target.helm_driver
    )


def _files(target: Target, namespace: str) -> Source:
    from desired.files import FileSource

    stdin = read_input("-", "-f") if "-" in target.filename else None
    return FileSource(target.filename, stdin=stdin, default_namespace=namespace)
