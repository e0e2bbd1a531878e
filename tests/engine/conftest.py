"""Both helms, and guards over what they installed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drift.cli.options import Target
from tests.controlplane import ControlPlane, Helm, find_tools
from tests.engine.harness import Guard
from tests.ledger import Ledger

GuardMaker = Callable[..., Guard]


@pytest.fixture(scope="session", params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, plane: ControlPlane) -> Helm:
    """The real helm, 3 and 4: for whatever depends on who owns the fields."""
    return Helm(find_tools() / request.param, plane.admin_kubeconfig)


@pytest.fixture(scope="session")
def helm3(plane: ControlPlane) -> Helm:
    return Helm(find_tools() / "helm3", plane.admin_kubeconfig)


@pytest.fixture(scope="session")
def helm4(plane: ControlPlane) -> Helm:
    return Helm(find_tools() / "helm4", plane.admin_kubeconfig)


@pytest.fixture
def guard(plane: ControlPlane, ledger: Ledger, namespace: str) -> Iterator[GuardMaker]:
    """Start a guard over the releases (or the given target) of this test's namespace."""
    with ExitStack() as guards:

        def start(**options: Any) -> Guard:
            settings = {name: options.pop(name) for name in ("user", "remediate", "rules") if name in options}
            target = msgspec.structs.replace(Target(helm=True, namespace=namespace), **options)
            return guards.enter_context(Guard(plane, ledger, target, **settings))

        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test writes its chart."""
    return tmp_path / "chart"
