"""`drift remediate`: one pass. Shows the plan, asks, repairs, says what was done."""

import asyncio
from typing import Any

import click

from drift.cli.options import Target, rules_option, target_options

_EPILOG = """\b
Examples:
  drift remediate --release web -n shop       show the plan, ask, repair
  drift remediate -f manifests/ --yes         without asking
  drift remediate --helm -A --plan            show the plan and end

\b
Exit codes: 0 everything is as declared now; 1 something is still drifted
(held, refused, or not wanted); 2 something could not be checked.
"""


@click.command(epilog=_EPILOG)
@target_options()
@rules_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--plan", "plan_only", is_flag=True, help="Show the plan and end; nothing is written.")
def remediate(target: Target, rules: str | None, yes: bool, plan_only: bool, **_: Any) -> int:
    """Repair once: show the plan, ask, repair, say what was done."""
    from drift.cli.repair import repair

    return asyncio.run(repair(target, rules, ask=not yes, plan_only=plan_only))
