"""With fewer rights less can be said, and it is said what: never in sync, never missing, everything else checked."""

from pathlib import Path
from typing import Any

import pytest

from drift.core.assess import State
from drift.core.reasons import Reason
from drift.engine.records import Failed
from tests.controlplane import ControlPlane, Helm
from tests.engine.conftest import GuardMaker
from tests.engine.harness import delete, edit, report_of
from tests.engine.test_hard_cases import Release, config_map, deployment, ref, service

READ = ["get", "list", "watch"]
RULES: dict[str, dict[str, Any]] = {
    "releases": {"apiGroups": [""], "resources": ["secrets"], "verbs": READ},
    "settings": {"apiGroups": [""], "resources": ["configmaps"], "verbs": READ},
    "services": {"apiGroups": [""], "resources": ["services"], "verbs": READ},
    "workloads": {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": READ},
    "scalers": {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": READ},
}


@pytest.fixture
def release(helm3: Helm, namespace: str, folder: Path) -> Release:
    release = Release(helm3, namespace, folder)
    release.install(config_map(), service(), deployment())
    return release


def kubeconfig(plane: ControlPlane, namespace: str, *names: str) -> str:
    rules = [RULES[name] for name in names]
    return str(plane.kubeconfig_for_rules(f"user-{namespace}", rules, namespace))


def test_reading_is_enough_for_a_report_that_says_what_weakens_it(
    guard: GuardMaker, plane: ControlPlane, release: Release
) -> None:
    namespace = release.namespace
    reader = guard(remediate=False, user=f"user-{namespace}", kubeconfig=kubeconfig(plane, namespace, *RULES))
    assert reader.report().sentence == "In sync: 3 objects."
    edit(plane, ref(namespace, "ConfigMap"), {"data": {"a": "evil"}})
    delete(plane, ref(namespace, "Service"))
    report = reader.report()
    states = {item.ref.kind: item.state for item in report.assessments}
    assert states == {"ConfigMap": State.DRIFTED, "Service": State.MISSING, "Deployment": State.IN_SYNC}
    assert report.exit_code() == 1
    assert [limit for limit in report.limits if "dry run" in limit]
    assert not [write for write in reader.writes() if write.resource != "selfsubjectaccessreviews"]


def test_kind_that_may_not_be_read_is_unknown_and_the_rest_is_checked(plane: ControlPlane, release: Release) -> None:
    namespace = release.namespace
    rights = kubeconfig(plane, namespace, "releases", "settings", "workloads", "scalers")
    edit(plane, ref(namespace, "ConfigMap"), {"data": {"a": "evil"}})
    report = report_of(namespace, rights)
    found = {item.ref.kind: item for item in report.assessments}
    assert {kind: item.state for kind, item in found.items()} == {
        "ConfigMap": State.DRIFTED,
        "Service": State.UNKNOWN,
        "Deployment": State.IN_SYNC,
    }
    assert found["Service"].reason is Reason.FORBIDDEN
    assert all(word in found["Service"].message for word in ("list", "services", namespace))
    assert report.exit_code() == 2


def test_write_that_is_not_permitted_is_told_with_its_verb_and_not_repeated(
    guard: GuardMaker, plane: ControlPlane, release: Release
) -> None:
    namespace, found = release.namespace, ref(release.namespace, "ConfigMap")
    running = guard(user=f"user-{namespace}", kubeconfig=kubeconfig(plane, namespace, *RULES))
    mark = running.mark()
    edit(plane, found, {"data": {"a": "evil"}})
    failed = mark.first(Failed, found)
    assert failed.reason is Reason.FORBIDDEN
    assert all(word in failed.message for word in ("patch", "configmaps", namespace))
    running.quiet()
    assert len(mark.writes(found)) == 1


def test_releases_that_may_not_be_read_are_a_problem_not_an_empty_cluster(
    plane: ControlPlane, release: Release
) -> None:
    rights = kubeconfig(plane, release.namespace, "settings")
    report = report_of(release.namespace, rights)
    assert report.exit_code() == 2
    assert "secrets" in report.problems[0].message
    assert not report.sentence.startswith("In sync")
