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
        """Return an answer that is true of a moment after `since` (monotonic seconds). Raises what asking raises.

        While an older question is under way, all who come wait for its end and then share the next one.
        """
        while True:
            known = self._asked.get(key)
            if known is not None and known.at > since and not known.answer.cancelled():
                return await asyncio.shield(known.answer)
            if known is None or known.answer.done():
                self._begin(key, question)
            else:
                await asyncio.wait({known.answer})

    def ask_early(self, key: str, question: Callable[[], Awaitable[Answer]]) -> None:
        """Ask without waiting, unless a question is under way: its answer will be needed soon."""
        known = self._asked.get(key)
        if known is None or known.answer.done():
            self._begin(key, question)

    def _begin(self, key: str, question: Callable[[], Awaitable[Answer]]) -> None:
        asked = _Asked(time.monotonic(), asyncio.ensure_future(question()))
        asked.answer.add_done_callback(_seen)
        self._asked[key] = asked

    def forget(self, key: str) -> None:
        """Drop what is known of something that is gone."""
        self._asked.pop(key, None)
