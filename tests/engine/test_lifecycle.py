"""After any repair the release is still Helm's: upgrade, rollback and uninstall work, without force and at once."""

from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from drift.engine.records import Repaired, SourceChanged, SourceRemoved
from tests.controlplane import ControlPlane, Helm
from tests.engine.charts import full_chart, full_refs
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, Mark, delete, edit, report_of
from tests.engine.test_edits import ADDED, CHANGED
from tests.waiting import until

NEW_VALUES = ("--set", "colour=green,tag=2.0,port=88,replicas=3,schedule=5 5 * * *")


def new_revision(mark: Mark) -> SourceChanged:
    """Wait until the guard goes by another revision, and holds nothing."""
    until("a new revision", lambda: [one for one in mark.of(SourceChanged) if not one.hold])
    return mark.of(SourceChanged)[-1]


def colours(guard: Guard, refs: dict[str, ObjectRef]) -> dict[str, Any]:
    """What the values of the chart came to."""
    web, settings, service = (guard.live(refs[kind]) for kind in ("Deployment", "ConfigMap", "Service"))
    (container,) = web["spec"]["template"]["spec"]["containers"]
    (port,) = service["spec"]["ports"]
    return {
        "colour": settings["data"]["colour"],
        "env": container["env"],
        "args": container["args"],
        "image": container["image"],
        "port": port["port"],
        "replicas": web["spec"]["replicas"],
        "schedule": guard.live(refs["CronJob"])["spec"]["schedule"],
    }


@pytest.mark.parametrize("recreated", [False, True])
def test_helm_goes_on_after_repairs_of_everything(
    guard: GuardMaker, helm: Helm, namespace: str, folder: Path, recreated: bool
) -> None:
    chart, refs = full_chart(folder, namespace), full_refs(namespace)
    helm.install("web", chart, namespace=namespace)
    running = guard()
    first = colours(running, refs)
    for kind, change, _ in [] if recreated else [*CHANGED.values(), *ADDED.values()]:
        mark = running.mark()
        edit(running.plane, refs[kind], change)
        mark.repaired(refs[kind])
    if recreated:
        mark = running.mark()
        for ref in refs.values():
            delete(running.plane, ref)
        mark.repaired(*refs.values())

    mark = running.mark()
    helm.upgrade("web", chart, *NEW_VALUES, namespace=namespace)
    assert colours(running, refs) == {
        "colour": "green",
        "env": [{"name": "COLOUR", "value": "green"}, {"name": "SIZE", "value": "small"}],
        "args": ["--colour", "green"],
        "image": "example.invalid/web:2.0",
        "port": 88,
        "replicas": 3,
        "schedule": "5 5 * * *",
    }
    new_revision(mark)
    running.caught_up(*refs.values())
    assert running.report().sentence == "In sync: 13 objects."
    assert not mark.writes()

    mark = running.mark()
    helm.rollback("web", 1, namespace=namespace)
    assert colours(running, refs) == first
    new_revision(mark)
    running.caught_up(*refs.values())
    assert running.report().sentence == "In sync: 13 objects."

    helm.uninstall("web", namespace=namespace)
    mark.first(SourceRemoved)
    running.quiet()
    assert not mark.of(Repaired)
    assert not mark.writes()
    assert not any(running.live(ref) for ref in refs.values())


def test_report_right_after_the_install_of_a_new_kind_is_in_sync(
    plane: ControlPlane, helm: Helm, namespace: str, folder: Path
) -> None:
    helm.install("web", full_chart(folder, namespace), namespace=namespace)
    assert report_of(namespace, plane.admin_kubeconfig).sentence == "In sync: 13 objects."


def test_edit_after_an_upgrade_is_put_back_to_the_new_revision(
    guard: GuardMaker, helm: Helm, namespace: str, folder: Path
) -> None:
    chart, ref = full_chart(folder, namespace), full_refs(namespace)["ConfigMap"]
    helm.install("web", chart, namespace=namespace)
    running = guard()
    mark = running.mark()
    helm.upgrade("web", chart, *NEW_VALUES, namespace=namespace)
    new_revision(mark)
    mark = running.mark()
    edit(running.plane, ref, {"data": {"colour": "red"}})
    mark.repaired(ref)
    assert running.live(ref)["data"]["colour"] == "green"


def test_release_that_is_installed_meanwhile_is_guarded(
    guard: GuardMaker, plane: ControlPlane, helm: Helm, namespace: str, folder: Path
) -> None:
    running, ref = guard(), full_refs(namespace)["Service"]
    mark = running.mark()
    helm.install("web", full_chart(folder, namespace), namespace=namespace)
    new_revision(mark)
    running.caught_up(ref)
    assert not mark.writes()
    delete(plane, ref)
    mark.repaired(ref)
    assert len(mark.writes()) == 1
