"""Asks an HTTP endpoint what a strategy wants to know: one POST, signed, bounded in time and size.

No redirects, no proxies of the environment, no cookies: the question goes to the address in the rule and nowhere
else. Errors name scheme and host only, since a path or query may hold a token.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from drift.core.errors import PluginError
from drift.strategy import Question

SIGNATURE = "X-Daytwo-Signature"
TIMESTAMP = "X-Daytwo-Timestamp"
LONGEST_ANSWER = 64 * 1024


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """Return `sha256=` and the hex HMAC-SHA256 of `TIMESTAMP.BODY`: what the receiver computes and compares."""
    return "sha256=" + hmac.new(key, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


async def ask(question: Question) -> Mapping[str, Any]:
    """POST the question, return the JSON object of the answer. Raises PluginError with one line."""
    where = _checked(question.url)
    body = msgspec.json.encode(question.body)
    try:
        raw = await _post(question, body, _headers(question, body))
    except PluginError as error:
        raise PluginError(f"{where} {error}") from None
    return _decoded(raw, where)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PluginError("a hook's url must be http:// or https:// with a host")
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _headers(question: Question, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "daytwo"}
    if question.secret_file:
        headers |= {TIMESTAMP: timestamp, SIGNATURE: signature(_key(question.secret_file), timestamp, body)}
    return headers


def _key(path: str) -> bytes:
    """Read the key at each question, so that a rotated one is used at once."""
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise PluginError(f"is not asked: secret_file cannot be read: {error.strerror}") from None
    if not key:
        raise PluginError("is not asked: secret_file is empty")
    return key


async def _post(question: Question, body: bytes, headers: Mapping[str, str]) -> bytes:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=question.timeout)
    try:
        async with (
            aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            ) as session,
            session.post(question.url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise PluginError(f"answered {response.status}, not 200")
            return await _bounded(response)
    except TimeoutError:
        raise PluginError(f"did not answer in {question.timeout:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise PluginError(f"cannot be asked: {type(error).__name__}") from None


async def _bounded(response: Any) -> bytes:
    parts = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        parts += chunk
        if len(parts) > LONGEST_ANSWER:
            raise PluginError(f"answered more than {LONGEST_ANSWER // 1024} KiB")
    return bytes(parts)


def _decoded(raw: bytes, where: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise PluginError(f"{where} answered something that is no JSON object") from None
