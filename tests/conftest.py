"""What tests of every folder may share: one control plane for the run, started when the first test asks for it."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.controlplane import ControlPlane
from tests.ledger import AUDIT_POLICY, Ledger

settings.register_profile("daytwo", deadline=None)  # a loaded machine is no failure
settings.load_profile("daytwo")
_NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a control plane is a cluster test, so that `-m "not cluster"` needs none."""
    for item in items:
        if "plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Every request that the shared control plane answered, as its own audit log has it."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "policy.yaml").write_text(AUDIT_POLICY)
    return Ledger(folder / "audit.log")


@pytest.fixture(scope="session")
def plane(ledger: Ledger) -> Iterator[ControlPlane]:
    """An API server (without controllers) for all tests; whoever stops it must start it again."""
    policy = ledger.path.with_name("policy.yaml")
    audit = (f"--audit-log-path={ledger.path}", f"--audit-policy-file={policy}", "--audit-log-mode=blocking")
    with ControlPlane(extra_args=audit) as running:
        yield running


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A namespace of this test's own."""
    return fresh_namespace(plane)


def fresh_namespace(plane: ControlPlane) -> str:
    name = f"test-{next(_NUMBERS)}"
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name
