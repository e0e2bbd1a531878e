"""A whole distribution of somebody else: built, installed into an environment of its own, used end to end."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.controlplane import ControlPlane

ROOT = Path(__file__).parents[2]
DRIFT = "from drift.cli.main import main; main()"


class Environment:
    """A virtual environment that sees this one's packages, and its own."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        parent = sysconfig.get_paths()["purelib"]
        (site / "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")

    def pip(self, *arguments: str | Path) -> None:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        command = [sys.executable, "-m", "pip", *quiet, "--python", self.python, *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def run(self, *arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DRIFT"))}
        return subprocess.run(
            [self.python, *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def drift(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run("-c", DRIFT, *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built without a network."""
    folder = tmp_path_factory.mktemp("build")
    source = shutil.copytree(
        Path(__file__).parent / "thirdparty", folder / "source", ignore=shutil.ignore_patterns("__pycache__")
    )
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index"]
    command = [*build, "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    environment.pip("install", "--no-index", "--no-deps", wheel)
    return environment


def test_it_is_listed_beside_the_built_ins(installed: Environment) -> None:
    lines = installed.drift("plugins").stdout.splitlines()
    told = (
        "strategy small (daytwo-small-drifts 1.0.0)  Reverts a drift of a few fields; a larger one waits for a person."
    )
    assert told in lines
    assert any(line.startswith("strategy revert (daytwo ") for line in lines)
    assert not any("broken" in line for line in lines)


def test_its_settings_are_shown_with_their_meaning(installed: Environment) -> None:
    assert installed.drift("plugins", "show", "small").stdout.splitlines()[2:] == [
        "  from small_drifts:Small",
        "settings:",
        "  fields: int = 1  the most fields that are reverted without a person",
    ]


def test_its_own_test_passes_where_it_is_installed(installed: Environment, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "thirdparty" / "test_small_drifts.py", tmp_path)
    result = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path, cwd=tmp_path)
    assert (result.returncode, "1 passed" in result.stdout) == (0, True), result.stdout + result.stderr


def test_the_engine_decides_by_it(installed: Environment) -> None:
    result = installed.run("-m", "tests.plugins.decide", "small")
    assert result.stdout.splitlines() == [
        "restore Deployment.apps shop/web by server-side apply as daytwo",
        "2 fields differ, more than 1",
    ], result.stderr


DESIRED = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: "1", b: "2"}
"""


def test_remediate_repairs_by_it(installed: Environment, plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(DESIRED)
    (tmp_path / "rules.yaml").write_text("[{strategy: small, settings: {fields: 1}}]")

    def remediate(*literals: str) -> str:
        plane.kubectl("-n", namespace, "delete", "configmap", "web", "--ignore-not-found")
        plane.kubectl("-n", namespace, "create", "configmap", "web", *(f"--from-literal={text}" for text in literals))
        where = ["-n", namespace, "--kubeconfig", str(plane.admin_kubeconfig)]
        given = ["-f", str(tmp_path / "app.yaml"), "--rules", str(tmp_path / "rules.yaml"), "--yes"]
        return installed.drift("remediate", *given, *where).stdout

    assert f"ConfigMap {namespace}/web: restored in " in remediate("a=1", "b=3")
    assert "held (Blocked): 2 fields differ, more than 1" in remediate("a=2", "b=3")


def test_it_is_not_known_elsewhere() -> None:
    result = subprocess.run(
        [sys.executable, "-c", DRIFT, "plugins", "show", "small"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stderr.startswith("error: no strategy is called 'small': known are adopt, annotate, approve, ")
