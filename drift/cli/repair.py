"""One pass of repair: check, plan, ask, write, tell. Uses the same reconciler as the loop."""

import sys
from collections.abc import Iterable

import click

from drift.cli.connect import namespace_of, open_cluster
from drift.cli.logs import describe
from drift.cli.options import Target
from drift.cli.rules import read_rules
from drift.cli.sources import build_sources
from drift.cli.terminal import emit, warn
from drift.cli.wiring import Engine, build_engine
from drift.cluster import Cluster
from drift.core.assess import State
from drift.core.errors import ClusterError, UsageError
from drift.core.plan import summary_of
from drift.core.redact import printable
from drift.core.report import EXIT_DRIFT, EXIT_IN_SYNC, EXIT_UNKNOWN, Report
from drift.core.selectors import parse_selector
from drift.engine.auditor import Auditor
from drift.engine.decider import Decision
from drift.engine.desired_index import rank
from drift.engine.records import Acted, Failed, Held, Record, Repaired, Resolved
from drift.engine.service import ServiceOptions

_REPAIRABLE = frozenset({State.DRIFTED, State.MISSING, State.HELD})
PATIENCE = 90.0  # one object after the other: an answer may be waited for


class Told:
    """Listens to what the repair of each object came to."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.lines: list[str] = []
        self.repaired = 0

    def __call__(self, record: Record) -> None:
        """Take one record of the reconciler."""
        match record:
            case Repaired():
                self.repaired += 1
                verb = "created" if record.created else "restored"
                self.lines.append(f"{record.assessment.ref}: {verb} in {record.seconds * 1000:.0f} ms")
            case Resolved():
                self.repaired += 1
            case Acted():
                verb = "deleted" if record.deleted else "written"
                self.lines.append(f"{record.assessment.ref}: {verb} by {record.strategy}: {record.what}")
            case Failed():
                self.lines.append(f"{record.assessment.ref}: refused ({record.reason}): {record.message}")
            case Held():
                self.lines.append(f"{record.assessment.ref}: held ({record.hold.reason}): {record.hold.message}")
            case _:
                pass


async def repair(target: Target, rules: str | None, *, ask: bool, plan_only: bool) -> int:
    """Check, show the plan, ask, repair. Returns the exit code."""
    told = Told()
    async with open_cluster(target) as cluster:
        options = ServiceOptions(patience=PATIENCE)
        engine = build_engine(target, cluster, read_rules(rules), told, remediate=True, options=options)
        report = await survey(target, cluster, engine)
        decisions = await _decide(engine, report)
        emit(_shown(report, decisions))
        wanted = [decision for decision in decisions if decision.writes and decision.hold is None]
        if wanted and not plan_only:
            if ask and not _confirmed(len(wanted)):
                warn("nothing was changed")
            else:
                await _carry_out(engine, wanted)
        emit("".join(f"{printable(line)}\n" for line in told.lines))
    return _exit_code(report, left=len(decisions) - told.repaired)


async def survey(target: Target, cluster: Cluster, engine: Engine) -> Report:
    """Check everything, and hand what is desired to the engine."""
    labels = parse_selector(target.selector) if target.selector else None
    namespace = namespace_of(cluster, target)
    auditor = Auditor(cluster, engine.options, default_namespace=namespace, labels=labels)
    survey = await auditor.survey(build_sources(target, cluster, namespace))
    for source, state in survey.states:
        engine.service.adopt(source, state)
        engine.index.put(state)
    return survey.report


async def _decide(engine: Engine, report: Report) -> list[Decision]:
    """Plan for each drifted object as it is now, in the order of creation."""
    drifted = [item.ref for item in report.assessments if item.state in _REPAIRABLE]
    decisions = []
    for ref in sorted(drifted, key=lambda ref: (rank(ref), ref)):
        try:
            decision = await engine.reconciler.preview(ref)
        except ClusterError as error:
            warn(f"{ref}: {error}")
            continue
        if decision is not None:
            decisions.append(decision)
    return decisions


def _shown(report: Report, decisions: Iterable[Decision]) -> str:
    lines = [report.sentence]
    for decision in decisions:
        lines += _plan_lines(decision)
    lines += [f"not checked: {problem.source}: {problem.message}" for problem in report.problems]
    return "".join(f"{printable(line)}\n" for line in lines)


def _plan_lines(decision: Decision) -> list[str]:
    found = decision.sight.assessment
    lines = [f"{found.ref}: {_what(decision)}"]
    lines += [f"  {describe(difference)}" for difference in found.differences]
    lines += [f"    {line}" for text in decision.proposals for line in text.splitlines()]
    if decision.hold is not None:
        return [*lines, f"  held ({decision.hold.reason}): {decision.hold.message}"]
    return [*lines, *(f"  plan: {line}" for line in summary_of(decision.plan))]


def _what(decision: Decision) -> str:
    return f"{decision.strategy}: {decision.plan.reason}" if decision.strategy else decision.plan.reason


def _confirmed(number: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask: stdin is no terminal; give --yes to repair, or --plan to look")
    return click.confirm(f"Repair {number} object{'' if number == 1 else 's'}?", err=True)


async def _carry_out(engine: Engine, wanted: Iterable[Decision]) -> None:
    """Repair one by one, each looked at anew; a conflict with another writer is tried again a few times."""
    for decision in wanted:
        for _ in range(3):
            verdict = await engine.reconciler.reconcile(decision.sight.manifest.ref, None)
            if not verdict.retry:
                break


def _exit_code(report: Report, *, left: int) -> int:
    if not report.clean:
        return EXIT_UNKNOWN
    return EXIT_DRIFT if left > 0 else EXIT_IN_SYNC
