"""One line per thing that happened, by structlog: for people on a terminal, JSON elsewhere.

Values shown here were masked when they were read; control characters of live strings are neutralised once more.
"""

import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal

import structlog

from drift.core.assess import Assessment, Difference
from drift.core.redact import printable
from drift.engine.records import (
    Acted,
    Detected,
    Failed,
    Held,
    Listener,
    Proposed,
    Record,
    Repaired,
    Resolved,
    SourceChanged,
    SourceRemoved,
    SourceTroubled,
    Unchanged,
    WatchChanged,
)

Format = Literal["auto", "console", "json"]
_LONGEST = 80


def configure(form: Format, *, colors: bool) -> Any:
    """Set structlog up to write to stderr, and return the logger."""
    chosen = form if form != "auto" else "console" if sys.stderr.isatty() else "json"
    renderer: Any
    if chosen == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=10)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _neutral,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger()


def _neutral(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}


def log_records(logger: Any) -> Listener:
    """Return a listener that writes a line per record."""

    def listen(record: Record) -> None:
        level, event, fields = _line(record)
        getattr(logger, level)(event, **fields)

    return listen


def _line(record: Record) -> tuple[str, str, dict[str, Any]]:
    for kind, describe in _LINES.items():
        if isinstance(record, kind):
            level, event, fields = describe(record)
            return level, event, fields
    raise AssertionError(record)


def _object(found: Assessment) -> dict[str, Any]:
    return {"object": str(found.ref), "source": found.source}


def _detected(record: Detected) -> tuple[str, str, dict[str, Any]]:
    found = record.assessment
    fields = {**_object(found), "state": found.state.value, "reason": found.reason.value}
    if found.message:
        fields["message"] = found.message
    if found.differences:
        fields["differences"] = [describe(item) for item in found.differences]
    return "warning", "detected", fields


def describe(item: Difference) -> str:
    """`spec.replicas 2 -> 5 by kubectl (scale)`: one difference in words."""
    who = ""
    if item.owner is not None:
        who = f" by {item.owner.manager}" + (f" ({item.owner.subresource})" if item.owner.subresource else "")
    if item.op == "added":
        return f"{item.display} added: {_short(item.live)}{who}"
    live = "(removed)" if item.op == "removed" else _short(item.live)
    return f"{item.display} {_short(item.desired)} -> {live}{who}"


def _short(value: Any) -> str:
    text = printable(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _repaired(record: Repaired) -> tuple[str, str, dict[str, Any]]:
    milliseconds = round(record.seconds * 1000, 1)
    how = {"strategy": record.strategy, "writes": record.writes, "milliseconds": milliseconds}
    return "info", "repaired", {**_object(record.assessment), **how}


_LINES: dict[type, Callable[[Any], tuple[str, str, dict[str, Any]]]] = {
    Detected: _detected,
    Repaired: _repaired,
    Acted: lambda r: ("info", "deleted" if r.deleted else "written", {**_object(r.assessment), "strategy": r.strategy,
                                                                      "message": r.what}),
    Proposed: lambda r: ("info", "proposed", {**_object(r.assessment), "strategy": r.strategy,
                                              "artifact": "\n---\n".join(r.artifacts)}),
    Unchanged: lambda r: ("info", "unchanged", {**_object(r.assessment), "reason": "the API server holds it so"}),
    Held: lambda r: ("warning", "held", {**_object(r.assessment), "reason": r.hold.reason.value,
                                         "message": r.hold.message}),
    Failed: lambda r: ("error", "refused", {**_object(r.assessment), "reason": r.reason.value,
                                            "message": r.message}),
    Resolved: lambda r: ("info", "resolved", {"object": str(r.ref), "source": r.source}),
    SourceChanged: lambda r: ("info", "desired", {"source": r.source, "revision": r.revision, "objects": r.objects,
                                                  **({"hold": r.hold} if r.hold else {})}),
    SourceRemoved: lambda r: ("info", "removed", {"source": r.source}),
    SourceTroubled: lambda r: ("error", "problem", {"source": r.source, "reason": r.reason.value,
                                                    "message": r.message}),
    WatchChanged: lambda r: ("warning" if r.error else "info", "watch", {"scope": r.scope,
                                                                          "state": r.error or "fresh"}),
}  # fmt: skip
