"""The work queue: each key is processed by at most one worker at a time, in the order of arrival.

A key that changes while it is being processed is processed once more afterwards; a key added twice is processed once.
Failures back off per key, so one object's trouble never delays another.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

FIRST_BACK_OFF = 0.005
LONGEST_BACK_OFF = 1000.0


class WorkQueue(Generic[Key]):
    """An asyncio queue of keys with per-key exclusion, delay and exponential back-off."""

    def __init__(self) -> None:
        """Begin empty; use within one event loop."""
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._active: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._idle: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        """Keys waiting now, without those being processed or delayed."""
        return len(self._waiting)

    @property
    def delayed(self) -> int:
        """Keys that wait for their time."""
        return len(self._timers)

    @property
    def idle(self) -> bool:
        """Whether nothing waits or runs; delayed keys do not count."""
        return not self._waiting and not self._active

    def add(self, key: Key, *, first: bool = False) -> None:
        """Ask for a key to be processed; `first` puts it before all that wait."""
        self._cancel_timer(key)
        if key in self._active:
            self._again.add(key)
            return
        if key not in self._waiting:
            self._waiting[key] = None
            if first:
                self._waiting.move_to_end(key, last=False)
            self._wake_one()

    def add_after(self, key: Key, delay: float) -> None:
        """Ask for a key after `delay` seconds; the earlier of two requests wins."""
        if delay <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and known.when() <= loop.time() + delay:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(delay, self._due, key)

    def retry(self, key: Key, longest: float = LONGEST_BACK_OFF) -> float:
        """Ask for a key after its back-off, which doubles with every call up to `longest`; returns the delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(longest, FIRST_BACK_OFF * 2.0 ** min(failures, 30))
        self.add_after(key, delay)
        return delay

    def succeeded(self, key: Key) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def drop(self, key: Key) -> None:
        """Forget a key altogether."""
        self._failures.pop(key, None)
        self._waiting.pop(key, None)
        self._again.discard(key)
        self._cancel_timer(key)

    async def get(self) -> Key:
        """Wait for a key and take it; `done` must follow."""
        while not self._waiting:
            await self._sleep()
        key, _ = self._waiting.popitem(last=False)
        self._active.add(key)
        return key

    def done(self, key: Key) -> None:
        """Give a key back."""
        self._active.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    async def _sleep(self) -> None:
        """Wait for a key; each wakes one worker, for waking all of them costs more than the work of most keys."""
        idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(idle)
        try:
            await idle
        except asyncio.CancelledError:
            if idle.done() and not idle.cancelled():
                self._wake_one()  # the key is another's now
            raise

    def _wake_one(self) -> None:
        while self._idle:
            idle = self._idle.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
