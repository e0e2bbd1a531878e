"""The fence: one question serves every write whose event arrived before it was asked."""

import asyncio
import time

from drift.core.reasons import Reason
from drift.engine.fence import Fence
from drift.source import Hold

IN_FLIGHT = Hold(Reason.HELM_IN_FLIGHT, "pending-upgrade")


class Source:
    def __init__(self, hold: Hold | None = None) -> None:
        self.hold = hold
        self.asked = 0

    async def ask(self) -> Hold | None:
        self.asked += 1
        await asyncio.sleep(0)
        return self.hold


async def test_a_storm_of_events_costs_one_question() -> None:
    fence: Fence[Hold | None] = Fence()
    source, arrived = Source(), time.monotonic()
    holds = await asyncio.gather(*(fence.ask("helm:a/b", source.ask, since=arrived) for _ in range(100)))
    assert holds == [None] * 100
    assert source.asked == 1


async def test_an_event_that_arrived_after_the_question_asks_anew() -> None:
    fence: Fence[Hold | None] = Fence()
    source = Source()
    assert await fence.ask("helm:a/b", source.ask, since=time.monotonic()) is None
    source.hold = IN_FLIGHT
    assert await fence.ask("helm:a/b", source.ask, since=time.monotonic()) is IN_FLIGHT
    assert source.asked == 2


async def test_sources_are_asked_apart() -> None:
    fence: Fence[Hold | None] = Fence()
    calm, busy = Source(), Source(IN_FLIGHT)
    arrived = time.monotonic()
    assert await fence.ask("calm", calm.ask, since=arrived) is None
    assert await fence.ask("busy", busy.ask, since=arrived) is IN_FLIGHT
