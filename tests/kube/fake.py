"""A scripted API server: each test says what it answers, with stalls, cuts and nonsense where wanted."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes_asyncio.client import Configuration

from drift.core.objects import Resource
from drift.kube.auth import Connection
from drift.kube.errors import Attempt

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
ATTEMPT = Attempt("watch configmaps")


class FakeApi:
    """Calls the handlers in order, the last one for ever; `requests` keeps what came."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = list(handlers)
        self.requests: list[web.Request] = []
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def connection(self) -> Connection:
        return connection_to(self.url)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        handler = self._handlers.pop(0) if len(self._handlers) > 1 else self._handlers[0]
        return await handler(request)


def connection_to(url: str) -> Connection:
    configuration = Configuration()
    configuration.host = url
    return Connection(context="fake", namespace="default", configuration=configuration)


def answer(
    body: Any, status: int = 200, content_type: str = "application/json", headers: dict[str, str] | None = None
) -> Handler:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=data, status=status, content_type=content_type, headers=headers)

    return handle


def refuse(code: int, message: str = "no", headers: dict[str, str] | None = None, **fields: Any) -> Handler:
    return answer(status_body(code, message, **fields), code, headers=headers)


def status_body(code: int, message: str = "no", **fields: Any) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message, **fields}


def page(*names: str, version: str = "10", token: str = "") -> Handler:
    metadata = {"resourceVersion": version, "continue": token}
    items = [item(name, version) for name in names]
    return answer({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items})


def item(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": version}}


def event(kind: str, name: str, version: str) -> bytes:
    return json.dumps({"type": kind, "object": item(name, version)}).encode() + b"\n"


def error_event(code: int, **fields: Any) -> bytes:
    return json.dumps({"type": "ERROR", "object": status_body(code, **fields)}).encode() + b"\n"


def stream(*chunks: bytes, hold: bool = False, cut: bool = False) -> Handler:
    """Send the chunks; then end in good order, hold the connection open, or cut it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if hold:
            await asyncio.Event().wait()
        if cut and request.transport is not None:
            request.transport.abort()
        return response

    return handle
