"""No false alarm, no miss, the right owner, and a repair that leaves nothing: on objects of every kind, at random.

`DAYTWO_FIDELITY_SEEDS=20` (or `python -m tests.fidelity --seeds 20`) tries more objects than one run of the tests can.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.controlplane import ControlPlane
from tests.fidelity.modes import MODES
from tests.fidelity.setup import install_kinds
from tests.fidelity.sweep import EDITS, Findings, sweep

MORE = os.environ.get("DAYTWO_FIDELITY_SEEDS", "")
SEEDS = range(1, 1 + int(MORE or "1"))
# Where a person made the object, what matters is telling the defaults from the edits.
BRIEF = {"create": EDITS[:3:2], "apply": EDITS[:3:2]}
CUSTOM = {"Plant", "Orchard", "Forest"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """A control plane of its own: webhooks, quotas and classes of these objects concern nobody else."""
    with ControlPlane() as plane:
        install_kinds(plane)
        yield plane


@pytest.fixture(scope="module", params=[(seed, mode) for seed in SEEDS for mode in MODES], ids=str)
def found(request: pytest.FixtureRequest, cluster: ControlPlane) -> Findings:
    """One sweep: created, looked at, edited by people and controllers, repaired each time."""
    seed, mode = request.param
    return asyncio.run(sweep(cluster, seed, mode, rounds=1, edits=EDITS if MORE else BRIEF.get(mode, EDITS)))


pytestmark = pytest.mark.cluster


def test_nothing_is_invented_missed_misblamed_or_left_behind(found: Findings) -> None:
    assert not found.faults, f"{found}\n" + "\n".join(found.faults)


def test_the_objects_are_many_and_of_many_kinds(found: Findings) -> None:
    assert found.accepted >= 0.9 * found.generated
    assert len(found.kinds) >= 40
    assert {kind.partition(".")[0] for kind in found.kinds} >= CUSTOM


def test_the_edits_are_many_and_nearly_all_are_repaired(found: Findings) -> None:
    total = sum(found.edits.values())
    assert total >= found.accepted
    assert len(found.refused) <= 0.03 * total, found.refused
