"""`drift resume`: end a pause, or let the circuit breaker go on."""

import asyncio
from typing import Any

import click

from drift.cli.options import Duration, Target, control_option, place_options

_EPILOG = """\b
Examples:
  drift resume -n shop                   end the pause of a namespace
  drift resume deployment/web -n shop    end the pause of an object
  drift resume --everything              end the global pause; repair a mass drift after all
"""


@click.command(epilog=_EPILOG)
@click.argument("what", required=False, metavar="[KIND/NAME]")
@click.option("--everything", is_flag=True, help="End the global pause, and close the circuit breaker.")
@click.option("--for", "seconds", type=Duration(), default="10m", show_default=True, metavar="DURATION",
              help="How long the circuit breaker stays closed whatever drifts.")  # fmt: skip
@control_option
@place_options
def resume(what: str | None, everything: bool, seconds: float, control_namespace: str, **given: Any) -> int:
    """End a pause; with --everything also go on after a mass drift opened the circuit breaker."""
    from drift.cli.switch import resume as end_pause

    target = Target(**{key: given[key] for key in given if key in Target.__struct_fields__})
    control = control_namespace if everything else None
    return asyncio.run(end_pause(target, what, control=control, seconds=seconds))
