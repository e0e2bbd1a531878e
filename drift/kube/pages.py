"""Lists: fetched in pages, handed out whole or not at all.

Items stay undecoded (`msgspec.Raw`) and are copied out of their page, so that a page of some megabytes is freed
although one small object of it is kept.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from drift.cluster import Listing
from drift.core.errors import GoneError
from drift.kube.errors import Attempt, decode_status, incomplete_error, status_error
from drift.kube.transport import JSON, Answer, Retry, Transport

PAGE_SIZE = 500
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{JSON}"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"


class PageMeta(msgspec.Struct, frozen=True):
    """`metadata` of a list. The server sends `continue` empty or not at all on the last page."""

    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)
    token: str | None = msgspec.field(name="continue", default=None)


class Page(msgspec.Struct, frozen=True, eq=False):
    """One page. A missing `items` is not an empty one."""

    kind: str
    metadata: PageMeta
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_PAGE = msgspec.json.Decoder(Page)


async def fetch_list(
    transport: Transport,
    path: str,
    attempt: Attempt,
    *,
    query: Mapping[str, str],
    accept: str = JSON,
    retry: Retry = Retry.IDEMPOTENT,
    page_size: int = PAGE_SIZE,
) -> Listing:
    """All pages of a list. A continue token that expired on the way starts it once again, from the beginning."""
    ask = partial(transport.request, "GET", path, attempt, accept=accept, retry=retry)
    first = {**query, "limit": str(page_size)}
    try:
        return await _fetch(ask, attempt, first)
    except GoneError:
        return await _fetch(ask, attempt, first)


async def _fetch(ask: Callable[..., Awaitable[Answer]], attempt: Attempt, query: dict[str, str]) -> Listing:
    items: list[msgspec.Raw] = []
    version = ""
    while True:
        answer = await ask(query=query)
        page = decode_page(answer.body, attempt)
        items.extend(raw.copy() for raw in page.items or ())
        # All pages show the state of the first one's version: a watch begins there.
        version = version or page.metadata.resource_version or ""
        if not page.metadata.token:
            return Listing(tuple(items), version)
        query = {**query, "continue": page.metadata.token}


def decode_page(body: bytes, attempt: Attempt) -> Page:
    """Decode one page; ClusterError for anything that is not a whole list."""
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        status = decode_status(body)
        if status is not None:
            raise status_error(attempt, status.code or 500, status) from error
        what = "the answer is a web page" if body.lstrip()[:1] == b"<" else "the answer is cut or not a list"
        raise incomplete_error(attempt, what) from error
    if not page.kind.endswith("List") or page.items is msgspec.UNSET:
        raise incomplete_error(attempt, "the answer is not a list")
    if not page.metadata.resource_version:
        raise incomplete_error(attempt, "the list has no resourceVersion")
    return page
