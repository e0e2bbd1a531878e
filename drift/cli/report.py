"""`drift report`: one check, printed; changes nothing."""

import asyncio
from typing import Any

import click

from drift.cli.options import Target, target_options
from drift.cli.terminal import current_time, emit, has_colours
from drift.outputs import FORMATS, RenderOptions, render

_EPILOG = """\b
Examples:
  drift report --helm -A                            every Helm release of the cluster
  drift report --release web -n shop -o diff        one release, as a diff
  drift report --chart ./web --values prod.yaml     a chart, rendered now
  kustomize build . | drift report -f -             what a pipe delivers
  drift report -f app.yaml --live dump.yaml         without a cluster
  drift report --helm -A -o json | jq .summary      for a script

\b
Exit codes: 0 in sync; 1 drift (or as --drift-exit-code says);
2 something could not be checked, or the options are wrong. 2 wins.
"""


@click.command(epilog=_EPILOG)
@target_options(dumps=True)
@click.option("-o", "--output", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Format.")
@click.option("--all", "every", is_flag=True, help="Also what is in sync, ignored, or no drift, and why.")
@click.option(
    "--drift-exit-code",
    type=click.IntRange(0, 255),
    metavar="CODE",
    default=1,
    help="Exit code for drift, 0 to 255.  [default: 1]",
)
@click.option("--no-color", is_flag=True, help="No colours on a terminal (also: NO_COLOR).")
def report(target: Target, output: str, every: bool, drift_exit_code: int, no_color: bool, **_: Any) -> int:
    """Say what drifted, who changed it and when; change nothing.

    The first line is the answer; then one line per object and per field that differs. Permission to read is enough.
    """
    from drift.cli.audit import audit

    result = asyncio.run(audit(target))
    options = RenderOptions(every=every, now=current_time(), colour=has_colours(no_color=no_color))
    emit(render(result, output, options))
    return result.exit_code(drift_exit_code)
