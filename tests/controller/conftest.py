"""The control plane with our custom resources."""

import pytest

from drift.controller.crds import FOLDER
from tests.controlplane import ControlPlane


@pytest.fixture(scope="session")
def guarded(plane: ControlPlane) -> ControlPlane:
    """The control plane that serves the CRDs."""
    plane.kubectl("apply", "--server-side", "-f", str(FOLDER))
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(FOLDER))
    return plane
