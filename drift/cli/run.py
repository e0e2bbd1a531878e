"""`drift run`: the loop. Watches what is desired, says what drifts, and repairs it if asked to."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from drift.cli.options import Duration, Target, rules_option, target_options
from drift.cli.terminal import has_colours
from drift.cluster import Cluster
from drift.core.errors import UsageError
from drift.registry import Registry

if TYPE_CHECKING:
    from drift.controller.assignment import Assignment

Mode = Literal["observe", "remediate"]

_EPILOG = """\b
Examples:
  drift run --helm -A                            watch every Helm release, write nothing
  drift run --helm -A --mode remediate           and repair what drifts
  drift run -f manifests/ --mode remediate       a folder of manifests
  drift run --helm -n shop --rules rules.yaml    with rules of your own
  drift run --guard guard.yaml                   what a DriftGuard says, without a controller

\b
Ends on SIGTERM or Ctrl-C with exit code 0.
"""
_HELP_RESYNC = "How often everything is listed and compared anew, besides the watches."


@click.command(epilog=_EPILOG)
@click.option(
    "--mode",
    type=click.Choice(["observe", "remediate"]),
    help="observe writes nothing; remediate repairs.  [default: observe, or what the guard says]",
)
@target_options(guards=True)
@rules_option
@click.option("--resync", type=Duration(), default="30m", show_default=True, metavar="DURATION", help=_HELP_RESYNC)
@click.option("--workers", type=click.IntRange(1, 256), default=16, show_default=True, metavar="N",
              help="Objects that are repaired at the same time.")  # fmt: skip
@click.option("--metrics-port", type=click.IntRange(0, 65535), metavar="PORT",
              help="Serve /metrics, /healthz and /readyz there; 0 takes any free port.")  # fmt: skip
@click.option("--metrics-address", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Address to serve them on.")  # fmt: skip
@click.option("--log-format", type=click.Choice(["auto", "console", "json"]), default="auto", show_default=True,
              help="auto: for people on a terminal, JSON elsewhere.")  # fmt: skip
def run(mode: Mode | None, target: Target, rules: str | None, **given: Any) -> int:
    """Watch for ever: say what drifts, and with --mode remediate put it back.

    --helm follows releases that are installed, upgraded or removed meanwhile. A release that Helm has in flight is
    left to Helm. One line on stderr for each detection and each repair.
    """
    if target.guard and rules:
        raise UsageError("--guard says which rules hold: leave out --rules, or --guard")
    return asyncio.run(_run(target, rules, mode, given=given))


async def _run(target: Target, rules: str | None, mode: Mode | None, *, given: dict[str, Any]) -> int:
    import deepdiff  # noqa: F401 - takes 40 ms, for which the first repair should not wait

    from drift.cli.connect import open_cluster
    from drift.cli.logs import Format, configure, log_records
    from drift.cli.serve import serve
    from drift.cli.wiring import assemble
    from drift.engine.records import Record
    from drift.engine.service import ServiceOptions

    logger = configure(cast("Format", given["log_format"]), colors=has_colours(no_color=False))
    log = log_records(logger)
    listeners = [log]

    def tell(record: Record) -> None:
        for listener in listeners:
            listener(record)

    options = ServiceOptions(resync=given["resync"], workers=given["workers"])
    async with open_cluster(target) as cluster:
        version = await cluster.server_version()  # an unreachable or refusing server is an error now, not later
        assignment, unheeded = _assignment(target, cluster, rules, mode)
        engine = assemble(assignment, cluster, Registry(folder=target.plugins), tell, options)
        async with serve(engine, given["metrics_address"], given["metrics_port"]) as served:
            listeners.extend(served.listeners)
            for line in unheeded:
                logger.warning("not heeded", field=line)
            logger.info("started", mode=mode_of(assignment), context=cluster.context, server=version, **served.fields)
            await _until_told(engine.service.run())
            logger.info("stopped")
    return 0


def _assignment(
    target: Target, cluster: Cluster, rules: str | None, mode: Mode | None
) -> tuple["Assignment", tuple[str, ...]]:
    """Return what is to be done, and what of a guard is not heeded here. Raises UsageError or SourceError."""
    from drift.cli.rules import read_rules
    from drift.cli.wiring import assignment_of_guard, assignment_of_target

    if target.guard:
        return assignment_of_guard(target, target.guard, cluster, mode)
    return assignment_of_target(target, cluster, read_rules(rules), remediate=mode == "remediate"), ()


def mode_of(assignment: "Assignment") -> Mode:
    """Return the mode by its name."""
    return "remediate" if assignment.remediate else "observe"


async def _until_told(work: Any) -> None:
    """Run until SIGTERM or SIGINT, then cancel and wait for the end of what is being written."""
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    async with _signals(loop, task):
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise


@contextlib.asynccontextmanager
async def _signals(loop: asyncio.AbstractEventLoop, task: "asyncio.Future[None]") -> AsyncIterator[None]:
    signals: tuple[Literal[signal.Signals.SIGTERM], Literal[signal.Signals.SIGINT]] = (
        signal.SIGTERM,
        signal.SIGINT,
    )
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
