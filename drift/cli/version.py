"""`drift version`."""

import asyncio
import platform

import click

from drift import __version__
from drift.cli.options import Target, cluster_options
from drift.cli.terminal import emit

_EPILOG = """\b
Examples:
  drift version
  drift version --server --context prod
"""


@click.command(epilog=_EPILOG)
@click.option("--server", is_flag=True, help="Ask the API server for its version too.")
@cluster_options
def version(server: bool, kubeconfig: str | None, context: str | None, request_timeout: float, **_: object) -> None:
    """Print the versions of this program and of the server."""
    emit(f"drift {__version__}\npython {platform.python_version()}\n")
    if server:
        target = Target(kubeconfig=kubeconfig, context=context, request_timeout=request_timeout)
        emit(asyncio.run(_server_line(target)))


async def _server_line(target: Target) -> str:
    from drift.cli.connect import open_cluster

    async with open_cluster(target) as cluster:
        return f"server {await cluster.server_version()} ({cluster.context})\n"
