"""Serves metrics and health of a running engine for as long as it runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from drift.cli.wiring import Engine
from drift.core.errors import UsageError
from drift.engine.records import Listener

_BEAT = 5.0


class Served(msgspec.Struct, frozen=True, eq=False):
    """`listeners` count what happens; `fields` say where it can be asked."""

    listeners: tuple[Listener, ...] = ()
    fields: dict[str, Any] = {}


@contextlib.asynccontextmanager
async def serve(engine: Engine, address: str, port: int | None) -> AsyncIterator[Served]:
    """Serve while the block runs; without a port nothing is imported or opened. Raises UsageError."""
    if port is None:
        yield Served()
        return
    from aiohttp import web

    from drift.metrics import Metrics, Pulse, application

    metrics, pulse = Metrics(engine.service, engine.counts), Pulse()
    runner = web.AppRunner(application(metrics, engine.service, pulse), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, address, port)
    beating = asyncio.create_task(_beat(pulse))
    try:
        await _start(site, address, port)
        yield Served((metrics.count,), {"metrics": f"http://{address}:{_port(runner)}/metrics"})
    finally:
        beating.cancel()
        await runner.cleanup()


async def _start(site: Any, address: str, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        raise UsageError(f"--metrics-port {port}: cannot listen on {address}: {error.strerror}") from error


def _port(runner: Any) -> int:
    return int(runner.addresses[0][1])


async def _beat(pulse: Any) -> None:
    while True:
        pulse.beat()
        await asyncio.sleep(_BEAT)
