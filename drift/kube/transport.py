"""HTTP to one API server: bytes in, bytes out, every request bounded in time, every failure a ClusterError.

Two aiohttp sessions over kubernetes_asyncio's configuration: requests share warm connections, watches have an
unlimited pool of their own, so that no number of watches can block a write.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from random import random
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from drift.core.errors import ClusterError, NotLeaderError
from drift.kube.auth import Connection
from drift.kube.errors import Attempt, answer_error, network_error

Fence = Callable[[str], None]  # gets what is attempted, raises where it may not be sent
JSON = "application/json"
USER_AGENT = "daytwo/0.1"
_KEEP_ALIVE = 75.0  # kube-apiserver closes idle connections after 90 s
_READ_BUFFER = 2**18
_ERROR_BODY = 2**20
_BACKOFF = 0.2


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. `total` bounds one call with all its retries; `connect` includes TLS."""

    connect: float = 5.0
    total: float = 30.0
    attempts: int = 3


DEFAULT_TIMEOUTS = Timeouts()


class Retry(Enum):
    """Which failures may be tried again without asking the caller."""

    REFUSED = frozenset({429})  # the server did not act: always safe
    UNAVAILABLE = frozenset({429, 503})  # for callers that have their own back-off for broken connections
    IDEMPOTENT = frozenset({0, 429, 502, 503, 504})  # 0: no answer; acting twice is acting once


class Answer(msgspec.Struct, frozen=True):
    """A 2xx answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Transport:
    """Sends requests as one identity. Create and use it inside one event loop; close it there."""

    def __init__(self, connection: Connection, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self.connection = connection
        self.timeouts = timeouts
        self._requests: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None
        self._closed = False
        self.fence: Fence | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection, watches too; what is asked afterwards is an error."""
        self._closed = True
        for session in (self._requests, self._watches):
            if session is not None:
                await session.close()
        self._requests = self._watches = None

    async def request(
        self,
        method: str,
        path: str,
        attempt: Attempt,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        retry: Retry = Retry.IDEMPOTENT,
        extra: Mapping[str, str] | None = None,
        writes: bool = False,
    ) -> Answer:
        """Send one request and return its 2xx answer (or 304), or raise what the answer means.

        `writes`: the fence is asked before every attempt, and what it raises is raised.
        """
        data = msgspec.json.encode(body) if body is not None else None
        headers = {"Accept": accept, **(extra or {})}
        if data is not None:
            headers["Content-Type"] = content_type
        call = _Call(self, method, self._url(path, query), attempt, headers, data, writes)
        return await self._persist(call, retry)

    async def open_watch(self, path: str, attempt: Attempt, query: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Open a watch and return its response, status 200, body unread. The caller closes it."""
        # A compressing proxy would hold events back until its block is full.
        headers = {"Accept": JSON, "Accept-Encoding": "identity"}
        call = _Call(self, "GET", self._url(path, query), attempt, headers)
        response = await self._open_watch(call)
        if response.status == 401 and await self.connection.renew():
            response.close()
            response = await self._open_watch(call)
        if response.status == 200:
            return response
        raise await self._watch_error(response, attempt)

    async def _open_watch(self, call: "_Call") -> aiohttp.ClientResponse:
        if self._watches is None:
            self._watches = self._session(limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.timeouts.connect)
        try:
            async with asyncio.timeout(self.timeouts.total):
                return await self._send(self._watches, call, timeout)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise network_error(call.attempt, self.connection.host, error) from error

    async def _watch_error(self, response: aiohttp.ClientResponse, attempt: Attempt) -> ClusterError:
        try:
            async with asyncio.timeout(self.timeouts.connect):
                body = await response.content.read(_ERROR_BODY)
        except (aiohttp.ClientError, OSError):
            body = b""
        response.close()
        return answer_error(attempt, response.status, body, retry_after_of(response.headers))

    async def _persist(self, call: "_Call", retry: Retry) -> Answer:
        deadline = time.monotonic() + self.timeouts.total
        renewed = False
        for attempt in range(1, self.timeouts.attempts + 1):
            try:
                return await call.once(deadline - time.monotonic())
            except NotLeaderError:
                raise
            except ClusterError as error:
                if error.status == 401 and not renewed and await self.connection.renew():
                    renewed = True
                    continue
                wait = error.retry_after if error.retry_after is not None else _BACKOFF * 2**attempt * random()  # noqa: S311
                late = time.monotonic() + wait >= deadline
                if error.status not in retry.value or late or attempt == self.timeouts.attempts:
                    raise
            await asyncio.sleep(wait)
        return await call.once(deadline - time.monotonic())

    async def exchange(self, call: "_Call", seconds: float) -> tuple[int, bytes, Mapping[str, str]]:
        """Send once and read all of the answer."""
        if self._requests is None:
            self._requests = self._session(limit=self.connection.configuration.connection_pool_maxsize)
        timeout = aiohttp.ClientTimeout(total=max(seconds, 0.001), sock_connect=self.timeouts.connect)
        response = await self._send(self._requests, call, timeout)
        async with response:
            return response.status, await response.read(), response.headers

    async def _send(
        self,
        session: aiohttp.ClientSession,
        call: "_Call",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> aiohttp.ClientResponse:
        identity = await self.connection.headers()
        if call.writes and self.fence is not None:
            self.fence(call.attempt.words)
        return await session.request(
            call.method,
            call.url,
            headers=CIMultiDict([*call.headers.items(), *identity]),
            data=call.data,
            timeout=timeout,
            proxy=self.connection.proxy,
            server_hostname=self.connection.server_name,
            allow_redirects=False,  # a redirect must not carry the credential elsewhere
        )

    def _url(self, path: str, query: Mapping[str, str] | None) -> URL:
        return URL(f"{self.connection.host}{path}{'?' + urlencode(query) if query else ''}", encoded=True)

    def _session(self, limit: int) -> aiohttp.ClientSession:
        if self._closed:
            raise ClusterError(f"the connection to {self.connection.host} was closed")
        connector = aiohttp.TCPConnector(
            limit=limit,
            ssl=self.connection.ssl_context if self.connection.ssl_context is not None else True,
            keepalive_timeout=_KEEP_ALIVE,
        )
        # trust_env would read .netrc in a thread for every request.
        return aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            read_bufsize=_READ_BUFFER,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
        )


class _Call(msgspec.Struct, frozen=True, eq=False):
    """One request, as often as it takes."""

    transport: Transport
    method: str
    url: Any
    attempt: Attempt
    headers: Mapping[str, str]
    data: bytes | None = None
    writes: bool = False

    async def once(self, seconds: float) -> Answer:
        """Send it once within the seconds left."""
        try:
            status, body, headers = await self.transport.exchange(self, seconds)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise network_error(self.attempt, self.transport.connection.host, error) from error
        if status < 300 or status == 304:
            return Answer(status, body, headers)
        raise answer_error(self.attempt, status, body, retry_after_of(headers))


def retry_after_of(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds of a Retry-After header (a number or a date); None where it is absent or nonsense."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now())
    except ValueError:
        return None
