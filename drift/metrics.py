"""Metrics and health of a running service, served over HTTP by aiohttp.

No label ever carries an object's name: the number of series is bounded by states, reasons and strategies. Health
means it: /healthz fails when the loop stands still, /readyz while a source was never read or a watch is not trusted.
"""

import time
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from drift.core.assess import State
from drift.engine.records import (
    Detected,
    Failed,
    Held,
    Record,
    Repaired,
    Resolved,
    SourceTroubled,
    Unchanged,
)
from drift.engine.service import Service

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_STUCK_AFTER = 60.0
StateCounts = Callable[[], dict[State, int]]


class Metrics:
    """Counts records; gauges are read when asked."""

    def __init__(self, service: Service, counts: StateCounts) -> None:
        """`counts` gives the number of objects by state."""
        self._service = service
        self._counts = counts
        self.registry = registry = CollectorRegistry()
        self._objects = Gauge("daytwo_objects", "Desired objects by state.", ["state"], registry=registry)
        self._watches = Gauge("daytwo_watches", "Watched scopes by trust.", ["trusted"], registry=registry)
        self._queue = Gauge("daytwo_queue_depth", "Objects waiting to be looked at.", registry=registry)
        self._detected = Counter("daytwo_detections", "Drifts detected.", ["state"], registry=registry)
        self._repaired = Counter("daytwo_repairs", "Objects repaired.", ["strategy"], registry=registry)
        self._writes = Counter("daytwo_writes", "Writes sent to the API server.", registry=registry)
        self._unchanged = Counter(
            "daytwo_repairs_unchanged", "Repairs that turned out to change nothing.", registry=registry
        )
        self._held = Counter("daytwo_holds", "Repairs held by a gate.", ["reason"], registry=registry)
        self._failed = Counter("daytwo_repair_failures", "Repairs refused.", ["reason"], registry=registry)
        self._resolved = Counter("daytwo_resolved", "Drifts gone without a repair.", registry=registry)
        self._troubles = Counter(
            "daytwo_source_problems", "Sources or parts not readable.", ["reason"], registry=registry
        )
        self._seconds = Histogram(
            "daytwo_repair_seconds",
            "Seconds from the arrival of an event to the answer of the last write.",
            buckets=_BUCKETS,
            registry=registry,
        )

    def count(self, record: Record) -> None:
        """Take one record of the engine."""
        match record:
            case Detected():
                self._detected.labels(record.assessment.state.value).inc()
            case Repaired():
                self._repaired.labels(record.strategy).inc()
                self._writes.inc(record.writes)
                self._seconds.observe(record.seconds)
            case Unchanged():
                self._unchanged.inc()
                self._writes.inc()
            case Held():
                self._held.labels(record.hold.reason.value).inc()
            case Failed():
                self._failed.labels(record.reason.value).inc()
            case Resolved():
                self._resolved.inc()
            case SourceTroubled():
                self._troubles.labels(record.reason.value).inc()
            case _:
                pass

    def text(self) -> bytes:
        """The exposition, with the gauges read now."""
        counts = self._counts()
        for state in State:
            self._objects.labels(state.value).set(counts.get(state, 0))
        informers = self._service.informers
        trusted = sum(informer.trusted for informer in informers)
        self._watches.labels("true").set(trusted)
        self._watches.labels("false").set(len(informers) - trusted)
        self._queue.set(self._service.queue_depth)
        return bytes(generate_latest(self.registry))


class Pulse:
    """Notices a loop that stands still: beaten from within, read from a request."""

    def __init__(self) -> None:
        """Begin alive."""
        self.at = time.monotonic()

    def beat(self) -> None:
        """Say that the loop moves."""
        self.at = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether it moved lately."""
        return time.monotonic() - self.at < _STUCK_AFTER


def application(metrics: Metrics, service: Service, pulse: Pulse) -> web.Application:
    """The three endpoints."""

    async def scrape(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthy(_: web.Request) -> web.Response:
        return _answer(pulse.alive, "the service stands still")

    async def ready(_: web.Request) -> web.Response:
        return _answer(service.ready, _not_ready(service))

    app = web.Application()
    app.add_routes([web.get("/metrics", scrape), web.get("/healthz", healthy), web.get("/readyz", ready)])
    return app


def _answer(fine: bool, trouble: str) -> web.Response:
    return web.Response(text="ok\n") if fine else web.Response(status=503, text=f"{trouble}\n")


def _not_ready(service: Service) -> str:
    stale = [f"{informer.scope}: {informer.error or 'not listed yet'}" for informer in service.informers
             if not informer.trusted]  # fmt: skip
    return "\n".join(stale) or "sources are being read"
