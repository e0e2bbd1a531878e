"""The command `drift` (and `kubectl-drift`): finds a subcommand, imports only that one, and bounds every error.

This is the only error boundary: what went wrong becomes one line on stderr and exit code 2.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from drift import __version__

NAMES = ("drift", "kubectl-drift")
COMMANDS = {
    "report": "Say what drifted, who changed it and when; change nothing.",
    "run": "Watch for ever: say what drifts, and with --mode remediate put it back.",
    "remediate": "Repair once: show the plan, ask, repair, say what was done.",
    "explain": "Say all about one object: what differs, who did it, the plan, and what each gate says to it.",
    "approve": "Approve the drift of one object as it is now, where a rule uses the strategy `approve`.",
    "pause": "Hold repair for a while: of an object, of a namespace, or of everything.",
    "resume": "End a pause; with --everything also go on after a mass drift opened the circuit breaker.",
    "ignore": "Write ignore rules for what a report shows.",
    "guard": "Print an example of a guard (--example), or check one (-f).",
    "plugins": "List the installed plugins, or show one.",
    "version": "Print the versions of this program and of the server.",
    "completion": "Print the completion script of a shell.",
}
EXIT_ERROR, EXIT_INTERRUPTED = 2, 130

_EPILOG = """\b
Examples:
  drift report --helm -A                  every Helm release of the cluster
  drift report --release web -n shop      one release
  drift report -f manifests/              a folder of manifests
  drift run --helm -A --mode remediate    watch and repair

\b
Exit codes of report: 0 in sync, 1 drift, 2 something could not be checked.
Every option can be set in the environment: DRIFT_REPORT_NAMESPACE=shop
"""


class LazyGroup(click.Group):
    """Imports the module of a subcommand when it is called; listing them costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand; None when there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"drift.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of subcommands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and leave with the exit code that the subcommand returned."""
        arguments = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in arguments  # taken out: it counts wherever it stands, and where the rest is wrong too
        given = [argument for argument in arguments if argument != "--debug"]
        called = _called() if prog_name is None else prog_name
        variable = complete_var or f"_{called.replace('-', '_').upper()}_COMPLETE"
        shown = called.replace("kubectl-", "kubectl ")
        extra["auto_envvar_prefix"] = "DRIFT"

        try:
            result = super().main(given, shown, variable, standalone_mode=False, **extra)
        except (Exception, KeyboardInterrupt) as error:
            if not standalone_mode:
                raise
            from drift.cli.boundary import explain

            result = explain(error, debug=debug)
        if not standalone_mode:
            return result
        sys.exit(result if isinstance(result, int) else 0)


def _called() -> str:
    name = Path(sys.argv[0]).name
    return name if name in NAMES else NAMES[0]


@click.group(name="drift", cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="drift", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Print the traceback of an internal error.")
def main(debug: bool) -> None:
    """Keep Kubernetes as declared after day 1: find, explain and repair drift of Helm releases and manifests."""
    del debug  # LazyGroup.main takes it out of the arguments
