"""From options to sources."""

from pathlib import Path

import pytest

from drift.cli.options import Target
from drift.cli.sources import build_sources, release_name
from drift.core.errors import SourceError
from drift.kube.dump import DumpCluster
from drift.source import Problem, Source
from tests.cli.conftest import Run


def sources(target: Target) -> tuple[Source, ...]:
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    return build_sources(target, DumpCluster([document], name="dump"), "shop")


def names(target: Target) -> list[str]:
    return [source.name for source in sources(target)]


def test_every_option_names_its_source() -> None:
    assert names(Target(helm=True)) == ["helm:shop/*"]
    assert names(Target(helm=True, all_namespaces=True)) == ["helm:*/*"]
    assert names(Target(release=("a", "b"))) == ["helm:shop/a", "helm:shop/b"]
    assert names(Target(chart="charts/web", filename=("x.yaml",))) == ["chart:web", "files:x.yaml"]


@pytest.mark.parametrize(
    ("chart", "name"),
    [("charts/web", "web"), ("web-1.2.3.tgz", "web"), ("my-web-v2.0.0-rc.1.tgz", "my-web"), ("web.tgz", "web")],
)
def test_a_release_is_called_as_its_chart(chart: str, name: str) -> None:
    assert release_name(chart) == name


def test_the_folder_here_has_a_name_too(folder: Path) -> None:
    assert release_name(".") == folder.resolve().name


async def test_a_chart_that_cannot_be_set_up_is_its_own_problem() -> None:
    (chart,) = sources(Target(chart="web", name="Not A Name"))
    with pytest.raises(SourceError, match="release name 'Not A Name'"):
        await chart.load()
    assert isinstance(await anext(aiter(chart.follow())), Problem)


def test_the_rest_is_checked_when_a_chart_is_not_there(run: Run) -> None:
    result = run("report", "--chart", "gone", "-f", "app.yaml", "--live", "live.yaml")
    assert result.exit_code == 2
    assert "2 of 2 objects in sync" in result.stdout.splitlines()[0]
    assert "problem: chart:gone: " in result.stdout
