"""A real control plane for tests: built from published modules (build.py), started in seconds (plane.py)."""

from tests.controlplane.helm import Helm
from tests.controlplane.plane import ControlPlane, RequestError, find_assets, find_tools
from tests.controlplane.programs import ControlPlaneError

__all__ = ["ControlPlane", "ControlPlaneError", "Helm", "RequestError", "find_assets", "find_tools"]
