"""The report for people: the answer first, then objects by source with one path-first line per difference.

The text is the same with and without a terminal, so that what was seen can be grepped; only colours differ.
"""

from collections.abc import Iterator
from itertools import groupby

from drift.core.assess import Assessment, Difference, State
from drift.core.redact import printable
from drift.core.report import Report
from drift.outputs.colour import Paint
from drift.outputs.options import RenderOptions
from drift.outputs.wording import change, value, who

_COLOURS = {
    State.IN_SYNC: "green",
    State.DRIFTED: "red",
    State.MISSING: "red",
    State.UNKNOWN: "magenta",
    State.HELD: "yellow",
}


def render_table(report: Report, options: RenderOptions) -> str:
    """Return the lines of the table."""
    return "".join(f"{line}\n" for line in _Table(report, options).lines())


class _Table:
    def __init__(self, report: Report, options: RenderOptions) -> None:
        self._report = report
        self._options = options
        self._paint = Paint(on=options.colour)

    def lines(self) -> Iterator[str]:
        yield self._paint(printable(self._report.sentence), "bold")
        objects = self._report.listed(every=self._options.every)
        for source, members in groupby(objects, key=lambda item: item.source):
            yield ""
            yield self._paint(printable(source), "cyan")
            for item in members:
                yield from self._object(item)
        yield from self._tail()

    def _object(self, item: Assessment) -> Iterator[str]:
        state = self._paint(item.state.value, _COLOURS.get(item.state, ""))
        why = f"   {printable(_why(item))}" if _why(item) else ""
        yield f"  {printable(str(item.ref))}  {state}{why}"
        for difference in item.differences:
            yield f"    {_what(difference)}   {self._dim(who(difference.owner, self._options.now))}"
        if self._options.every:
            yield from self._quiet(item)

    def _quiet(self, item: Assessment) -> Iterator[str]:
        """What is no drift: notes with their explanation, then what ignore rules hide."""
        for label, differences in (("note", item.notes), ("ignored", item.ignored)):
            for difference in differences:
                told = who(difference.owner, self._options.now)
                because = f"; {printable(difference.explanation)}" if difference.explanation else ""
                yield self._dim(f"    {label}: {_what(difference)}   {told}{because}")

    def _tail(self) -> Iterator[str]:
        report = self._report
        told = {(problem.source, problem.message) for problem in report.problems}
        holds = [hold for hold in report.holds if (hold.source, hold.message) not in told]
        lines = [f"problem: {problem.source}: {problem.message}" for problem in report.problems]
        lines += [f"hold: {hold.source}: {hold.message}" for hold in holds]
        lines += [f"limit: {limit}" for limit in report.limits]
        if lines:
            yield ""
        for line in lines:
            yield self._paint(printable(line), "magenta" if line.startswith("problem") else "yellow")

    def _dim(self, text: str) -> str:
        return self._paint(text, "dim")


def _why(item: Assessment) -> str:
    """The reason in words; the state alone says enough where fields are listed or nothing is wrong."""
    if item.state in {State.IN_SYNC, State.DRIFTED}:
        return item.message
    return item.message or item.reason.value


def _what(difference: Difference) -> str:
    """`spec.replicas  2 -> 5`."""
    place = printable(difference.display)
    if difference.op == "added":
        return f"+ {place}  (added) {value(difference.live)}"
    if difference.op == "removed":
        return f"{place}  {value(difference.desired)} -> (removed)"
    if difference.op == "dropped":
        return f"- {place}  {value(difference.live)} (no longer declared)"
    return f"{place}  {change(difference.desired, difference.live)}"
