"""What comes back, what does not, and as what: recreation without loss, double runs or a fight of two sources."""

from pathlib import Path

import pytest

from drift.core.assess import State
from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.core.rules import DEFAULT_RULES, Rule
from drift.engine.records import Detected, Held, Repaired
from tests.controlplane import ControlPlane, Helm
from tests.engine.charts import full_chart, full_refs, group_of
from tests.engine.conftest import GuardMaker
from tests.engine.harness import delete, edit, report_of, write
from tests.engine.test_hard_cases import Release, config_map, deployment, ref, service
from tests.engine.test_refusals import SIBLING, sibling_is_repaired
from tests.waiting import until


@pytest.fixture
def release(helm: Helm, namespace: str, folder: Path) -> Release:
    return Release(helm, namespace, folder)


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "web"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "web"},
    "spec": {
        "ttlSecondsAfterFinished": 60,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": "example.invalid/x"}]}},
    },
}


def test_a_job_that_removes_itself_is_neither_missing_nor_run_again(guard: GuardMaker, release: Release) -> None:
    release.install(JOB, SIBLING)
    running, found = guard(), ref(release.namespace, "Job", "batch")
    mark = running.mark()
    delete(running.plane, found)
    sibling_is_repaired(running, mark)
    assert not mark.writes(found)
    report = running.report()
    (job,) = [item for item in report.assessments if item.ref == found]
    assert (job.state, job.reason) == (State.IGNORED, Reason.JOB_FINISHED)
    assert report.exit_code() == 0


def test_what_would_lose_data_is_not_recreated(guard: GuardMaker, release: Release) -> None:
    release.install(CLAIM, SIBLING)
    running, found = guard(), ref(release.namespace, "PersistentVolumeClaim", "")
    mark = running.mark()
    delete(running.plane, found)
    if running.live(found):  # pvc-protection
        edit(running.plane, found, {"metadata": {"finalizers": None}})
    held = mark.first(Held, found)
    assert held.hold.reason is Reason.PROTECTED_KIND
    sibling_is_repaired(running, mark)
    assert not mark.writes(found)
    assert running.report().exit_code() == 1


def test_object_of_two_sources_is_an_error_that_names_both(guard: GuardMaker, release: Release, folder: Path) -> None:
    release.install(config_map(), SIBLING)
    other = write(folder.with_name("files"), {"a.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": '
                                              '{"name": "web"}, "data": {"a": "other"}}'})  # fmt: skip
    running, found = guard(filename=(str(other),)), ref(release.namespace, "ConfigMap")
    mark = running.mark()
    delete(running.plane, found)
    mark.first(Detected, found)
    held = running.ever.first(Held, found)
    assert held.hold.reason is Reason.TWO_SOURCES
    assert f"helm:{release.namespace}/web" in held.hold.message
    assert "files:" in held.hold.message
    sibling_is_repaired(running, mark)
    assert not mark.writes(found)
    report = running.report()
    assert report.exit_code() == 2
    assert [item.reason for item in report.assessments if item.ref == found] == [Reason.TWO_SOURCES]


def test_env_name_that_a_chart_has_twice_is_restored_as_declared(
    guard: GuardMaker, plane: ControlPlane, helm3: Helm, namespace: str, folder: Path
) -> None:
    """Helm 4 refuses such a chart itself: server-side apply cannot merge it."""
    body = deployment({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]})
    Release(helm3, namespace, folder).install(body)
    running, found = guard(), ref(namespace, "Deployment", "apps")
    assert running.report().sentence == "In sync: 1 object."
    before, mark = running.live(found)["spec"], running.mark()
    edit(plane, found, [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}])
    mark.repaired(found)
    assert running.live(found)["spec"] == before
    mark = running.mark()
    delete(plane, found)
    mark.repaired(found)
    assert running.live(found)["spec"] == before
    assert running.report().sentence == "In sync: 1 object."


def test_service_keeps_its_addresses(guard: GuardMaker, release: Release) -> None:
    release.install(service(type="NodePort"))
    running, found = guard(), ref(release.namespace, "Service")
    before, mark = running.live(found)["spec"], running.mark()
    delete(running.plane, found)
    mark.repaired(found)
    after = running.live(found)["spec"]
    assert after["clusterIP"] == before["clusterIP"]
    assert after["ports"] == before["ports"]


def test_kind_that_is_deleted_comes_back_with_its_objects(
    guard: GuardMaker, plane: ControlPlane, helm4: Helm, namespace: str, folder: Path
) -> None:
    helm4.install("web", full_chart(folder, namespace), namespace=namespace)
    consent = Rule(kinds=("CustomResourceDefinition",), changes=("missing",), strategy="recreate")
    running, widget = guard(rules=(consent, *DEFAULT_RULES)), full_refs(namespace)["Widget"]
    kind = ObjectRef("apiextensions.k8s.io", "CustomResourceDefinition", "", f"widgets.{group_of(namespace)}")
    mark = running.mark()
    delete(plane, kind)
    mark.first(Repaired, kind)
    mark.first(Repaired, widget, seconds=60)
    until("all is well", lambda: report_of(namespace, plane.admin_kubeconfig).sentence == "In sync: 13 objects.")
    assert not [write for write in mark.writes() if write.verb == "delete"]
