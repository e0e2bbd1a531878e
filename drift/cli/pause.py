"""`drift pause`: nothing is repaired there until the pause ends."""

import asyncio
from typing import Any

import click

from drift.cli.options import Duration, Target, control_option, place_options

_EPILOG = """\b
Examples:
  drift pause -n shop --for 2h --why "incident 42"     a namespace
  drift pause deployment/web -n shop --for 30m         one object
  drift pause --everything --for 1h                    all that daytwo guards

\b
The same without this program:
  kubectl annotate namespace shop daytwo.dev/pause-until="2026-01-01T12:00:00Z incident 42"
"""


@click.command(epilog=_EPILOG)
@click.argument("what", required=False, metavar="[KIND/NAME]")
@click.option("--everything", is_flag=True, help="Pause all repair: set on the control namespace.")
@click.option("--for", "seconds", type=Duration(), default="1h", show_default=True, metavar="DURATION",
              help="How long; 0 means until resumed.")  # fmt: skip
@click.option("--why", default="", metavar="TEXT", help="Shown with everything that the pause holds.")
@control_option
@place_options
def pause(what: str | None, everything: bool, seconds: float, why: str, control_namespace: str, **given: Any) -> int:
    """Hold repair for a while: of an object, of a namespace, or of everything.

    Drift is still seen and told. A pause is an annotation: it needs nothing but the API server, and ends by itself.
    """
    from drift.cli.switch import pause as set_pause

    target = Target(**{key: given[key] for key in given if key in Target.__struct_fields__})
    control = control_namespace if everything else None
    return asyncio.run(set_pause(target, what, control=control, seconds=seconds, why=why))
