"""`drift ignore`: ignore rules for what a report shows."""

import asyncio
from typing import Any

import click

from drift.cli.options import Target, target_options

_EPILOG = """\b
Examples:
  drift ignore suggest --helm -n shop > ignore.yaml     write rules, edit them,
  drift report --helm -n shop --ignore ignore.yaml      and use them

\b
A rule hides what it matches and keeps repair from touching it. Every part is
optional: kinds, names, namespaces, labels, paths (JSON Pointers, * for any one
step), owners, expires, reason. A rule that matches nothing is reported.
"""


@click.group(epilog=_EPILOG)
def ignore() -> None:
    """Write ignore rules for what a report shows."""


@ignore.command()
@target_options()
def suggest(target: Target, **_: Any) -> int:
    """Print one rule per difference, with its owner and reason as a comment; nothing is changed."""
    from drift.cli.audit import audit
    from drift.cli.suggestion import write_suggestions
    from drift.cli.terminal import emit

    report = asyncio.run(audit(target))
    emit(write_suggestions(report))
    return 0
