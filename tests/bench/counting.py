"""A counting proxy before the API server: what one program asks, exactly, by verb and collection."""

import contextlib
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from tests.controlplane import ControlPlane

_COLLECTION = re.compile(r"^/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?/([a-z]+)(?:/([^/]+))?$")
_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection"})
READS, WRITES = ("get", "list", "watch"), ("apply", "patch", "create", "update", "delete")
_VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}


class Proxy:
    """Forwards everything as admin; `counts` are requests by (verb, plural); the rest is (`other`, path)."""

    def __init__(self, plane: ControlPlane, session: aiohttp.ClientSession) -> None:
        self._url = plane.url
        self._session = session
        self.counts: Counter[tuple[str, str]] = Counter()
        self.kubeconfig = plane.folder / "counted.kubeconfig"

    def since(self, before: "Counter[tuple[str, str]]") -> "Counter[tuple[str, str]]":
        """Requests since a copy of `counts` was taken."""
        return self.counts - before

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Forward one request, counted, its answer as it comes."""
        self.counts[verb_of(request)] += 1
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._session.request(
            request.method,
            self._url + request.raw_path,
            headers=headers,
            data=await request.read() or None,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            response.headers.extend((k, v) for k, v in answer.headers.items() if k.lower() not in _HOP)
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            return response


def verb_of(request: web.Request) -> tuple[str, str]:
    """Name a request as RBAC does."""
    found = _COLLECTION.match(request.path)
    if found is None:
        return "other", request.path
    plural, name = found[1], found[2]
    if request.method == "GET":
        verb = "get" if name else "watch" if request.query.get("watch") in {"1", "true"} else "list"
    elif request.method == "PATCH":
        verb = "apply" if "apply-patch" in request.headers.get("Content-Type", "") else "patch"
    else:
        verb = _VERBS[request.method]
    return verb, plural


def total(counts: "Counter[tuple[str, str]]", verbs: tuple[str, ...]) -> int:
    """Number of requests with these verbs."""
    return sum(number for (verb, _), number in counts.items() if verb in verbs)


@contextlib.asynccontextmanager
async def counting(plane: ControlPlane) -> AsyncIterator[Proxy]:
    """Serve the proxy on a free loopback port, and a kubeconfig that leads to it."""
    tls = _tls(plane)
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        proxy = Proxy(plane, session)
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            _write_kubeconfig(proxy.kubeconfig, runner.addresses[0][1])
            yield proxy
        finally:
            await runner.cleanup()


def _tls(plane: ControlPlane) -> ssl.SSLContext:
    tls = ssl.create_default_context(cadata=plane.ca.decode())
    tls.load_cert_chain(plane.folder / "admin.pem")
    return tls


def _write_kubeconfig(path: Path, port: int) -> None:
    name = "counted"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    path.write_text(yaml.safe_dump(content))
