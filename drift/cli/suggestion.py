"""The text of `drift ignore suggest`: a YAML list with comments, ready to be edited."""

import msgspec
import yaml

from drift.core.ignoring import suggestions
from drift.core.redact import printable
from drift.core.report import Report


def write_suggestions(report: Report) -> str:
    """Return the file; without drift it says so in a comment and holds an empty list."""
    parts = []
    for suggestion in suggestions(report.listed()):
        fields = {key: value for key, value in msgspec.to_builtins(suggestion.rule).items() if value}
        entry = yaml.safe_dump([fields], default_flow_style=False, sort_keys=False)
        parts.append(f"# {printable(suggestion.comment)}\n{entry}")
    return "".join(parts) or "# nothing drifts: there is nothing to ignore\n[]\n"
