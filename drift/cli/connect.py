"""From options to a `Cluster`: the API server of a kubeconfig context, or a dump in its place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drift.cli.options import Target
from drift.cli.terminal import kubeconfig_variable, read_input
from drift.cluster import Cluster

_UNBOUNDED = 86400.0  # what kubectl's --request-timeout=0 comes to
_DUMP_BYTES = 1024 * 1024 * 1024
_DUMP_NODES = 50_000_000
_NO_OWNERS = "the dump says nothing of who changed what: take it with kubectl get --show-managed-fields"


@asynccontextmanager
async def open_cluster(target: Target) -> AsyncIterator[Cluster]:
    """Yield the cluster that the options name. Raises UsageError or ClusterError; nothing is sent yet."""
    if target.live:
        yield open_dump(target.live, target.kube_version)
        return
    from drift.kube.client import connect
    from drift.kube.transport import Timeouts

    cluster = await connect(
        target.kubeconfig,
        target.context,
        timeouts=Timeouts(total=target.request_timeout or _UNBOUNDED),
        environ_kubeconfig=kubeconfig_variable(),
    )
    async with cluster:
        yield cluster


def open_dump(path: str, version: str) -> Cluster:
    """Read a dump (`-` is stdin). Raises UsageError or DecodeError."""
    from desired.decode import Limits, decode_documents
    from drift.kube.dump import DumpCluster

    name = "stdin" if path == "-" else path
    limits = Limits(bytes=_DUMP_BYTES, nodes=_DUMP_NODES)
    documents = decode_documents(read_input(path, "--live"), file=name, limits=limits)
    return DumpCluster((document.value for document in documents), name=name, version=version)


def namespace_of(cluster: Cluster, target: Target) -> str:
    """Return the namespace of -n, else of the kubeconfig context, else `default`."""
    connection = getattr(cluster, "connection", None)
    return target.namespace or getattr(connection, "namespace", "") or "default"


def limits_of(cluster: Cluster) -> tuple[str, ...]:
    """Say what weakens every answer of this cluster."""
    return () if getattr(cluster, "tells_owners", True) else (_NO_OWNERS,)
