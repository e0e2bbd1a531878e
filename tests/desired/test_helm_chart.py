"""A chart rendered here: twice, in a child process, without our credentials."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desired.child import Bounds, run_child
from desired.helm_chart import ChartSource
from desired.helm_render import HelmBinaryRenderer, Renderer, RenderRequest, SdkRenderer, find_renderer
from drift.core.errors import SourceError
from drift.core.reasons import Reason
from drift.source import DesiredState, Problem
from tests.desired.charts import CRD, HOOK, RANDOM, write_chart
from tests.desired.fakes import FakeCluster, config_map


class FakeRenderer:
    """Renders what it is told to, and remembers what it was asked."""

    def __init__(self, text: Callable[[int], str]) -> None:
        self.text = text
        self.requests: list[RenderRequest] = []

    async def render(self, request: RenderRequest) -> str:
        self.requests.append(request)
        return self.text(len(self.requests))


def source(chart: Path, renderer: Renderer, **options: Any) -> ChartSource:
    return ChartSource(chart, **{"name": "web", "namespace": "shop", "renderer": renderer, **options})


async def load(chart: Path, renderer: Renderer, **options: Any) -> DesiredState:
    (state,) = await source(chart, renderer, **options).load()
    assert isinstance(state, DesiredState)
    return state


async def fails(chart: Path, renderer: Renderer, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        await load(chart, renderer, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def fixed() -> FakeRenderer:
    return FakeRenderer(lambda _: config_map("web"))


async def test_the_cluster_says_for_which_versions_to_render(tmp_path: Path) -> None:
    renderer = fixed()
    state = await load(write_chart(tmp_path), renderer, cluster=FakeCluster())
    assert state.source == "chart:web"
    assert state.hold is None
    assert len(renderer.requests) == 2
    assert renderer.requests[0].kube_version == "v1.36.3"
    assert "apps/v1/Deployment" in renderer.requests[0].api_versions
    own = fixed()
    await load(write_chart(tmp_path), own, cluster=FakeCluster(), kube_version="v1.30.0", api_versions=("x/v1",))
    assert (own.requests[0].kube_version, own.requests[0].api_versions) == ("v1.30.0", ("x/v1",))


async def test_objects_carry_what_helm_adds(tmp_path: Path) -> None:
    (found,) = (await load(write_chart(tmp_path), fixed())).manifests
    assert found.ref.namespace == "shop"
    assert found.body["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert found.body["metadata"]["annotations"]["meta.helm.sh/release-name"] == "web"


async def test_a_random_chart_is_held_and_names_the_field(tmp_path: Path) -> None:
    renderer = FakeRenderer(lambda n: config_map("same") + config_map("web", f"secret{n}"))
    state = await load(write_chart(tmp_path), renderer)
    assert state.hold is not None
    assert state.hold.reason is Reason.SOURCE_FAILED
    assert "renders differently each time (random values): ConfigMap shop/web data.k;" in state.hold.message
    assert "secret1" not in state.hold.message


async def test_an_unusable_chart_is_one_clear_line(tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    assert "no such folder" in await fails(tmp_path / "gone", fixed())
    assert "has no Chart.yaml" in await fails(tmp_path, fixed())
    assert "is a file but no .tgz" in await fails(chart / "Chart.yaml", fixed())
    assert "no Kubernetes object" in await fails(chart, FakeRenderer(lambda _: "# nothing\n"))
    (chart / "templates" / "x.yaml").symlink_to("/etc/hostname")
    assert "leaves the chart" in await fails(chart, fixed())


async def test_unusable_values_are_one_clear_line(tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    values = tmp_path / "v.yaml"
    assert "v.yaml: cannot be read: no such file" in await fails(chart, fixed(), values=(values,))
    values.write_text("a: [\n")
    assert "v.yaml: document 1, line" in await fails(chart, fixed(), values=(values,))
    values.write_text("- a\n")
    assert "is no mapping of values" in await fails(chart, fixed(), values=(values,))


@pytest.mark.parametrize("name", ["", "--kube-token=x", "Web", "a" * 54])
def test_a_release_name_cannot_be_an_option(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="release name"):
        source(tmp_path, fixed(), name=name)


async def test_no_helm_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install helm" in await fails(write_chart(tmp_path), HelmBinaryRenderer())
    assert "is no program" in await fails(write_chart(tmp_path), HelmBinaryRenderer("/no/helm"))


async def test_follow_renders_again_when_a_file_changes_and_freezes_failures(tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    values = tmp_path / "v.yaml"
    values.write_text("a: 1\n")
    renderer = FakeRenderer(lambda _: config_map("web", values.read_text()[3]))
    stream = source(chart, renderer, values=(values,), interval=0.01).follow()
    async with asyncio.timeout(10):
        first = await anext(stream)
        assert isinstance(first, DesiredState)
        values.write_text("a: 2\n")
        second = await anext(stream)
        assert isinstance(second, DesiredState)
        assert second.former == first.manifests
        values.write_text("a: [2")
        held = await anext(stream)
        assert isinstance(held, DesiredState)
        assert held.hold is not None
        assert held.manifests == second.manifests
        values.write_text("a: 2\n")
        recovered = await anext(stream)
        assert isinstance(recovered, DesiredState)
        assert recovered.hold is None


async def test_follow_reports_a_first_failure(tmp_path: Path) -> None:
    stream = source(tmp_path / "gone", fixed(), interval=0.01).follow()
    assert isinstance(await anext(stream), Problem)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_child_is_bounded_in_time_and_output() -> None:
    with pytest.raises(SourceError, match=r"it took longer than 0\.2 s"):
        await run_child(python("import time; time.sleep(60)"), what="it", bounds=Bounds(seconds=0.2))
    with pytest.raises(SourceError, match="it wrote more than 1000 bytes"):
        await run_child(python("while True: print('x' * 1000)"), what="it", bounds=Bounds(output=1000))
    outcome = await run_child(
        python("x = bytearray(1 << 33)"), what="it", bounds=Bounds(memory=1 << 30), stdin=b"x" * 1_000_000
    )
    assert outcome.code != 0
    assert "MemoryError" in outcome.errors
    with pytest.raises(SourceError, match="it: /no/such cannot be started"):
        await run_child(["/no/such"], what="it", bounds=Bounds())


async def test_a_child_leaves_no_grandchild(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '60']);"
        f"open({str(mark)!r}, 'w').write(str(p.pid)); p.wait()"
    )
    with pytest.raises(SourceError):
        await run_child(python(code), what="it", bounds=Bounds(seconds=1))
    pid = mark.read_text()
    await asyncio.to_thread(wait_until_gone, Path("/proc", pid, "stat"))


def wait_until_gone(process: Path) -> None:
    deadline = time.monotonic() + 5
    while process.exists() and " Z " not in process.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_child_has_none_of_our_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "AWS_SECRET_ACCESS_KEY", "KUBERNETES_SERVICE_HOST", "HELM_KUBETOKEN"):
        monkeypatch.setenv(name, "hunter2")
    outcome = await run_child(python("import os; print(dict(os.environ))"), what="it", bounds=Bounds())
    assert b"hunter2" not in outcome.output
    assert b"'PATH'" in outcome.output


def program(name: str) -> HelmBinaryRenderer:
    from tests.controlplane.plane import find_tools

    return HelmBinaryRenderer(find_tools() / name)


def renderer(name: str) -> Renderer:
    if name != "sdk":
        return program(name)
    if not SdkRenderer.available():
        pytest.skip("daytwo[helm] is not installed")
    return SdkRenderer()


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["helm3", "helm4", "sdk"])
async def test_the_real_helm_renders(name: str, tmp_path: Path) -> None:
    chart = write_chart(tmp_path)
    write_chart(tmp_path, {"hook.yaml": HOOK, "crds/widgets.yaml": CRD})
    values = tmp_path / "v.yaml"
    values.write_text("replicas: 2\n")
    state = await load(
        chart,
        renderer(name),
        values=(values,),
        set_values=("replicas=3",),
        kube_version="v1.31.2",
        api_versions=("gateway.networking.k8s.io/v1",),
    )
    found = {str(one.ref): one for one in state.manifests}
    crd = "CustomResourceDefinition.apiextensions.k8s.io widgets.example.com"
    role = "ClusterRole.rbac.authorization.k8s.io shop/web"
    assert sorted(found) == sorted([role, "ConfigMap shop/web-config", crd])
    config = found["ConfigMap shop/web-config"]
    assert config.body["data"] == {"replicas": "3", "kube": "v1.31.2", "gateway": "true"}
    assert config.provenance.file == "app/templates/config.yaml"
    assert "labels" not in found[crd].body["metadata"]
    assert state.hold is None


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["helm3", "helm4", "sdk"])
async def test_the_real_helm_says_why_it_failed(name: str, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"x.yaml": '{{ fail "no password given" }}\n'})
    message = await fails(chart, renderer(name))
    assert "no password given" in message
    assert message.startswith(f"chart {chart}: ")
    random = write_chart(tmp_path / "r", {"random.yaml": RANDOM})
    state = await load(random, renderer(name))
    assert state.hold is not None
    assert "Secret shop/random stringData.password;" in state.hold.message


def test_the_program_is_preferred_to_the_library() -> None:
    assert isinstance(find_renderer("helm"), HelmBinaryRenderer)
