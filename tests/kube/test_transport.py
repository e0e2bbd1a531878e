import asyncio
import time

import pytest
from aiohttp import web

from drift.core.errors import ClusterError, ForbiddenError
from drift.core.reasons import Reason
from drift.kube.credentials import Load, Token
from drift.kube.errors import Attempt
from drift.kube.transport import Retry, Timeouts, Transport, retry_after_of
from tests.kube.fake import FakeApi, answer, connection_to, refuse

ATTEMPT = Attempt("get ConfigMap a/b")
OK = answer({"ok": True})


async def ask(api: FakeApi, retry: Retry = Retry.IDEMPOTENT, timeouts: Timeouts = Timeouts(total=5.0)) -> int:  # noqa: B008
    async with Transport(api.connection(), timeouts) as transport:
        return (await transport.request("GET", "/x", ATTEMPT, retry=retry)).status


async def reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def never(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


@pytest.mark.parametrize("retry", list(Retry))
async def test_429_is_tried_again_when_the_server_says(retry: Retry) -> None:
    async with FakeApi(refuse(429, headers={"Retry-After": "1"}), OK) as api:
        begun = time.monotonic()

        assert await ask(api, retry) == 200
        assert time.monotonic() - begun >= 1.0


async def test_503_is_tried_again_a_bounded_number_of_times() -> None:
    async with FakeApi(refuse(503)) as api:
        with pytest.raises(ClusterError) as caught:
            await ask(api)

        assert (caught.value.reason, len(api.requests)) == (Reason.SERVER_ERROR, 3)


async def test_a_retry_after_beyond_the_deadline_is_left_to_the_caller() -> None:
    async with FakeApi(refuse(429, headers={"Retry-After": "120"})) as api:
        with pytest.raises(ClusterError) as caught:
            await ask(api)

        assert (caught.value.retry_after, len(api.requests)) == (120.0, 1)


async def test_a_lost_answer_is_asked_for_again_only_where_that_is_harmless() -> None:
    async with FakeApi(reset) as api, Transport(api.connection(), Timeouts(total=5.0)) as transport:
        with pytest.raises(ClusterError) as caught:
            await transport.request("PATCH", "/x", ATTEMPT, body=[], retry=Retry.REFUSED)
        assert (caught.value.reason, caught.value.status) == (Reason.CLUSTER_UNREACHABLE, 0)
        assert len(api.requests) == 1

        with pytest.raises(ClusterError):
            await transport.request("PATCH", "/x", ATTEMPT, body={}, retry=Retry.IDEMPOTENT)
        assert len(api.requests) == 4


async def test_nothing_hangs() -> None:
    async with FakeApi(never) as api:
        begun = time.monotonic()
        with pytest.raises(ClusterError) as caught:
            await ask(api, timeouts=Timeouts(total=0.3))

        assert caught.value.reason == Reason.TIMEOUT
        assert time.monotonic() - begun < 2.0


async def test_a_refused_connection_names_the_host() -> None:
    async with Transport(connection_to("http://127.0.0.1:1")) as transport:
        with pytest.raises(ClusterError, match=r"cannot reach http://127\.0\.0\.1:1") as caught:
            await transport.request("GET", "/x", ATTEMPT)

    assert caught.value.reason == Reason.CLUSTER_UNREACHABLE


async def test_an_unknown_host_is_unreachable() -> None:
    async with Transport(connection_to("https://nowhere.invalid"), Timeouts(total=5.0)) as transport:
        with pytest.raises(ClusterError, match=r"nowhere\.invalid") as caught:
            await transport.request("GET", "/x", ATTEMPT, retry=Retry.REFUSED)

    assert caught.value.reason in {Reason.CLUSTER_UNREACHABLE, Reason.TIMEOUT}


async def test_a_redirect_does_not_carry_the_credential_away() -> None:
    async with FakeApi(OK) as elsewhere, FakeApi(answer(b"", 302, headers={"Location": elsewhere.url})) as api:
        with pytest.raises(ClusterError):
            await ask(api)
        assert elsewhere.requests == []


def tokens(*names: str) -> Load:
    left = list(names)

    async def load() -> Token:
        return Token(f"Bearer {left.pop(0) if len(left) > 1 else left[0]}")

    return load


async def test_a_401_renews_the_credential_once() -> None:
    async with FakeApi(refuse(401), OK) as api:
        connection = api.connection()
        again = type(connection)(
            context="fake", namespace="", configuration=connection.configuration, load=tokens("old", "new")
        )
        await again.headers()
        assert again._credential is not None
        again._credential._loaded_at = -100.0
        async with Transport(again) as transport:
            await transport.request("POST", "/x", ATTEMPT, retry=Retry.REFUSED)

        assert [each.headers["Authorization"] for each in api.requests] == ["Bearer old", "Bearer new"]


async def test_a_401_without_a_better_credential_is_an_error() -> None:
    async with FakeApi(refuse(401)) as api:
        with pytest.raises(ForbiddenError):
            await ask(api)
        assert len(api.requests) == 1


async def test_netrc_and_cookies_play_no_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login eve password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with FakeApi(answer({}, headers={"Set-Cookie": "a=b"})) as api:
        async with Transport(api.connection()) as transport:
            await transport.request("GET", "/x", ATTEMPT)
            await transport.request("GET", "/x", ATTEMPT)

        assert not {"Authorization", "Cookie"} & set(api.requests[1].headers)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
     ("soon", None), ("nan", None), ("-1", None), ("", None)],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_of({"Retry-After": value}, lambda: 10.0) == seconds
