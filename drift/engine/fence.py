"""Asks once for many: a question whose answer serves every write whose event arrived before it was asked.

Watches of different kinds are not ordered among each other: an object's deletion by `helm uninstall` may arrive before
the release's own change (decision D5). So sources, pauses and blockers are asked right before a write.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

Answer = TypeVar("Answer")


class _Asked(msgspec.Struct, Generic[Answer], frozen=True, eq=False):
    at: float
    answer: "asyncio.Future[Answer]"


def _seen(answer: "asyncio.Future[Answer]") -> None:
    """Whoever asked early may never come back for an error."""
    if not answer.cancelled():
        answer.exception()


class Fence(Generic[Answer]):
    """Coalesces questions by key."""

    def __init__(self) -> None:
        """Begin without answers."""
        self._asked: dict[str, _Asked[Answer]] = {}

    async def ask(self, key: str, question: Callable[[], Awaitable[Answer]], *, since: float) -> Answer:
        """Return an answer that is true of a moment after `since` (monotonic seconds). Raises what asking raises."""
        return await asyncio.shield(self.begin(key, question, since=since))

    def begin(self, key: str, question: Callable[[], Awaitable[Answer]], *, since: float) -> "asyncio.Future[Answer]":
        """Ask without waiting; an answer that is true of a moment after `since` is not asked for again."""
        known = self._asked.get(key)
        if known is None or known.at <= since or known.answer.cancelled():
            known = _Asked(time.monotonic(), asyncio.ensure_future(question()))
            known.answer.add_done_callback(_seen)
            self._asked[key] = known
        return known.answer

    def forget(self, key: str) -> None:
        """Drop what is known of something that is gone."""
        self._asked.pop(key, None)
