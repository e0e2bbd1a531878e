"""A larger sweep: `python -m tests.fidelity --seeds 20 --first 1 --rounds 3 --modes ssa,post`."""

import argparse
import asyncio
import sys

from tests.controlplane import ControlPlane
from tests.fidelity.modes import MODES
from tests.fidelity.setup import install_kinds
from tests.fidelity.sweep import sweep


def main() -> int:
    """Run the seeds, print every fault; 1 if there was one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--modes", default=",".join(MODES))
    options = parser.parse_args()
    faults = 0
    for seed in range(options.first, options.first + options.seeds):
        with ControlPlane() as plane:
            install_kinds(plane)
            for mode in options.modes.split(","):
                found = asyncio.run(sweep(plane, seed, mode, options.rounds))
                faults += len(found.faults)
                sys.stdout.write("".join(f"{line}\n" for line in (str(found), *found.faults, *found.refused)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
