"""OpenID Connect tokens of a kubeconfig's `auth-provider: oidc`.

Our own refresh: the one of kubernetes_asyncio does not verify the issuer's certificate, cannot read URL-safe
base64, and needs a client secret and a rotated refresh token that issuers do not always give.
"""

import base64
import ssl
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from drift.core.errors import ClusterError
from drift.core.reasons import Reason
from drift.kube.credentials import Load, Token
from drift.kube.errors import line

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_MARGIN = 10.0


def oidc_token(config: dict[str, Any], where: str, persist: Callable[[], None]) -> Load:
    """Use `config` (`auth-provider.config`) as long as its id-token lives, then refresh and keep the new ones."""

    async def load() -> Token:
        seconds = _seconds_left(config.get("id-token"))
        if seconds < _MARGIN:
            await _refresh(config, where)
            persist()
            seconds = _seconds_left(config.get("id-token"))
        return Token(f"Bearer {config['id-token']}", seconds)

    return load


def _seconds_left(token: Any) -> float:
    try:
        payload = str(token).split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - time.time()
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0


async def _refresh(config: dict[str, Any], where: str) -> None:
    try:
        answer = await _ask(config)
        config["id-token"] = answer["id_token"]
        config["refresh-token"] = answer.get("refresh_token") or config["refresh-token"]
    except KeyError as error:
        raise _failure(where, f"{error.args[0]} is missing") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failure(where, str(error) or type(error).__name__) from error


async def _ask(config: dict[str, Any]) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": config["refresh-token"],
        "client_id": config["client-id"],
    }
    if config.get("client-secret"):
        form["client_secret"] = config["client-secret"]
    issuer = str(config["idp-issuer-url"]).rstrip("/")
    connector = aiohttp.TCPConnector(ssl=_context(config))
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, raise_for_status=True) as session:
        async with session.get(f"{issuer}/.well-known/openid-configuration") as answer:
            endpoint = (await answer.json(content_type=None))["token_endpoint"]
        async with session.post(endpoint, data=form) as answer:
            tokens: dict[str, Any] = await answer.json(content_type=None)
    return tokens


def _context(config: dict[str, Any]) -> ssl.SSLContext:
    data = config.get("idp-certificate-authority-data")
    return ssl.create_default_context(
        cafile=config.get("idp-certificate-authority"),
        cadata=base64.b64decode(data).decode() if data else None,
    )


def _failure(where: str, why: str) -> ClusterError:
    return ClusterError(
        line(f"the OIDC token of {where} cannot be refreshed ({why}); log in again"), reason=Reason.FORBIDDEN
    )
