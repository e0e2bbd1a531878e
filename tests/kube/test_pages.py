import json

import pytest

from drift.core.errors import ClusterError, GoneError
from drift.core.reasons import Reason
from drift.kube.pages import METADATA_LIST, fetch_list
from drift.kube.transport import Transport
from tests.kube.fake import ATTEMPT, FakeApi, answer, page, refuse, status_body

PATH = "/api/v1/configmaps"


async def fetch(api: FakeApi) -> tuple[list[str], str]:
    async with Transport(api.connection()) as transport:
        listing = await fetch_list(transport, PATH, ATTEMPT, query={}, accept=METADATA_LIST, page_size=2)
    return [json.loads(bytes(each))["metadata"]["name"] for each in listing.items], listing.resource_version


async def test_all_pages_make_one_list() -> None:
    async with FakeApi(page("a", "b", token="t1"), page("c", "d", token="t2"), page("e")) as api:
        assert await fetch(api) == (["a", "b", "c", "d", "e"], "10")
        assert [each.query.get("continue", "") for each in api.requests] == ["", "t1", "t2"]
        assert {each.query["limit"] for each in api.requests} == {"2"}
        assert "PartialObjectMetadataList" in api.requests[0].headers["Accept"]


async def test_an_expired_token_starts_again_from_the_beginning_without_duplicates() -> None:
    script = (
        page("a", "b", token="t1"),
        refuse(410),
        page("a", "c", version="20", token="t2"),
        page("d", version="20"),
    )
    async with FakeApi(*script) as api:
        assert await fetch(api) == (["a", "c", "d"], "20")


async def test_a_token_that_always_expires_is_an_error() -> None:
    script = page("a", token="t1"), refuse(410), page("a", token="t1"), refuse(410)
    async with FakeApi(*script) as api:
        with pytest.raises(GoneError):
            await fetch(api)


async def test_an_empty_list_is_complete_and_null_is_go_for_empty() -> None:
    async with FakeApi(page()) as api:
        assert await fetch(api) == ([], "10")
    async with FakeApi(answer(b'{"kind":"XList","metadata":{"resourceVersion":"7"},"items":null}')) as api:
        assert await fetch(api) == ([], "7")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"",
        b"null",
        b'{"kind":"ConfigMapList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{}}',
        b'{"kind":"ConfigMapList","metadata":{"resourceVersion":"1"}}',
        b'{"kind":"ConfigMapList","metadata":{},"items":[]}',
        b'{"kind":"ConfigMap","metadata":{"resourceVersion":"1"},"items":[]}',
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("first", [True, False])
async def test_what_is_not_a_whole_list_is_never_a_list(body: bytes, first: bool) -> None:
    script = (answer(body),) if first else (page("a", token="t1"), answer(body))
    async with FakeApi(*script) as api:
        with pytest.raises(ClusterError) as caught:
            await fetch(api)

        assert caught.value.reason == Reason.LIST_INCOMPLETE


async def test_an_error_with_status_200_is_still_an_error() -> None:
    async with FakeApi(answer(status_body(500, "oops"))) as api:
        with pytest.raises(ClusterError, match="oops"):
            await fetch(api)
