"""A process that stands for election and writes as often as it may: `-m tests.controller.writing CONFIG NS NAME`."""

import asyncio
import contextlib
import signal
import sys

from drift.controller.leader import Elector, Term
from drift.core.errors import NotLeaderError
from drift.core.objects import ObjectRef
from drift.kube.client import connect

TERM_SECONDS = 2


async def main(kubeconfig: str, namespace: str, name: str) -> None:
    """Count up in a ConfigMap of our own until SIGTERM."""
    ref = ObjectRef("", "ConfigMap", namespace, name)
    async with await connect(kubeconfig) as elections, await connect(kubeconfig) as cluster:
        term = Term(namespace=namespace, duration=TERM_SECONDS, renew_within=1.0, retry=0.1)
        elector = Elector(elections, term, name)
        cluster.fence_writes(elector.fence)
        election = asyncio.create_task(elector.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, election.cancel)
        count = 0
        while not election.done():
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}
            with contextlib.suppress(NotLeaderError):
                count += 1
                await cluster.apply({**body, "data": {"count": str(count)}}, ref, manager=name, force=True)
            # Between the fence and the socket lies a millisecond in which a pause is noticed by preconditions alone
            # (docs/guards.md); a writer that does nothing else would be stopped there now and then.
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
