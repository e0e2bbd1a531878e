"""`drift explain`: one object in full: desired, live, who, which rule, what plan, and every gate's word."""

import asyncio
from typing import Any

import click

from drift.cli.options import Target, rules_option, target_options

_EPILOG = """\b
Example:
  drift explain deployment/web --release web -n shop
"""


@click.command(epilog=_EPILOG)
@click.argument("what", metavar="KIND/NAME")
@target_options()
@rules_option
def explain(what: str, target: Target, rules: str | None, **_: Any) -> int:
    """Say all about one object: what differs, who did it, the plan, and what each gate says to it.

    Writes nothing.
    """
    from drift.cli.explanation import explain as write

    return asyncio.run(write(target, what, rules))
