"""How long `drift --help` takes, against the import it cannot avoid."""

import subprocess
import sys
import time
from collections.abc import Sequence

from tests.bench.figures import median
from tests.demo.guard import DRIFT

_IMPORT = (sys.executable, "-c", "import click")
_HELP = (str(DRIFT), "--help")


def measure(rounds: int) -> tuple[float, float]:
    """Return milliseconds of `python -c 'import click'` and of `drift --help`, medians of alternating runs."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):  # the first one warms the caches
        for times, command in zip(found, (_IMPORT, _HELP), strict=True):
            times.append(_milliseconds(command))
    return median(found[0][1:]), median(found[1][1:])


def _milliseconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000
