"""List, then watch for ever: the network half. What to do next is decided by `WatchState`.

Events are handed on the moment they arrive, and nothing here ever ends the stream but its consumer.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from random import random

import aiohttp

from drift.cluster import WatchEvent
from drift.core.errors import ClusterError, DriftError, UnknownKindError
from drift.core.reasons import Reason
from drift.kube.errors import Attempt, line, network_error
from drift.kube.pages import fetch_list
from drift.kube.transport import Retry, Transport
from drift.kube.watch import DEFAULT_LIMITS, Do, Step, WatchLimits, WatchState


class Reflector:
    """One endless stream of one collection; create one per stream."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        attempt: Attempt,
        *,
        query: Mapping[str, str],
        limits: WatchLimits = DEFAULT_LIMITS,
        on_unknown_kind: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random,
    ) -> None:
        self._transport = transport
        self._path = path
        self._attempt = attempt
        self._query = query
        self._on_unknown_kind = on_unknown_kind
        self._clock = clock
        self._state = WatchState(attempt, random, limits)

    async def follow(self) -> AsyncGenerator[WatchEvent, None]:
        """Yield events for ever."""
        while True:
            step = self._state.next_step()
            if step.delay:
                await asyncio.sleep(step.delay)
            run = self._list() if step.do is Do.LIST else self._watch(step)
            async with aclosing(run) as events:
                async for event in events:
                    yield event

    async def _list(self) -> AsyncGenerator[WatchEvent, None]:
        try:
            listing = await fetch_list(
                self._transport, self._path, self._attempt, query=self._query, retry=Retry.UNAVAILABLE
            )
        except Exception as error:  # noqa: BLE001 - a stream that ends silently would be the worst of failures
            for event in self._failed(error):
                yield event
            return
        for event in self._state.listed(listing):
            yield event

    async def _watch(self, step: Step) -> AsyncGenerator[WatchEvent, None]:
        try:
            response = await self._transport.open_watch(self._path, self._attempt, self._watch_query(step))
        except Exception as error:  # noqa: BLE001
            for event in self._failed(error):
                yield event
            return
        try:
            self._state.opened(self._clock())
            while not self._state.ended:
                for event in await self._read(response):
                    yield event
        finally:
            response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> list[WatchEvent]:
        """Wait for bytes. The timer runs only here, never while the consumer works on an event."""
        try:
            async with asyncio.timeout(self._state.timeout):
                chunk = await response.content.readany()
        except TimeoutError:
            return self._state.waited(self._clock())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._state.failed(
                network_error(self._attempt, self._transport.connection.host, error), self._clock()
            )
        return self._state.feed(chunk, self._clock()) if chunk else self._state.closed(self._clock())

    def _failed(self, error: Exception) -> list[WatchEvent]:
        if isinstance(error, UnknownKindError):
            self._on_unknown_kind()
        if not isinstance(error, DriftError):
            words = line(f"{self._attempt.words}: unexpected {type(error).__name__}")
            error = ClusterError(words, reason=Reason.INTERNAL_ERROR)
        return self._state.failed(error, self._clock())

    def _watch_query(self, step: Step) -> dict[str, str]:
        return {
            **self._query,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": step.version,
            "timeoutSeconds": str(step.seconds),
        }
