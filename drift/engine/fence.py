"""Asks a source, right before a write, whether its state may still be repaired (decision D5).

Watches of different kinds are not ordered among each other: an object's deletion by `helm uninstall` may arrive before
the release's own change. One question serves every write whose event arrived before it was asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from drift.source import Hold

Ask = Callable[[], Awaitable[Hold | None]]


class _Asked(msgspec.Struct, frozen=True, eq=False):
    at: float
    answer: "asyncio.Future[Hold | None]"


class Fence:
    """Coalesces the questions to each source."""

    def __init__(self) -> None:
        """Begin without answers."""
        self._asked: dict[str, _Asked] = {}

    async def hold(self, source: str, ask: Ask, *, since: float) -> Hold | None:
        """Return the source's hold as of a moment after `since` (monotonic seconds)."""
        known = self._asked.get(source)
        if known is None or known.at <= since or known.answer.cancelled():
            known = _Asked(time.monotonic(), asyncio.ensure_future(ask()))
            self._asked[source] = known
        return await asyncio.shield(known.answer)

    def forget(self, source: str) -> None:
        """Drop what is known of a source that is gone."""
        self._asked.pop(source, None)
