"""Who we are, kept fresh: bearer tokens that expire or are rotated by somebody else.

kubernetes_asyncio knows where a token comes from but asks only once. A `Credential` asks again in time, once
for all waiting requests, and lives on with the old token as long as that is still good.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from drift.core.errors import ClusterError, DriftError
from drift.core.reasons import Reason
from drift.kube.errors import line

FILE_PERIOD = 60.0  # client-go re-reads a token file once a minute
EXEC_TIMEOUT = 60.0  # a plugin may ask a person to log in; it may not hang for ever
RETRY_PERIOD = 10.0
RENEW_PERIOD = 5.0  # between two renewals because the server said 401
_EARLY = 0.8  # of a token's life


class Token(NamedTuple):
    """An Authorization header ("": none) and the seconds for which it is good; None: until the server refuses it.

    A plugin may give a client certificate instead: the files of certificate and key.
    """

    header: str
    seconds: float | None = None
    certificate: tuple[str, str] | None = None


Load = Callable[[], Awaitable[Token]]


class Credential:
    """An Authorization header that renews itself."""

    def __init__(self, load: Load, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._is_another = False
        self._renew_at = self._good_until = 0.0
        self._loaded_at = -RENEW_PERIOD

    async def token(self) -> Token:
        """Return the token, loading it first when it is due."""
        token = self._token
        if token is None or self._clock() >= self._renew_at:
            async with self._lock:
                token = self._token
                if token is None or self._clock() >= self._renew_at:
                    token = await self._reload()
        return token

    async def renew(self) -> bool:
        """After a 401: load again, unless that was done a moment ago. Return whether it gave another token."""
        async with self._lock:
            if self._clock() - self._loaded_at >= RENEW_PERIOD:
                self._good_until = 0.0
                await self._reload()
        return self._is_another

    async def _reload(self) -> Token:
        now = self._loaded_at = self._clock()
        try:
            token = await self._load()
        except DriftError:
            if self._token is None or now >= self._good_until:
                raise
            self._renew_at = now + RETRY_PERIOD
            return self._token
        life = float("inf") if token.seconds is None else max(token.seconds, 1.0)
        self._is_another = self._token is not None and _identity(self._token) != _identity(token)
        self._token = token
        self._renew_at, self._good_until = now + life * _EARLY, now + life
        return token


def _identity(token: Token) -> tuple[str, tuple[str, str] | None]:
    return token.header, token.certificate


def token_file(path: Path) -> Load:
    """A token in a file that is rotated on disk (service accounts, `tokenFile`)."""

    async def load() -> Token:
        try:
            token = (await asyncio.to_thread(path.read_text)).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ClusterError(line(f"cannot read the token file {path}: {error}"), reason=Reason.FORBIDDEN) from error
        if not token:
            raise ClusterError(f"the token file {path} is empty", reason=Reason.FORBIDDEN)
        return Token(f"Bearer {token}", FILE_PERIOD / _EARLY)

    return load


def exec_plugin(loader: Any, command: str, where: str) -> Load:
    """A credential plugin (client.authentication.k8s.io), run again when its token is about to expire."""

    async def load() -> Token:
        with contextlib.suppress(AttributeError):
            del loader.exec_plugin_expiry  # or the loader returns what it already has
        try:
            await asyncio.wait_for(loader.load_from_exec_plugin(), EXEC_TIMEOUT)
        except Exception as error:  # plugins fail in every way; all mean "no credential"
            words = _plugin_words(command, where, error)
            raise ClusterError(line(words), reason=Reason.FORBIDDEN) from error
        return _plugin_token(loader)

    return load


def _plugin_token(loader: Any) -> Token:
    certificate = getattr(loader, "cert_file", None)
    return Token(
        getattr(loader, "token", ""),
        _seconds_until(getattr(loader, "exec_plugin_expiry", None)),
        (certificate, loader.key_file) if certificate else None,
    )


def _plugin_words(command: str, where: str, error: Exception) -> str:
    start = f"the exec plugin `{command}` of {where}"
    if isinstance(error, FileNotFoundError | PermissionError):
        return f"{start} cannot be run ({error.strerror}); install it or fix users[].user.exec.command"
    if isinstance(error, TimeoutError):
        return f"{start} did not finish within {EXEC_TIMEOUT:.0f} s; run it by hand to see why"
    return f"{start} failed; run it by hand to see why: {error}"


def _seconds_until(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp()) - time.time()
