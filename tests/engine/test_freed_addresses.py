"""A deleted Service gets its address back, although the server frees it a moment after telling of the deletion."""

from typing import Any, cast

import pytest

from drift.cluster import Cluster, Written
from drift.core.errors import InvalidError
from drift.core.objects import ObjectRef
from drift.core.plan import Apply, Plan
from drift.core.reasons import Reason
from drift.engine.executor import Executor

WEB = ObjectRef("", "Service", "shop", "web")
PLAN = Plan("the object is missing", (Apply(WEB, {"spec": {"clusterIP": "10.96.0.9"}}, "helm", creates=True),))
TAKEN = "apply Service shop/web: spec.clusterIPs: Invalid value: provided IP is already allocated"


class Server:
    """Refuses the first so many applies."""

    def __init__(self, refusals: int, message: str = TAKEN) -> None:
        self.refusals = refusals
        self.message = message
        self.bodies: list[Any] = []

    async def apply(self, body: Any, ref: ObjectRef, *, manager: str, force: bool) -> Written:
        del ref, manager, force
        self.bodies.append(body)
        if len(self.bodies) <= self.refusals:
            raise InvalidError(self.message, reason=Reason.INVALID, status=422)
        return Written(b"{}", created=True)


def executor(server: Server) -> Executor:
    return Executor(cast("Cluster", server))


async def test_it_waits_for_its_own_old_address() -> None:
    server = Server(refusals=3)
    outcome = await executor(server).execute(PLAN)
    assert outcome.created
    assert outcome.writes == 1
    assert len(server.bodies) == 4
    assert all(body == {"spec": {"clusterIP": "10.96.0.9"}} for body in server.bodies)


async def test_an_address_that_somebody_else_has_is_refused_in_the_end() -> None:
    server = Server(refusals=100)
    with pytest.raises(InvalidError, match="already allocated"):
        await executor(server).execute(PLAN)
    assert len(server.bodies) < 10


async def test_any_other_refusal_is_told_at_once() -> None:
    server = Server(refusals=1, message="apply Service shop/web: spec.ports: Required value")
    with pytest.raises(InvalidError, match="Required value"):
        await executor(server).execute(PLAN)
    assert len(server.bodies) == 1
