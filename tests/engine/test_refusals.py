"""What cannot or must not be repaired: nothing is deleted, nothing loops, one clear reason, and siblings go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.engine.records import Failed, Held, Repaired
from tests.controlplane import ControlPlane, Helm, RequestError
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, Mark, delete, edit, path_of, write
from tests.engine.test_hard_cases import Object, Release, config_map, deployment, ref
from tests.waiting import until

SIBLING = config_map("sibling")


@pytest.fixture
def release(helm4: Helm, namespace: str, folder: Path) -> Release:
    return Release(helm4, namespace, folder)


def replaced(plane: ControlPlane, found: ObjectRef, change: Callable[[Any], None]) -> None:
    """Delete an object and create it again with something else: the only way to change what is immutable."""
    body = plane.request("GET", path_of(found))
    for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
        body["metadata"].pop(key, None)
    body.pop("status", None)
    change(body)
    delete(plane, found)
    collection = path_of(found).rpartition("/")[0]
    plane.request("POST", f"{collection}?fieldManager=kubectl-create", body)


def sibling_is_repaired(guard: Guard, mark: Mark) -> None:
    """One object's trouble must not delay another."""
    sibling = ref(guard.target.namespace, "ConfigMap", name="sibling")
    edit(guard.plane, sibling, {"data": {"a": "evil"}})
    mark.first(Repaired, sibling)


def refused(guard: Guard, mark: Mark, found: ObjectRef, reason: Reason, *, most: int = 2) -> Failed:
    """Refused once, with this reason; not written over and over; said by the report too."""
    failed = mark.first(Failed, found)
    sibling_is_repaired(guard, mark)
    guard.quiet()
    assert [record.reason for record in mark.of(Failed, found)] == [reason]
    assert len(mark.writes(found)) <= most
    assert not [write for write in mark.writes() if write.verb == "delete"]
    return failed


ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "web"}, "rules": []}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "web"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"},
    "subjects": [{"kind": "ServiceAccount", "name": "web"}],
}
STATEFUL = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "web"},
    "spec": {**deployment()["spec"], "serviceName": "web"},
}


def set_role(body: Any) -> None:
    body["roleRef"]["name"] = "evil"


def set_data(body: Any) -> None:
    body["data"]["a"] = "evil"


def set_service_name(body: Any) -> None:
    body["spec"]["serviceName"] = "evil"


def set_selector(body: Any) -> None:
    body["spec"]["selector"]["matchLabels"] = {"app": "evil"}
    body["spec"]["template"]["metadata"]["labels"] = {"app": "evil"}


IMMUTABLE: dict[str, tuple[Object, str, Callable[[Any], None]]] = {
    "roleRef": (BINDING, "rbac.authorization.k8s.io", set_role),
    "immutable data": (config_map(immutable=True), "", set_data),
    "serviceName": (STATEFUL, "apps", set_service_name),
    "selector": (deployment(), "apps", set_selector),
}


@pytest.mark.parametrize("case", IMMUTABLE)
def test_immutable_field_that_was_recreated_differently_is_refused_once(
    guard: GuardMaker, release: Release, case: str
) -> None:
    body, group, change = IMMUTABLE[case]
    release.install(ROLE, SIBLING, body)
    found = ref(release.namespace, body["kind"], group)
    observer = guard(remediate=False)
    replaced(observer.plane, found, change)
    running = guard()
    mark = running.mark()
    until("it was refused", lambda: [one for one in running.records if isinstance(one, Failed)])
    failed = next(one for one in running.records if isinstance(one, Failed))
    assert failed.assessment.ref == found
    assert failed.reason is Reason.IMMUTABLE_FIELD
    sibling_is_repaired(running, mark)
    assert len([write for write in running.writes() if write.name == "web"]) <= 2
    assert not [write for write in running.writes() if write.verb == "delete"]
    report = running.report()
    assert report.exit_code() == 1


POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


