"""Raw HTTP to the API server for the bench: as little as possible between the socket and the clock."""

import ssl
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp
import msgspec

_MERGE = "application/merge-patch+json"
_ENCODER = msgspec.json.Encoder()
Body = dict[str, Any]


class Event(msgspec.Struct, frozen=True):
    """One line of a watch."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: msgspec.Raw


_EVENT = msgspec.json.Decoder(Event)


class Kind(msgspec.Struct, frozen=True):
    """A namespaced kind as the bench addresses it."""

    kind: str
    api: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        """Path of the collection, or of one object."""
        return f"{self.api}/namespaces/{namespace}/{self.plural}" + (f"/{name}" if name else "")


KINDS = {
    "ConfigMap": Kind("ConfigMap", "/api/v1", "configmaps"),
    "Service": Kind("Service", "/api/v1", "services"),
    "Deployment": Kind("Deployment", "/apis/apps/v1", "deployments"),
}


class RefusedError(Exception):
    """The API server answered with a status of 400 or more."""


class Wire:
    """One identity's warm connections. `ca` and `pem` are files; `pem` holds certificate and key."""

    def __init__(self, url: str, ca: Path, pem: Path, *, connections: int = 32) -> None:
        tls = ssl.create_default_context(cafile=str(ca))
        tls.load_cert_chain(pem)
        self._url = url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=connections, keepalive_timeout=600)
        )
        self._watches = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls, limit=0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._watches.close()

    async def send(
        self, method: str, path: str, body: bytes | Mapping[str, Any] | None = None, *, content_type: str = ""
    ) -> bytes:
        """Send one request; return the body of its 2xx answer."""
        data = body if body is None or isinstance(body, bytes) else _ENCODER.encode(body)
        headers = {"Content-Type": content_type or (_MERGE if method == "PATCH" else "application/json")}
        async with self._session.request(method, self._url + path, data=data, headers=headers) as response:
            answer = await response.read()
            if response.status >= 400:
                raise RefusedError(f"{method} {path}: {response.status} {answer[:300]!r}")
            return answer

    async def watch(self, path: str, version: str) -> AsyncIterator[tuple[float, Event]]:
        """Events after a resourceVersion, each with the monotonic time of its arrival; ends when the server says."""
        query = f"?watch=true&resourceVersion={version}"
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._watches.get(self._url + path + query, timeout=timeout) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                at = time.monotonic()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield at, _EVENT.decode(line)
