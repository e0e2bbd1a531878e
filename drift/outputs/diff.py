"""The report as a unified diff: per object the parts that differ, as YAML, under their paths."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from drift.core.assess import Assessment, Difference, State
from drift.core.redact import printable
from drift.core.report import Report
from drift.outputs.colour import Paint
from drift.outputs.options import RenderOptions
from drift.outputs.wording import who
from drift.outputs.yaml_text import dump_yaml

_ABSENT = object()
_NO_LIVE = {State.MISSING: "no such object", State.UNKNOWN: "not checked"}
_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def render_diff(report: Report, options: RenderOptions) -> str:
    """Return the sentence, then one section per object; problems come first, as they may explain what is absent."""
    paint = Paint(on=options.colour)
    lines = [paint(printable(report.sentence), "bold")]
    lines += [printable(f"# problem: {problem.source}: {problem.message}") for problem in report.problems]
    for item in report.listed():
        lines += ["", *(paint(line, _COLOURS.get(line[:1], "")) for line in _section(item, options))]
    return "".join(f"{line}\n" for line in lines)


def _section(item: Assessment, options: RenderOptions) -> Iterator[str]:
    name = printable(str(item.ref))
    yield f"--- desired  {name}  ({printable(item.source)})"
    if not item.differences:
        label = _NO_LIVE.get(item.state, item.state.value)
        yield f"+++ live     ({label}: {printable(item.message or item.reason.value)})"
        return
    yield f"+++ live     {name}"
    for difference in item.differences:
        yield from _hunks(difference, options)


def _hunks(difference: Difference, options: RenderOptions) -> Iterator[str]:
    """Hunks of one difference; the path and the owner stand where git shows the function."""
    desired, live = _sides(difference)
    title = f"{printable(difference.display)}   {who(difference.owner, options.now)}"
    for line in list(unified_diff(desired, live, n=3, lineterm=""))[2:]:
        yield f"{line} {title}" if line.startswith("@@") else printable(line)


def _sides(difference: Difference) -> tuple[list[str], list[str]]:
    desired = _ABSENT if difference.op in {"added", "dropped"} else difference.desired
    live = _ABSENT if difference.op == "removed" else difference.live
    name = str(difference.tokens[-1]) if difference.tokens and isinstance(difference.tokens[-1], str) else ""
    return _lines(name, desired), _lines(name, live)


def _lines(name: str, content: Any) -> list[str]:
    """YAML lines of a value under its name. Long texts stay line by line whatever characters they hold."""
    if content is _ABSENT:
        return []
    if isinstance(content, str) and "\n" in content:
        mark = "|" if content.endswith("\n") else "|-"
        lines = content.removesuffix("\n").split("\n")
        return [f"{name}: {mark}" if name else mark, *(f"  {line}" for line in lines)]
    return dump_yaml({name: content} if name else content).rstrip("\n").split("\n")
