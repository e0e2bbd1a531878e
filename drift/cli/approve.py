"""`drift approve`: let the repair of one very drift happen."""

import asyncio
from typing import Any

import click

from drift.cli.options import Target, control_option, target_options

_EPILOG = """\b
Examples:
  drift approve deployment/web --release web -n shop
  drift approve service/web --helm -n shop
"""


@click.command(epilog=_EPILOG)
@click.argument("what", metavar="KIND/NAME")
@control_option
@target_options()
def approve(what: str, target: Target, control_namespace: str, **_: Any) -> int:
    """Approve the drift of one object as it is now, where a rule uses the strategy `approve`.

    The approval is of exactly these differences: if the object drifts further, it waits again.
    """
    from drift.cli.switch import approve as set_approval

    return asyncio.run(set_approval(target, what, control=control_namespace))
