"""Files and folders: one state, fail closed, followed without a sleep."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from desired.files import FileSource
from drift.core.reasons import Reason
from drift.source import DesiredState, Problem, Revision, SourceError


def config_map(name: str, value: str = "1") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '{value}'}}\n"


async def load(*paths: Path | str, **options: object) -> DesiredState:
    (state,) = await FileSource(paths, default_namespace="shop", **options).load()  # type: ignore[arg-type]
    assert isinstance(state, DesiredState)
    return state


async def fails(*paths: Path | str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await load(*paths)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_folder_is_read_sorted_with_hidden_and_other_files_skipped(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", ".hidden.yaml", "README.md", "sub/d.yaml", ".git/x.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(config_map(path.name.replace(".", "-")))
    state = await load(tmp_path)
    assert [m.ref.name for m in state.manifests] == ["a-yml", "b-yaml", "c-json", "d-yaml"]
    assert state.source == f"files:{tmp_path}"
    assert state.hold is None
    assert state.manifests[0].ref.namespace == "shop"
    assert state.manifests[0].provenance.file == str(tmp_path / "a.yml")
    assert len((await load(tmp_path, recursive=False)).manifests) == 3


async def test_standard_input_is_a_path() -> None:
    state = await load("-", stdin=config_map("a").encode())
    assert state.source == "files:-"
    assert state.manifests[0].provenance.file == "stdin"
    assert "nothing was given" in str(await fails("-"))


async def test_the_revision_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    first = await load(file)
    os.utime(file, (1, 1))
    assert (await load(file)).revision == first.revision
    file.write_text(config_map("a", "2"))
    assert (await load(file)).revision != first.revision


async def test_what_cannot_be_read_at_all_is_an_error(tmp_path: Path) -> None:
    missing = await fails(tmp_path / "no.yaml")
    assert str(missing) == f"{tmp_path}/no.yaml: cannot be read: no such file or directory"
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert (await fails(tmp_path)).reason is Reason.DESIRED_EMPTY
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "not a regular file" in str(await fails(tmp_path / "pipe.yaml"))


async def test_a_folder_without_manifests_is_told_beside_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "gone").mkdir()
    assert (await load(tmp_path)).hold is None  # a folder inside may be empty
    state = await load(tmp_path / "a.yaml", tmp_path / "gone")
    assert [problem.message for problem in state.problems] == [
        f"{tmp_path}/gone holds no manifest (.yaml, .yml or .json)"
    ]
    assert state.hold is not None


@pytest.mark.parametrize(("name", "option"), [("Chart.yaml", "--chart"), ("kustomization.yaml", "kustomize build")])
async def test_folders_of_other_tools_name_the_option_to_use(tmp_path: Path, name: str, option: str) -> None:
    (tmp_path / name).write_text("name: x\n")
    (tmp_path / "values.yaml").write_text("a: 1\n")
    assert option in str(await fails(tmp_path))


async def test_a_part_that_cannot_be_read_freezes_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "b.yaml").write_text("a: [\n---\n" + config_map("b"))
    state = await load(tmp_path, tmp_path / "gone.yaml")
    assert [m.ref.name for m in state.manifests] == ["a", "b"]
    assert len(state.problems) == 2
    assert state.hold is not None
    assert state.hold.reason is Reason.DESIRED_PARTIAL
    assert "gone.yaml" in state.hold.message


async def test_links_may_not_leave_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(config_map("secret"))
    folder = tmp_path / "in"
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "a.yaml").write_text(config_map("a"))
    (folder / "a.yaml").symlink_to("..data/a.yaml")
    (folder / "loop").symlink_to(".")
    assert [m.ref.name for m in (await load(folder)).manifests] == ["a"]
    (folder / "b.yaml").symlink_to(outside)
    state = await load(folder)
    assert state.hold is not None
    assert "leaves" in state.hold.message
    assert [m.ref.name for m in state.manifests] == ["a"]


async def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    assert len((await load(file, tmp_path)).manifests) == 1


class Following:
    """A follow stream with a deadline on every step."""

    def __init__(self, source: FileSource) -> None:
        self.stream: AsyncIterator[Revision] = source.follow()

    async def state(self, wanted: Callable[[DesiredState], bool] = lambda _: True) -> DesiredState:
        async with asyncio.timeout(10):
            async for revision in self.stream:
                if isinstance(revision, DesiredState) and wanted(revision):
                    return revision
        raise AssertionError("the stream ended")


async def test_follow_tells_changes_freezes_failures_and_recovers(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    following = Following(FileSource([tmp_path], default_namespace="shop", interval=0.01))
    first = await following.state()
    file.write_text(config_map("b"))
    second = await following.state()
    assert [m.ref.name for m in second.manifests] == ["b"]
    assert second.former == first.manifests
    file.write_text("a: [")
    held = await following.state()
    assert held.manifests == second.manifests
    assert held.revision == second.revision
    assert held.hold is not None
    assert held.hold.reason is Reason.SOURCE_FAILED
    file.unlink()
    gone = await following.state()
    assert gone.hold is not None
    assert gone.manifests == second.manifests
    file.write_text(config_map("b"))
    recovered = await following.state()
    assert recovered.hold is None
    assert recovered.former == first.manifests


async def test_follow_reports_a_first_failure_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    following = Following(FileSource([file], interval=0.01))
    async with asyncio.timeout(10):
        assert isinstance(await anext(following.stream), Problem)
        file.write_text(config_map("a"))
        assert (await following.state()).hold is None


async def test_files_are_always_current(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    source = FileSource([tmp_path])
    (state,) = await source.load()
    assert isinstance(state, DesiredState)
    assert await source.still_current(state) is None
