"""docs/benchmarks.md: the part between two markers is written by `make bench ARGS=--write`."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
_NEW = f"# Benchmarks\n\n{BEGIN}\n{END}\n"


def machine() -> str:
    """Name what was measured on, in one line."""
    cpu = _first(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)") or platform.processor() or platform.machine()
    memory = _first(Path("/proc/meminfo"), r"MemTotal:\s*(\d+) kB")
    gigabytes = f", {int(memory) / 1e6:.0f} GB" if memory else ""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({cpu}){gigabytes}, {platform.system()}, Python {platform.python_version()}, "
        f"load {load:.1f} at the end"
    )


def _first(path: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, path.read_text())
    except OSError:
        return ""
    return found[1] if found else ""


def commit() -> str:
    """Name the commit, and whether the tree differs from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def write(text: str) -> None:
    """Replace what stands between the markers."""
    before = DOCUMENT.read_text() if DOCUMENT.exists() else _NEW
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT} lacks the markers {BEGIN} and {END}")
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def today() -> str:
    return time.strftime("%Y-%m-%d")
