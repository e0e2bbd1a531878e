"""Figures: percentiles, rows with their bars, and the markdown they are printed as."""

import math
import statistics
from collections.abc import Sequence

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One line of the table. `met` is None where there is no bar."""

    what: str
    bare: str
    drift: str
    ratio: str
    bar: str
    met: bool | None


HEAD = ("what", "bare loop", "drift", "ratio", "bar", "met")


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def compared(what: str, bare: float, drift: float, unit: str, most: float) -> Row:
    """Make a row whose bar is a ratio to the bare loop (or to another yardstick)."""
    ratio = drift / bare
    shown = f"{ratio:.2f}x"
    return Row(what, _shown(bare, unit), _shown(drift, unit), shown, f"<= {most:g}x", ratio <= most)


def absolute(what: str, value: float, unit: str, most: float, note: str = "") -> Row:
    """Make a row whose bar is a number."""
    bar = f"<= {_shown(most, unit)}" + (f" ({note})" if note else "")
    return Row(what, "", _shown(value, unit), "", bar, value <= most)


def told(what: str, text: str, bare: str = "") -> Row:
    """Make a row without a bar."""
    return Row(what, bare, text, "", "", None)


def _shown(value: float, unit: str) -> str:
    number = f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{number} {unit}".strip()


def markdown(rows: Sequence[Row]) -> str:
    """Print the table, its columns aligned."""
    words = {True: "yes", False: "**no**", None: ""}
    cells = [HEAD, *((r.what, r.bare, r.drift, r.ratio, r.bar, words[r.met]) for r in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
