"""Pods whose presence blocks repair: a backup that runs, a migration, a node that drains."""

from collections.abc import Iterable

from drift.cluster import Cluster
from drift.core.live import identity
from drift.core.objects import GroupKind
from drift.core.plan import HoldVerdict
from drift.core.policy import PodBlocker
from drift.core.reasons import Reason

_AGAIN = 15.0


async def blocking_pods(cluster: Cluster, blockers: Iterable[PodBlocker]) -> HoldVerdict | None:
    """Return the hold of the first blocker that has pods, or None. Raises ClusterError where they cannot be read."""
    resource = None
    for blocker in blockers:
        resource = resource or await cluster.resource(GroupKind("", "Pod"))
        listing = await cluster.list(resource, blocker.namespace, label_selector=blocker.selector, metadata_only=True)
        if listing.items:
            pod = identity(listing.items[0])
            message = f"pod {pod.namespace}/{pod.name} ({blocker.selector}) is there and blocks repair"
            return HoldVerdict(Reason.BLOCKED, message, _AGAIN)
    return None
