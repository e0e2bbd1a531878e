import asyncio
import json
from contextlib import aclosing

import pytest

from drift.cluster import Changed, Fresh, Listed, Stale, WatchEvent
from drift.kube.reflector import Reflector
from drift.kube.transport import Transport
from drift.kube.watch import WatchLimits
from tests.kube.fake import (
    ATTEMPT,
    FakeApi,
    answer,
    connection_to,
    error_event,
    event,
    page,
    refuse,
    stream,
)

QUICK = WatchLimits(backoff_first=0.01, backoff_most=0.05, silence=0.2, patience=10.0, proof=0.05)
PATH = "/api/v1/configmaps"


async def collect(api: FakeApi, count: int, limits: WatchLimits = QUICK, url: str = "") -> list[WatchEvent]:
    """The first events of a stream."""
    events: list[WatchEvent] = []
    connection = connection_to(url) if url else api.connection()
    async with Transport(connection) as transport, asyncio.timeout(10):
        reflector = Reflector(transport, PATH, ATTEMPT, query={"labelSelector": "a=b"}, limits=limits)
        async with aclosing(reflector.follow()) as stream_of:
            async for each in stream_of:
                events.append(each)
                if len(events) == count:
                    break
    return events


def kinds(events: list[WatchEvent]) -> list[str]:
    return [type(each).__name__ for each in events]


def names(events: list[WatchEvent]) -> list[str]:
    return [json.loads(bytes(each.object))["metadata"]["name"] for each in events if isinstance(each, Changed)]


def watched_from(api: FakeApi) -> list[str]:
    return [each.query["resourceVersion"] for each in api.requests if "watch" in each.query]


def lists(api: FakeApi) -> int:
    return sum("watch" not in each.query for each in api.requests)


async def test_it_lists_then_watches_from_there() -> None:
    async with FakeApi(page("a", "b"), stream(event("MODIFIED", "a", "11"), hold=True)) as api:
        events = await collect(api, 2)

        assert isinstance(events[0], Listed)
        assert (len(events[0].items), events[0].resource_version) == (2, "10")
        assert names(events) == ["a"]
        query = api.requests[1].query
        assert (query["resourceVersion"], query["allowWatchBookmarks"], query["labelSelector"]) == (
            "10",
            "true",
            "a=b",
        )


async def test_a_clean_end_resumes_without_a_list() -> None:
    script = page(), stream(event("ADDED", "a", "11")), stream(event("ADDED", "b", "12"), hold=True)
    async with FakeApi(*script) as api:
        assert names(await collect(api, 3)) == ["a", "b"]
        assert (watched_from(api), lists(api)) == (["10", "11"], 1)


@pytest.mark.parametrize(
    "broken",
    [
        stream(event("ADDED", "a", "11"), event("ADDED", "b", "12")[:-9]),
        stream(event("ADDED", "a", "11"), event("ADDED", "b", "12")[:-9], cut=True),
        stream(event("ADDED", "a", "11"), b"<html>gateway</html>\n", hold=True),
        stream(event("ADDED", "a", "11"), error_event(500), hold=True),
    ],
    ids=["cut-line", "cut-connection", "garbage", "error-event"],
)  # fmt: skip
async def test_what_breaks_resumes_after_the_last_good_event(broken: object) -> None:
    async with FakeApi(page(), broken, stream(event("ADDED", "b", "12"), hold=True)) as api:  # type: ignore[arg-type]
        assert names(await collect(api, 3)) == ["a", "b"]
        assert (watched_from(api), lists(api)) == (["10", "11"], 1)


@pytest.mark.parametrize("gone", [refuse(410), stream(error_event(410), hold=True)], ids=["answer", "event"])
async def test_a_410_costs_one_list(gone: object) -> None:
    script = page(), gone, page("a", version="50"), stream(event("ADDED", "b", "51"), hold=True)
    async with FakeApi(*script) as api:  # type: ignore[arg-type]
        events = await collect(api, 3)

        assert kinds(events) == ["Listed", "Listed", "Changed"]
        assert (watched_from(api), lists(api)) == (["10", "50"], 2)


