"""The work queue: one worker per key, delays, back-off."""

import asyncio

from drift.engine.queue import FIRST_BACK_OFF, LONGEST_BACK_OFF, WorkQueue


async def test_a_key_added_twice_is_processed_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_keys_come_in_the_order_of_their_arrival() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in "abc":
        queue.add(key)
    queue.add("z", first=True)
    assert [await queue.get() for _ in range(4)] == ["z", "a", "b", "c"]


async def test_a_key_that_changes_while_it_is_processed_comes_once_more_and_never_twice_at_a_time() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0, "the second look waits for the end of the first"
    queue.done(key)
    assert await asyncio.wait_for(queue.get(), 1) == "a"
    queue.done("a")
    assert queue.idle


async def test_back_off_doubles_from_five_milliseconds_to_a_thousand_seconds_and_is_forgotten_on_success() -> None:
    queue: WorkQueue[str] = WorkQueue()
    delays = [queue.retry("a") for _ in range(25)]
    assert delays[0] == FIRST_BACK_OFF
    assert delays[1] == 2 * FIRST_BACK_OFF
    assert delays[-1] == LONGEST_BACK_OFF
    queue.succeeded("a")
    assert queue.retry("a") == FIRST_BACK_OFF
    queue.drop("a")
    assert queue.delayed == 0


async def test_one_keys_back_off_does_not_delay_another() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(20):
        queue.retry("slow")
    queue.add("fast")
    assert await asyncio.wait_for(queue.get(), 1) == "fast"
    assert queue.delayed == 1
    queue.drop("slow")


async def test_the_earlier_of_two_delays_wins() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 0.01)
    queue.add_after("a", 100)
    assert await asyncio.wait_for(queue.get(), 1) == "a"
    queue.done("a")
    queue.add_after("a", 100)
    queue.add_after("a", 0.01)
    assert await asyncio.wait_for(queue.get(), 1) == "a"


async def test_adding_a_delayed_key_brings_it_forward() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 100)
    queue.add("a")
    assert queue.delayed == 0
    assert await asyncio.wait_for(queue.get(), 1) == "a"
