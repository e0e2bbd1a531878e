"""Schemas from the server's OpenAPI v3: one document per group-version, fetched when a kind of it is asked for.

The index names a hash per document; a document is fetched again only when its hash changed. Documents are
compiled and dropped (the core group's is 1.6 MB of JSON); the bytes may be kept on disk by hash.
"""

import asyncio
import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from drift.core.errors import ClusterError, ForbiddenError, NotFoundError, UnknownKindError
from drift.core.objects import Resource
from drift.core.reasons import Reason
from drift.core.schema import KindSchema, SchemaDocument
from drift.kube.errors import Attempt, line
from drift.kube.tables import builtin_schema, type_table
from drift.kube.transport import Transport

INDEX_PERIOD = 60.0
_PUBLISHED_WITHIN = (0.2, 0.4, 0.8, 1.6)
_SOON = 5.0
_INDEX = "/openapi/v3"
_T = TypeVar("_T")
_Kind = tuple[str, str, str]


class _Place(msgspec.Struct, frozen=True, rename={"url": "serverRelativeURL"}):
    url: str


class _Index(msgspec.Struct, frozen=True):
    paths: dict[str, _Place] = {}


class _Components(msgspec.Struct, frozen=True):
    schemas: dict[str, Any] = {}


class _Document(msgspec.Struct, frozen=True):
    components: _Components = _Components()


class OpenApi:
    """The schemas of one server. `cache_dir` keeps documents over restarts; None keeps nothing on disk."""

    def __init__(
        self,
        transport: Transport,
        *,
        cache_dir: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._cache_dir = cache_dir
        self._clock = clock
        self._lock = asyncio.Lock()
        self._index: dict[str, _Place] | None = None
        self._indexed = 0.0
        self._etag = ""
        self._waited: set[_Kind] = set()  # kinds that were waited for in vain
        self._compiled: dict[str, tuple[str, dict[_Kind, KindSchema]]] = {}

    async def schema(self, resource: Resource) -> KindSchema:
        """Return the schema of a kind; from the shipped table where the server publishes none.

        A kind that has just been installed is served a second or two before it is published here.
        """
        key = (resource.group, resource.version, resource.kind)
        for pause in (0.0, *_PUBLISHED_WITHIN):
            await self._ask_again_after(pause)
            found = await self._found(resource) or builtin_schema(*key)
            if found is not None:
                self._waited.discard(key)
                return found
            if not self._index or key in self._waited:
                break
        self._waited.add(key)
        words = f"no schema of {resource.kind} in {resource.api_version}: the server's OpenAPI v3 has none"
        raise ClusterError(line(words), reason=Reason.SCHEMA_UNAVAILABLE)

    async def _ask_again_after(self, pause: float) -> None:
        if pause:
            await asyncio.sleep(pause)
            self._indexed = -INDEX_PERIOD
        elif self._waited:  # something is missing: the index, which costs little, is not trusted for long
            self._indexed = min(self._indexed, self._clock() - INDEX_PERIOD + _SOON)

    async def _found(self, resource: Resource) -> KindSchema | None:
        name = _document_name(resource)
        async with self._lock:
            place = (await self._places()).get(name)
            kinds = await self._kinds(name, place) if place is not None else {}
        return kinds.get((resource.group, resource.version, resource.kind))

    async def _places(self) -> dict[str, _Place]:
        if self._index is None or self._clock() - self._indexed >= INDEX_PERIOD:
            self._index = await self._fetch_index(self._index or {})
            self._indexed = self._clock()
        return self._index

    async def _fetch_index(self, known: dict[str, _Place]) -> dict[str, _Place]:
        attempt = Attempt("read the index of the server's OpenAPI v3")
        extra = {"If-None-Match": self._etag} if self._etag else {}
        try:
            answer = await self._transport.request("GET", _INDEX, attempt, extra=extra)
        except (ForbiddenError, NotFoundError, UnknownKindError):
            return {}
        if answer.status == 304:
            return known
        self._etag = answer.headers.get("ETag", "")
        return _decode(answer.body, _Index, attempt).paths

    async def _kinds(self, name: str, place: _Place) -> dict[_Kind, KindSchema]:
        known = self._compiled.get(name)
        if known is None or known[0] != place.url:
            known = self._compiled[name] = (place.url, await self._compile(name, place))
        return known[1]

    async def _compile(self, name: str, place: _Place) -> dict[_Kind, KindSchema]:
        attempt = Attempt(f"read the OpenAPI v3 of {name}")
        body = await self._document(name, place, attempt)
        # Compiling the core group takes a while; the loop has watches to serve.
        return await asyncio.to_thread(_compile, body, attempt)

    async def _document(self, name: str, place: _Place, attempt: Attempt) -> bytes:
        file = self._cache_file(name, place)
        cached = await asyncio.to_thread(_read, file) if file is not None else None
        if cached is not None:
            return cached
        path, _, query = place.url.partition("?")
        answer = await self._transport.request(
            "GET", path, attempt, query=dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        )
        if file is not None:
            _decode(answer.body, _Document, attempt)  # never keep what cannot be read
            await asyncio.to_thread(_write, file, answer.body)
        return answer.body

    def _cache_file(self, name: str, place: _Place) -> Path | None:
        if self._cache_dir is None or "hash=" not in place.url:
            return None
        digest = hashlib.sha256(place.url.encode()).hexdigest()[:32]
        return self._cache_dir / f"openapi-{name.replace('/', '_')}-{digest}.json"


def _document_name(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _compile(body: bytes, attempt: Attempt) -> dict[_Kind, KindSchema]:
    components = _decode(body, _Document, attempt).components.schemas
    document = SchemaDocument(components, type_table())
    compiled = {kind: document.kind(*kind) for kind in document.kinds()}
    return {kind: schema for kind, schema in compiled.items() if schema is not None}


def _decode(body: bytes, kind: type[_T], attempt: Attempt) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        words = f"{attempt.words}: the answer is not an OpenAPI document"
        raise ClusterError(words, reason=Reason.SCHEMA_UNAVAILABLE) from error


def _read(file: Path) -> bytes | None:
    """A document that was cut by a crash or a full disk is as good as none."""
    try:
        body = file.read_bytes()
        msgspec.json.decode(body, type=_Document)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return body


def _write(file: Path, body: bytes) -> None:
    """Write whole or not at all; a cache that cannot be written is no error."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".openapi-")
        with os.fdopen(handle, "wb") as target:
            target.write(body)
        Path(name).replace(file)
