"""`drift report` on a real API server: a Helm release edited by hand, and what it says where rights are missing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.controlplane.helm import Helm
from tests.controlplane.plane import ControlPlane, find_tools

pytestmark = pytest.mark.cluster

TEMPLATES = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1", env: [{name: A, value: b}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: hunter2}
"""
RELEASES = ("web3", "web4")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts") / "web"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    (folder / "templates" / "all.yaml").write_text(TEMPLATES)
    return folder


@pytest.fixture(scope="module", autouse=True)
def releases(plane: ControlPlane, chart: Path) -> None:
    """web3 and web4, installed by helm 3 and 4."""
    plane.kubectl("create", "namespace", "shop")
    for name, binary in zip(RELEASES, ("helm3", "helm4"), strict=True):
        Helm(find_tools() / binary, plane.admin_kubeconfig).install(name, chart, namespace="shop")


@pytest.fixture(autouse=True)
def kubeconfig(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    del folder  # it takes KUBECONFIG away, so it must come first
    monkeypatch.setenv("KUBECONFIG", str(plane.admin_kubeconfig))


def test_fresh_releases_are_in_sync(run: Run) -> None:
    result = run("report", "--helm", "-A")
    assert (result.exit_code, result.stdout) == (0, "In sync: 6 objects of 2 sources.\n")


@pytest.mark.parametrize("release", RELEASES)
def test_edits_are_named_with_who_and_when(run: Run, plane: ControlPlane, release: str) -> None:
    plane.kubectl("-n", "shop", "delete", "service", release)
    plane.kubectl("-n", "shop", "scale", "deployment", release, "--replicas=5")
    plane.kubectl("-n", "shop", "set", "env", f"deployment/{release}", "DEBUG=1")
    plane.kubectl("-n", "shop", "patch", "secret", release, "-p", '{"stringData": {"password": "correct-horse"}}')
    result = run("report", "--release", release, "-n", "shop")
    assert result.exit_code == 1
    assert result.stdout.startswith("Drift: 2 drifted, 1 missing; 0 of 3 objects in sync.\n")
    assert f"  Service shop/{release}  Missing" in result.stdout
    assert "    spec.replicas  2 -> 5   kubectl (scale)" in result.stdout
    assert "env[name=DEBUG]  (added) " in result.stdout
    assert "   kubectl-set, " in result.stdout
    assert "    data.password  *** (desired) -> *** (live)   kubectl-patch, " in result.stdout
    for fmt in ("table", "diff", "json", "yaml", "jsonl"):
        text = run("report", "--release", release, "-n", "shop", "--all", "-o", fmt).stdout
        assert "hunter2" not in text
        assert "correct-horse" not in text


def test_a_dump_with_owners_tells_the_same(run: Run, plane: ControlPlane, folder: Path) -> None:
    kinds = "deployments,services,secrets,horizontalpodautoscalers"
    plane.kubectl("-n", "shop", "create", "service", "clusterip", "other", "--tcp=80")
    dump = plane.kubectl("get", kinds, "-n", "shop", "-o", "yaml", "--show-managed-fields")
    (folder / "dump.yaml").write_text(dump)
    offline = json.loads(run("report", "--helm", "-n", "shop", "-o", "json", "--live", "dump.yaml").stdout)
    online = json.loads(run("report", "--helm", "-n", "shop", "-o", "json").stdout)
    assert offline["objects"] == online["objects"]


def test_without_rights_everything_is_unknown(run: Run, plane: ControlPlane) -> None:
    nobody = str(plane.kubeconfig_for("nobody"))
    result = run("report", "-f", "app.yaml", "--kubeconfig", nobody)
    assert result.exit_code == 2
    assert result.stdout.startswith("Not fully checked: 2 could not be checked; 0 of 2 objects in sync.")
    assert 'Service shop/web  Unknown   list services in shop: services is forbidden: User "nobody"' in result.stdout
    result = run("report", "--helm", "-n", "shop", "--kubeconfig", nobody)
    assert result.exit_code == 2
    assert "problem: helm:shop/*: list secrets in shop: " in result.stdout


def test_a_release_that_is_not_installed_is_a_problem(run: Run) -> None:
    result = run("report", "--release", "gone", "-n", "shop")
    assert result.exit_code == 2
    assert "problem: helm:shop/gone: no installed Helm release gone in shop" in result.stdout


def test_a_server_that_is_away_is_one_line(run: Run, plane: ControlPlane, folder: Path) -> None:
    away = folder / "away"
    away.write_text(plane.admin_kubeconfig.read_text().replace(plane.url, "https://127.0.0.1:1"))
    result = run("report", "-f", "app.yaml", "--kubeconfig", str(away))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert "https://127.0.0.1:1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_context_names_the_known_ones(run: Run) -> None:
    result = run("report", "--helm", "--context", "nope")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no context 'nope'; known contexts: " in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_server_tells_its_version(run: Run) -> None:
    assert run("version", "--server").stdout.splitlines()[-1].startswith("server v1.")
