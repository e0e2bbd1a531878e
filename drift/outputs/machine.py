"""The stable document as JSON, YAML and JSON lines: whole values, never cut, safe to print."""

from typing import Any

import msgspec

from drift.core.report import Report
from drift.outputs.options import RenderOptions
from drift.outputs.yaml_text import dump_yaml, escape


def render_json(report: Report, options: RenderOptions) -> str:
    """Return one JSON document, indented by two."""
    encoded = msgspec.json.encode(report.document(every=options.every))
    return escape(msgspec.json.format(encoded, indent=2).decode()) + "\n"


def render_yaml(report: Report, options: RenderOptions) -> str:
    """Return the same document as YAML."""
    return dump_yaml(report.document(every=options.every))


def render_jsonl(report: Report, options: RenderOptions) -> str:
    """Return the document without its objects on the first line, then one object per line."""
    document = report.document(every=options.every)
    objects = document.pop("objects")
    return "".join(_line(part) for part in (document, *objects))


def _line(part: dict[str, Any]) -> str:
    return escape(msgspec.json.encode(part).decode()) + "\n"
