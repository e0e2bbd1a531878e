"""The formats by name. A module is imported when its format is asked for: JSON needs no YAML."""

from importlib import import_module

from drift.core.errors import UsageError
from drift.core.report import Report
from drift.outputs.options import RenderOptions

FORMATS: dict[str, str] = {
    "table": "drift.outputs.table:render_table",
    "diff": "drift.outputs.diff:render_diff",
    "json": "drift.outputs.machine:render_json",
    "yaml": "drift.outputs.machine:render_yaml",
    "jsonl": "drift.outputs.machine:render_jsonl",
}


def render(report: Report, fmt: str, options: RenderOptions) -> str:
    """Return the report as text that ends with a newline. Raises UsageError for a format that does not exist."""
    place = FORMATS.get(fmt)
    if place is None:
        raise UsageError(f"no output format {fmt!r}: choose one of {', '.join(FORMATS)}")
    module, _, name = place.partition(":")
    text: str = getattr(import_module(module), name)(report, options)
    return text
