"""One POST to a real HTTP server: signed, bounded, and nothing followed that was not asked."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from drift.core.errors import PluginError
from drift.notify.ask import LONGEST_ANSWER, SIGNATURE, TIMESTAMP, ask, signature
from drift.strategy import Question

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """An endpoint; yields its address."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answering(text: str, status: int = 200, **headers: str) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers)

    return handle


async def failure(handler: Handler, **question: Any) -> str:
    async with serving(handler) as url:
        with pytest.raises(PluginError) as raised:
            await ask(Question(f"{url}/secret/path?token=hunter2", {}, **question))
    line = str(raised.value).replace(url, "URL")
    assert "hunter2" not in line
    assert "secret/path" not in line
    return line


async def test_the_question_is_posted_as_json_and_the_answer_returned() -> None:
    seen: list[Any] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append((request.method, request.path_qs, request.content_type, await request.json()))
        seen.append(SIGNATURE in request.headers)
        return web.json_response({"action": "nothing", "reason": "known"})

    async with serving(handle) as url:
        answer = await ask(Question(f"{url}/drift?team=a", {"é": [1, None]}))
    assert answer == {"action": "nothing", "reason": "known"}
    assert seen == [("POST", "/drift?team=a", "application/json", {"é": [1, None]}), False]


async def test_the_receiver_can_verify_who_asks(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("correct-horse\n")

    async def handle(request: web.Request) -> web.StreamResponse:
        body, timestamp = await request.read(), request.headers[TIMESTAMP]
        wanted = hmac.new(b"correct-horse", timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(request.headers[SIGNATURE], f"sha256={wanted}")
        fresh = abs(time.time() - int(timestamp)) < 300
        return web.json_response({"good": good and fresh})

    async with serving(handle) as url:
        assert await ask(Question(url, {"a": 1}, str(key))) == {"good": True}


def test_the_signature_covers_time_and_body() -> None:
    signed = signature(b"k", "1", b"body")
    assert signed.startswith("sha256=")
    assert (
        len({signed, signature(b"k", "2", b"body"), signature(b"k", "1", b"bodY"), signature(b"l", "1", b"body")}) == 4
    )


@pytest.mark.parametrize("content", [None, "", " \n"])
async def test_without_its_key_nothing_is_asked(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    line = await failure(answering("{}"), secret_file=str(tmp_path / "key"))
    assert line.startswith("URL is not asked: secret_file ")


@pytest.mark.parametrize(
    ("handler", "line"),
    [
        (answering("{}", 500), "URL answered 500, not 200"),
        (answering("{}", 204), "URL answered 204, not 200"),
        (answering("", 302, Location="http://169.254.169.254/"), "URL answered 302, not 200"),
        (answering("<html>"), "URL answered something that is no JSON object"),
        (answering("[1]"), "URL answered something that is no JSON object"),
        (answering(""), "URL answered something that is no JSON object"),
        (answering('{"a": 1'), "URL answered something that is no JSON object"),
        (answering('{"a": ' + "[" * 20_000 + "]" * 20_000 + "}"), "URL answered something that is no JSON object"),
        (answering('"' + "x" * LONGEST_ANSWER + '"'), "URL answered more than 64 KiB"),
    ],
    ids=["500", "204", "redirect", "html", "list", "empty", "cut", "deep", "long"],
)
async def test_an_answer_that_is_none_is_one_line(handler: Handler, line: str) -> None:
    assert await failure(handler) == line


async def test_a_packed_answer_is_not_unpacked() -> None:
    import gzip

    async def bomb(_: web.Request) -> web.StreamResponse:
        body = gzip.compress(json.dumps({"a": "x" * 10_000_000}).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    assert await failure(bomb) == "URL answered something that is no JSON object"


async def test_a_slow_answer_ends_at_the_time_limit() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    begun = time.monotonic()
    assert await failure(drip, timeout=0.3) == "URL did not answer in 0.3 s"
    assert time.monotonic() - begun < 2.0


async def test_an_endpoint_that_is_away_is_one_line() -> None:
    async with serving(answering("{}")) as url:
        pass
    with pytest.raises(PluginError, match=rf"^{url} cannot be asked: ClientConnectorError$"):
        await ask(Question(f"{url}/?token=hunter2", {}))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/", "unix:///run/x", "//h/", "https:///path"])
async def test_only_http_is_spoken(url: str) -> None:
    with pytest.raises(PluginError, match="a hook's url must be http:// or https:// with a host"):
        await ask(Question(url, {}))
