"""The same from outside: the `drift` program against a real cluster, as a person or a pipeline starts it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from tests.controlplane import ControlPlane, Helm
from tests.engine.charts import full_chart, full_refs
from tests.engine.harness import delete, edit, live
from tests.waiting import until

DRIFT = Path(sys.executable).with_name("drift")


@pytest.fixture
def refs(helm4: Helm, namespace: str, folder: Path) -> dict[str, ObjectRef]:
    helm4.install("web", full_chart(folder, namespace), namespace=namespace)
    return full_refs(namespace)


class Drift:
    """The program on one namespace."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._target = ["--helm", "-n", namespace, "--kubeconfig", str(plane.admin_kubeconfig)]

    def __call__(self, command: str, *options: str) -> "subprocess.CompletedProcess[str]":
        arguments = [str(DRIFT), command, *self._target, *options]
        return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)

    @contextmanager
    def running(self, log: Path) -> Iterator["subprocess.Popen[str]"]:
        arguments = [str(DRIFT), "run", *self._target, "--mode", "remediate", "--log-format", "json"]
        with log.open("w") as file, subprocess.Popen(arguments, stderr=file, text=True) as process:
            try:
                yield process
            finally:
                process.kill()


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]


def named(log: Path, event: str) -> list[dict[str, Any]]:
    return [one for one in events(log) if one["event"] == event]


@pytest.fixture
def drift(plane: ControlPlane, namespace: str) -> Drift:
    return Drift(plane, namespace)


def test_report_says_what_who_and_how_much(plane: ControlPlane, drift: Drift, refs: dict[str, ObjectRef]) -> None:
    healthy = drift("report")
    assert (healthy.returncode, healthy.stdout.splitlines()[0]) == (0, "In sync: 13 objects.")
    edit(plane, refs["ConfigMap"], {"data": {"colour": "red"}})
    edit(plane, refs["Secret"], {"data": {"token": "c2VjcmV0LXZhbHVl"}})
    delete(plane, refs["Service"])
    told = drift("report", "-o", "json")
    assert told.returncode == 1
    document = json.loads(told.stdout)
    counts = {key: document["summary"][key] for key in ("objects", "inSync", "drifted", "missing", "unknown")}
    assert counts == {"objects": 13, "inSync": 10, "drifted": 2, "missing": 1, "unknown": 0}
    (settings,) = [one for one in document["objects"] if one["ref"]["kind"] == "ConfigMap"]
    (difference,) = settings["differences"]
    assert difference["owner"]["manager"] == "kubectl-edit"
    assert (difference["path"], difference["desired"], difference["live"]) == ("/data/colour", "blue", "red")
    assert "c2VjcmV0LXZhbHVl" not in told.stdout + told.stderr
    assert drift("report", "--drift-exit-code", "7").returncode == 7


def test_remediate_repairs_once_and_says_so(plane: ControlPlane, drift: Drift, refs: dict[str, ObjectRef]) -> None:
    edit(plane, refs["ConfigMap"], {"data": {"colour": "red", "more": "x"}})
    delete(plane, refs["Service"])
    planned = drift("remediate", "--plan")
    assert planned.returncode == 1
    assert "Service" in planned.stdout
    assert live(plane, refs["Service"]) is None
    done = drift("remediate", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert live(plane, refs["ConfigMap"])["data"] == {"colour": "blue", "size": "small"}
    assert live(plane, refs["Service"])
    assert drift("report").returncode == 0


def test_run_repairs_a_line_each_and_ends_at_once_on_sigterm(
    plane: ControlPlane, drift: Drift, refs: dict[str, ObjectRef], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with drift.running(log) as process:
        until("it knows what is desired", lambda: named(log, "desired"), seconds=30)
        delete(plane, refs["Service"])
        edit(plane, refs["ConfigMap"], {"data": {"colour": "red"}})
        until("both are repaired", lambda: len(named(log, "repaired")) == 2)
        process.terminate()
        assert process.wait(5) == 0
    assert {one["event"] for one in named(log, "repaired")} == {"repaired"}
    detected = " ".join(str(one) for one in named(log, "detected"))
    assert "data.colour blue -> red by kubectl-edit" in detected
    assert all(one["writes"] == 1 for one in named(log, "repaired"))
    assert not [one for one in events(log) if one["level"] == "error"]


def test_killed_and_started_again_it_repairs_what_happened_meanwhile(
    plane: ControlPlane, drift: Drift, refs: dict[str, ObjectRef], tmp_path: Path
) -> None:
    with drift.running(tmp_path / "first") as process:
        until("it knows what is desired", lambda: named(tmp_path / "first", "desired"), seconds=30)
        process.kill()
    delete(plane, refs["Deployment"])
    with drift.running(tmp_path / "second"):
        until("it is back", lambda: live(plane, refs["Deployment"]), seconds=30)
        until("it was told", lambda: named(tmp_path / "second", "repaired"))
    assert len(named(tmp_path / "second", "repaired")) == 1
