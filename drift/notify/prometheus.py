"""Asks Prometheus (or an Alertmanager-compatible /api/v1/alerts) which alerts fire now."""

import re
from collections.abc import AsyncIterator

import aiohttp
import msgspec

from drift.core.plan import HoldVerdict
from drift.core.policy import Prometheus
from drift.core.reasons import Reason
from drift.core.redact import printable

_TIMEOUT = 10.0
_MOST_BYTES = 4 * 1024 * 1024
_AGAIN = 30.0
_SHOWN = 5


class _Alert(msgspec.Struct, frozen=True):
    labels: dict[str, str] = {}
    state: str = ""


class _Data(msgspec.Struct, frozen=True):
    alerts: list[_Alert] = []


class _Answer(msgspec.Struct, frozen=True):
    data: _Data


async def blocking_alerts(settings: Prometheus) -> HoldVerdict | None:
    """Return the hold that alerts put on repair, or None. What cannot be asked blocks or not, as configured."""
    try:
        names = await _alert_names(settings)
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError, ValueError) as error:
        if not settings.block_when_unreachable:
            return None
        message = f"Prometheus {settings.url} cannot be asked ({type(error).__name__}), which blocks as configured"
        return HoldVerdict(Reason.BLOCKED, message, _AGAIN)
    if not names:
        return None
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return HoldVerdict(Reason.BLOCKED, f"alerts block: {', '.join(names[:_SHOWN])}{more}", _AGAIN)


async def _alert_names(settings: Prometheus) -> list[str]:
    url = settings.url.rstrip("/") + "/api/v1/alerts"
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as response:
        if response.status != 200:
            raise ValueError(response.status)
        body = b"".join([chunk async for chunk in _chunks(response)])
    if len(body) > _MOST_BYTES:
        raise ValueError("too long")
    alerts = msgspec.json.decode(body, type=_Answer).data.alerts
    return sorted({printable(_name(alert)) for alert in alerts if _blocks(alert, settings)})


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Read until the end, or a little more than the most that is taken."""
    left = _MOST_BYTES + 1
    async for chunk in response.content.iter_chunked(65536):
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return


def _name(alert: _Alert) -> str:
    return alert.labels.get("alertname", "unnamed")


def _blocks(alert: _Alert, settings: Prometheus) -> bool:
    if settings.only_firing and alert.state != "firing":
        return False
    return not (settings.filter and re.search(settings.filter, _name(alert)))
