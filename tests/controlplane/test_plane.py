"""The control plane of the tests is itself tested: auth, RBAC, outages and, above all, that nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.controlplane import ControlPlane, ControlPlaneError, Helm, RequestError, find_assets, find_tools

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\n",
    "templates/settings.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tiny}\n"
        "data: {colour: {{ .Values.colour | quote }}, kube: {{ .Capabilities.KubeVersion.Version | quote }}}\n"
    ),
    "values.yaml": "colour: blue\n",
}


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        yield running


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    for name, content in CHART.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return folder


def wait_until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def may(plane: ControlPlane, kubeconfig: Path, *question: str) -> str:
    return plane.kubectl("--kubeconfig", str(kubeconfig), "auth", "can-i", *question)


def test_server_says_its_real_version(plane: ControlPlane) -> None:
    assert plane.request("GET", "/version")["gitVersion"] == "v1.36.3"


def test_user_may_do_what_the_rules_say_and_nothing_else(plane: ControlPlane) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    reader = plane.kubeconfig_for_rules("reader", rules, namespace="default")
    assert may(plane, reader, "list", "configmaps") == "yes\n"
    with pytest.raises(ControlPlaneError, match="ended with 1"):
        may(plane, reader, "delete", "configmaps")


def test_rules_without_a_namespace_hold_everywhere(plane: ControlPlane) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]}]
    scaler = plane.kubeconfig_for_rules("scaler", rules)
    assert may(plane, scaler, "patch", "deployments.apps", "--subresource=scale", "-A") == "yes\n"


def test_groups_of_a_user_count(plane: ControlPlane) -> None:
    root = plane.kubeconfig_for("anna", groups=("people", "system:masters"))
    whoami = plane.kubectl("--kubeconfig", str(root), "auth", "whoami")
    assert "anna" in whoami
    assert "people" in whoami


def test_service_account_token_is_accepted(plane: ControlPlane) -> None:
    token = plane.token_for_service_account("default", "robot")
    review = {"spec": {"token": token}}
    answer = plane.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
    assert answer["status"]["user"]["username"] == "system:serviceaccount:default:robot"


def test_outage_keeps_port_and_data(plane: ControlPlane) -> None:
    plane.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    before = plane.url
    plane.stop_apiserver()
    with pytest.raises(ConnectionRefusedError):
        plane.request("GET", "/readyz")
    plane.start_apiserver()
    assert plane.url == before
    assert plane.request("GET", "/api/v1/namespaces/default/configmaps/kept")["data"] == {"a": "b"}


def test_kubectl_error_carries_its_words(plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match='namespaces "nowhere" not found'):
        plane.kubectl("get", "namespace", "nowhere")


@pytest.mark.parametrize("binary", ["helm3", "helm4"])
def test_helm_lives_through_a_release(plane: ControlPlane, chart: Path, binary: str) -> None:
    namespace = binary
    helm = Helm(find_tools() / binary, plane.admin_kubeconfig)
    colour = f"/api/v1/namespaces/{namespace}/configmaps/tiny"
    helm.install("tiny", chart, "--create-namespace", namespace=namespace)
    helm.upgrade("tiny", chart, "--set", "colour=red", namespace=namespace)
    assert plane.request("GET", colour)["data"] == {"colour": "red", "kube": "v1.36.3"}
    helm.rollback("tiny", 1, namespace=namespace)
    assert plane.request("GET", colour)["data"]["colour"] == "blue"
    helm.uninstall("tiny", namespace=namespace)
    with pytest.raises(RequestError, match="404"):
        plane.request("GET", colour)


@pytest.mark.parametrize(("binary", "version"), [("helm3", "v3."), ("helm4", "v4.")])
def test_helm_knows_itself_and_a_recent_kubernetes_offline(chart: Path, binary: str, version: str) -> None:
    helm = Helm(find_tools() / binary, Path(os.devnull))
    assert helm.run("version", "--template={{.Version}}").startswith(version)
    assert 'kube: "v1.37.0"' in helm.run("template", "tiny", str(chart))


def test_controllers_collect_garbage_and_admission_can_be_switched_off() -> None:
    with ControlPlane(with_controllers=True, admission_off=("LimitRanger",)) as plane:
        plane.kubectl("create", "deployment", "web", "--image=example.invalid/web")
        pods = "/api/v1/namespaces/default/pods"
        wait_until(lambda: len(plane.request("GET", pods)["items"]) == 1)
        plane.kubectl("delete", "deployment", "web", "--wait=false")
        wait_until(lambda: not plane.request("GET", "/apis/apps/v1/namespaces/default/replicasets")["items"])


def test_failed_start_shows_the_log_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="unknown flag: --no-such-flag"):
        ControlPlane(extra_args=("--no-such-flag",)).start()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_killed_parent(tmp_path: Path, number: signal.Signals) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kubeconfig = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "tests.controlplane.serve", "--kubeconfig", str(kubeconfig)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        wait_until(kubeconfig.exists, seconds=90)
        server.send_signal(number)
    wait_until(lambda: not list(temporary.iterdir()))
    assert str(temporary) not in subprocess.check_output(["ps", "-eo", "args"], text=True)


def test_missing_programs_name_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("DAYTWO_CACHE", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="make controlplane"):
        find_assets()
    with pytest.raises(ControlPlaneError, match="make tools"):
        find_tools()


def test_given_programs_are_taken_or_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="lacks etcd, kube-apiserver, kubectl"):
        find_assets()
