"""Repairs one object as the engine does, and tells what is wrong with the result."""

import msgspec

from drift.core.assess import State
from drift.core.errors import ClusterError
from drift.engine.assessor import Assessor, Options, Sight
from drift.engine.decider import Decider
from drift.engine.executor import Executor
from drift.registry import Registry
from tests.fidelity.changes import at, changes, has, pointer
from tests.fidelity.look import manifest
from tests.fidelity.server import Json, Server
from tests.fidelity.verdict import Edited

_NOW = "2030-01-01T00:00:00Z"


class Repairer:
    """Assessor, decider and executor on one API server, without queue, gates and memory."""

    def __init__(self, server: Server, manager: str) -> None:
        registry = Registry()
        self._server = server
        self._manager = manager
        self._assessor = Assessor(server.cluster, Options(judge=True))
        self._decider = Decider({name: registry.strategy(name) for name in ("observe", "recreate", "revert")})
        self._executor = Executor(server.cluster)
        self.refused: list[str] = []

    async def faults(self, edited: Edited) -> list[str] | None:
        """Repair, look again, repair again: what is not as it was before; None when the server refused."""
        try:
            writes = await self._repair(edited.desired)
            if edited.mutation.kind == "removal":  # a default that came in its place shows once it is filled again
                writes += await self._repair(edited.desired)
        except ClusterError as error:
            self.refused.append(f"{edited.mutation}: {error}")
            return None
        live = await self._server.get(edited.desired)
        if live is None:
            return ["the object is gone"]
        left = [path for path in changes(edited.before, live) if path[0] != "metadata" and has(edited.desired, path)]
        left = [path for path in left if path[-1] != "nodePort"]  # given away meanwhile
        found = [
            f"not restored: {pointer(path)} {at(edited.before, path[:-1])} -> {at(live, path[:-1])}"
            for path in left
            if writes and at(edited.desired, path) is not None
        ]
        sight = await self._seen(edited.desired, live)
        if sight.assessment.state is not State.IN_SYNC:
            found.append(f"still {sight.assessment.state}: {[item.path for item in sight.assessment.differences]}")
        if await self._repair(edited.desired):
            found.append("a second repair writes")
        return found

    async def _repair(self, desired: Json) -> int:
        live = await self._server.get(desired)
        assert live is not None
        sight = await self._assessor.judge(await self._seen(desired, live), self._manager)
        if sight.assessment.state is not State.DRIFTED:
            return 0
        decision = await self._decider.decide(sight, manager=self._manager)
        return (await self._executor.execute(decision.plan)).writes if decision.writes else 0

    async def _seen(self, desired: Json, live: Json) -> Sight:
        sight = await self._assessor.see(manifest(desired), msgspec.json.encode(live), now=_NOW)
        return await self._assessor.judge(sight, self._manager)