@pytest.fixture
def denied(plane: ControlPlane, namespace: str) -> None:
    """An admission policy by which this namespace's ConfigMap `web` must say b=evil."""
    name = f"deny-{namespace}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}
    expression = "object.metadata.name != 'web' || object.data['a'] == 'evil'"
    policy = {
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": expression, "message": "only evil is allowed"}],
        },
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    }
    plane.request("POST", POLICIES, policy)
    plane.request("POST", BINDINGS, binding)
    configmap = path_of(ref(namespace, "ConfigMap"))

    def in_force() -> bool:
        try:
            plane.request(
                "PATCH", f"{configmap}?dryRun=All", {"data": {"a": "x"}}, content_type="application/merge-patch+json"
            )
        except RequestError as error:
            return "only evil is allowed" in str(error)
        return False

    until("the policy is in force", in_force, seconds=30)


@pytest.fixture
def installed(release: Release) -> Release:
    release.install(config_map(), SIBLING)
    return release


@pytest.mark.usefixtures("installed", "denied")
def test_admission_denial_is_told_with_its_words(guard: GuardMaker, namespace: str) -> None:
    running, found = guard(), ref(namespace, "ConfigMap")
    mark = running.mark()
    edit(running.plane, found, {"data": {"a": "evil"}})
    failed = refused(running, mark, found, Reason.DENIED)
    assert "only evil is allowed" in failed.message


def test_quota_is_told_and_the_object_comes_back_when_there_is_room(guard: GuardMaker, installed: Release) -> None:
    namespace = installed.namespace
    running, found = guard(), ref(namespace, "ConfigMap")
    quota = ref(namespace, "ResourceQuota", name="few")
    mark = running.mark()
    collection = path_of(quota).rpartition("/")[0]
    # Without the controller that counts, the status says what is used.
    running.plane.request("POST", collection, {"metadata": {"name": "few"}, "spec": {"hard": {"configmaps": "1"}}})
    status = {"status": {"hard": {"configmaps": "1"}, "used": {"configmaps": "1"}}}
    running.plane.request("PATCH", f"{path_of(quota)}/status", status, content_type="application/merge-patch+json")
    delete(running.plane, found)
    failed = mark.first(Failed, found)
    assert failed.reason is Reason.QUOTA_EXCEEDED
    assert "exceeded quota" in failed.message
    sibling_is_repaired(running, mark)
    delete(running.plane, quota)
    mark.first(Repaired, found, seconds=20)
    assert len(mark.of(Failed, found)) == 1


def test_object_that_is_held_by_a_finalizer_is_recreated_once_it_is_gone(guard: GuardMaker, installed: Release) -> None:
    running, found = guard(), ref(installed.namespace, "ConfigMap")
    edit(running.plane, found, {"metadata": {"finalizers": ["example.com/wait"]}})
    mark = running.mark()
    delete(running.plane, found)
    edit(running.plane, found, {"data": {"a": "evil"}})
    assert mark.first(Held, found).hold.reason is Reason.TERMINATING
    sibling_is_repaired(running, mark)
    running.caught_up(found)
    assert not mark.writes(found)
    edit(running.plane, found, {"metadata": {"finalizers": None}})
    mark.first(Repaired, found)
    assert running.live(found)["data"] == {"a": "b"}
    assert len(mark.writes(found)) == 1


def test_deleted_namespace_is_no_loop_and_what_it_held_comes_back_with_it(
    guard: GuardMaker, plane: ControlPlane, namespace: str, folder: Path
) -> None:
    write(folder, {"all.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {}}'})
    running, found = guard(helm=False, filename=(str(folder),)), ref(namespace, "ConfigMap")
    until("it was made", lambda: running.live(found))
    running.quiet()
    mark = running.mark()
    delete(plane, ObjectRef("", "Namespace", "", namespace))
    delete(plane, found)
    terminating = mark.first(Failed, found)
    assert terminating.reason is Reason.NAMESPACE_TERMINATING
    # The namespace controller's last step, by hand.
    plane.request("PUT", f"/api/v1/namespaces/{namespace}/finalize", {"metadata": {"name": namespace}, "spec": {}})
    until("the namespace is gone", lambda: not _exists(plane, namespace))
    before = len(mark.writes(found))
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    mark.first(Repaired, found, seconds=40)
    assert before <= 12, "no loop while the namespace was going"


def _exists(plane: ControlPlane, namespace: str) -> bool:
    try:
        plane.request("GET", f"/api/v1/namespaces/{namespace}")
    except RequestError:
        return False
    return True
