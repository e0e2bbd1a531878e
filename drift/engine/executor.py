"""The executor: the only code that writes to a cluster. Carries out one plan, action by action.

Every action carries its preconditions; the state that one write returns is the precondition of the next. A refusal
because the drift itself makes the apply invalid switches to the plan's fallback once.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from drift.cluster import Cluster, Written
from drift.core.errors import ClusterError, InvalidError
from drift.core.live import identity
from drift.core.plan import OWN_MANAGER, Action, Apply, Delete, Patch, Plan
from drift.core.reasons import Reason
from drift.core.repairs import disowning

# Refusals that the fallback may get around: the server could not merge, or merging gave an invalid object.
_MERGE_REFUSED = frozenset({Reason.INVALID, Reason.SERVER_ERROR})
# The API server frees the addresses of a Service some milliseconds after it has told of its deletion.
_STILL_TAKEN = "is already allocated"
_FREED_WITHIN = (0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """What writing did. `object` is the last state the server returned, None after a delete."""

    writes: int
    object: bytes | None
    created: bool = False


class Executor:
    """Writes plans to one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        """`cluster` is used for writing only."""
        self._cluster = cluster

    async def execute(self, plan: Plan) -> Outcome:
        """Carry out a plan. Raises ClusterError; whatever was written before stays written."""
        try:
            return await self._merged(plan)
        except InvalidError as error:
            if not plan.last_resort or error.reason is not Reason.IMMUTABLE_FIELD:
                raise
            return await self._run(plan.last_resort)

    async def _merged(self, plan: Plan) -> Outcome:
        try:
            return await self._run(plan.actions)
        except InvalidError as error:
            if not plan.fallback or error.reason not in _MERGE_REFUSED:
                raise
            return await self._run(plan.fallback)

    async def _run(self, actions: tuple[Action, ...]) -> Outcome:
        written: Written | None = None
        writes, created = 0, False
        for action in actions:
            written = await self._act(action, written)
            writes += 1
            created = created or (written is not None and written.created)
        if written is not None and any(isinstance(action, Patch) for action in actions):
            written, more = await self._disown(actions[-1], written)
            writes += more
        return Outcome(writes, written.object if written else None, created)

    async def _act(self, action: Action, before: Written | None) -> Written | None:
        match action:
            case Apply(creates=True) if before is None:
                return await self._create(action)
            case Apply():
                body = action.body if before is None else _chained(action.body, before)
                return await self._cluster.apply(body, action.ref, manager=action.manager, force=True)
            case Patch():
                return await self._cluster.patch(
                    action.ref, action.operations, manager=OWN_MANAGER, version=action.version
                )
            case Delete():
                await self._cluster.delete(action.ref, uid=action.uid, resource_version=action.resource_version)
                return None

    async def _create(self, action: Apply) -> Written:
        """Create; a Service that comes back at once may have to wait for its own old address."""
        for pause in _FREED_WITHIN:
            try:
                return await self._cluster.apply(action.body, action.ref, manager=action.manager, force=True)
            except InvalidError as error:
                if _STILL_TAKEN not in str(error):
                    raise
            await asyncio.sleep(pause)
        return await self._cluster.apply(action.body, action.ref, manager=action.manager, force=True)

    async def _disown(self, action: Action, written: Written) -> tuple[Written, int]:
        """Give up what the server booked on us for a JSON patch: it would conflict with the owner's next apply."""
        operations = disowning(msgspec.json.decode(written.object))
        if not operations:
            return written, 0
        try:
            again = await self._cluster.patch(action.ref, operations, manager=OWN_MANAGER)
        except ClusterError:
            return written, 1  # harmless until the owner changes the field: the next pass tries again
        return again, 1


def _chained(body: Mapping[str, Any], before: Written) -> Mapping[str, Any]:
    """The precondition of a second write is the state after the first."""
    metadata = dict(body.get("metadata") or {})
    metadata["resourceVersion"] = identity(before.object).resource_version
    return {**body, "metadata": metadata}