async def test_a_silent_watch_is_stale_then_fresh_then_goes_on() -> None:
    async with FakeApi(page(), stream(hold=True), stream(event("ADDED", "a", "11"), hold=True)) as api:
        events = await collect(api, 4)

        assert kinds(events) == ["Listed", "Stale", "Fresh", "Changed"]
        assert (watched_from(api), lists(api)) == (["10", "10"], 1)


async def test_a_slow_consumer_is_not_a_silent_server() -> None:
    async with FakeApi(page(), stream(event("ADDED", "a", "11"), event("ADDED", "b", "12"), hold=True)) as api:
        seen = []
        async with Transport(api.connection()) as transport, asyncio.timeout(10):
            follow = Reflector(transport, PATH, ATTEMPT, query={}, limits=QUICK).follow()
            async with aclosing(follow) as events:
                async for each in events:
                    seen.append(each)
                    if len(seen) == 3:
                        break
                    await asyncio.sleep(0.3)

        assert kinds(seen) == ["Listed", "Changed", "Changed"]


@pytest.mark.parametrize("size", [2**20, 5 * 2**20])
async def test_a_line_of_megabytes_is_one_event(size: int) -> None:
    big = json.dumps({"type": "ADDED", "object": {"metadata": {"resourceVersion": "11"}, "x": "y" * size}})
    async with FakeApi(page(), stream(big.encode() + b"\n", event("ADDED", "b", "12"), hold=True)) as api:
        events = await collect(api, 3)

        assert isinstance(events[1], Changed)
        assert len(bytes(events[1].object)) > size


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (answer(b"<html>login</html>", content_type="text/html"), "ListIncomplete"),
        (answer(b'{"kind":"ConfigMapList","metadata":{"resourceVersion":"1"},"items":[{"a"'), "ListIncomplete"),
        (refuse(403, 'forbidden: User "eve" cannot list'), "Forbidden"),
        (answer(b"404 page not found\n", 404, "text/plain"), "KindNotServed"),
        (refuse(500), "ServerError"),
    ],
    ids=["html", "cut", "forbidden", "no-kind", "server-error"],
)  # fmt: skip
async def test_a_list_that_fails_is_stale_until_one_is_whole(bad: object, reason: str) -> None:
    async with FakeApi(bad, page("a"), stream(hold=True)) as api:  # type: ignore[arg-type]
        events = await collect(api, 2)

        assert kinds(events) == ["Stale", "Listed"]
        assert isinstance(events[0], Stale)
        assert events[0].reason == reason


async def test_a_forbidden_watch_is_stale_and_heals_without_a_list() -> None:
    script = page(), refuse(403, 'User "eve" cannot watch'), stream(event("ADDED", "a", "11"), hold=True)
    async with FakeApi(*script) as api:
        events = await collect(api, 4)

        assert kinds(events) == ["Listed", "Stale", "Fresh", "Changed"]
        assert lists(api) == 1


async def test_an_unreachable_server_is_stale_and_names_the_host() -> None:
    async with FakeApi(page()) as api:
        [stale] = await collect(api, 1, url="http://127.0.0.1:1")

        assert isinstance(stale, Stale)
        assert stale.reason == "ClusterUnreachable"
        assert "http://127.0.0.1:1" in stale.error


async def test_many_watches_do_not_block_a_request() -> None:
    async def serve(request: object) -> object:
        return await (page() if "watch" not in request.query else stream(hold=True))(request)  # type: ignore[attr-defined,arg-type]

    async with FakeApi(serve) as api, Transport(api.connection()) as transport:  # type: ignore[arg-type]

        async def run() -> None:
            reflector = Reflector(transport, PATH, ATTEMPT, query={}, limits=WatchLimits())
            async for _ in reflector.follow():
                pass

        tasks = [asyncio.create_task(run()) for _ in range(150)]
        async with asyncio.timeout(10):
            while len(watched_from(api)) < 150:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await transport.request("GET", PATH, ATTEMPT)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_fresh_carries_the_position() -> None:
    async with FakeApi(page(), stream(event("BOOKMARK", "", "33"), hold=True), stream(hold=True)) as api:
        events = await collect(api, 3)

        assert events[2] == Fresh("33")
