from typing import Any

import pytest

from drift.core.assess import Assessment, Difference, Facts, State, assess, unknown
from drift.core.known import Scaler, known_reason
from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.core.rules import IgnoreRule
from tests.core.examples import body, deployment, managed, manifest, put, schema_of, served

_LEAF: dict[str, Any] = {}
_REPLICAS = {"f:spec": {"f:replicas": _LEAF}}
_IMAGE = "/spec/template/spec/containers/0/image"


def _assess(desired: Any, live: Any, **facts: Any) -> Assessment:
    return assess(manifest(desired), live, schema_of(desired["apiVersion"], desired["kind"]), Facts(**facts))


def _edited(pointer: str, value: Any, *raw: Any) -> Any:
    live = served(deployment())
    put(live, pointer, value)
    live["metadata"]["managedFields"] = list(raw)
    return live


def _only(found: tuple[Difference, ...]) -> Difference:
    (difference,) = found
    return difference


def test_the_states_of_an_object() -> None:
    assert _assess(deployment(), served(deployment())).state is State.IN_SYNC
    assert _assess(deployment(), None).state is State.MISSING
    found = _assess(deployment(), _edited(_IMAGE, "evil"))
    assert (found.state, found.reason) == (State.DRIFTED, Reason.FIELDS_DIFFER)
    assert (found.uid, found.resource_version, found.terminating) == ("u-1", "7", False)
    blind = unknown(manifest(deployment()), Reason.FORBIDDEN, "no")
    assert (blind.state, blind.message) == (State.UNKNOWN, "no")


def test_an_object_that_is_being_deleted_is_told() -> None:
    live = served(deployment())
    live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert _assess(deployment(), live).terminating


def test_who_and_when_stand_at_each_difference() -> None:
    scale = managed("kubectl", _REPLICAS, subresource="scale")
    difference = _only(_assess(deployment(), _edited("/spec/replicas", 9, scale)).differences)
    assert difference.owner is not None
    assert (difference.owner.manager, difference.owner.subresource) == ("kubectl", "scale")
    assert (difference.desired, difference.live, difference.display) == (2, 9, "spec.replicas")
    assert _only(_assess(deployment(), _edited("/spec/replicas", 9)).differences).owner is None


def test_for_a_removed_field_nobody_is_blamed() -> None:
    live = _edited(_IMAGE, "x", managed("helm", _REPLICAS), managed("kubectl-edit", {"f:spec": {"f:paused": _LEAF}}))
    del live["spec"]["replicas"]
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1"
    difference = _only(_assess(deployment(), live).differences)
    assert (difference.op, difference.path, difference.owner) == ("removed", "/spec/replicas", None)


def test_an_addition_and_a_removal_at_the_same_index_are_two_differences() -> None:
    desired = deployment(container={"env": [{"name": "A", "value": "1"}]})
    live = served(deployment(container={"env": [{"name": "B", "value": "2"}]}))
    env = {'k:{"name":"B"}': {".": _LEAF, "f:name": _LEAF, "f:value": _LEAF}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:env": env}}}}}}
    live["metadata"]["managedFields"] = [managed("kubectl-edit", fields)]
    found = _assess(desired, live).differences
    assert sorted((item.op, item.display.rpartition(".")[2]) for item in found) == [
        ("added", "env[name=B]"),
        ("removed", "env[name=A]"),
    ]


@pytest.mark.parametrize(
    ("replicas", "noted"), [(1, True), (5, True), (3, True), (0, False), (6, False), (None, False), ("3", False)]
)
def test_replicas_within_the_range_of_an_autoscaler_are_a_note(replicas: Any, noted: bool) -> None:
    scaler = Scaler("HorizontalPodAutoscaler", "web", "Deployment", "web", 1, 5)
    found = _assess(deployment(), _edited("/spec/replicas", replicas), scalers=(scaler,))
    assert bool(found.notes) is noted
    assert bool(found.differences) is not noted
    other = Scaler("HorizontalPodAutoscaler", "web", "Deployment", "other", 1, 5)
    assert not _assess(deployment(), _edited("/spec/replicas", replicas), scalers=(other,)).notes


def test_rollout_restart_and_added_labels_are_notes() -> None:
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    fields = {"f:annotations": {".": _LEAF, "f:kubectl.kubernetes.io/restartedAt": _LEAF}}
    rollout = managed("kubectl-rollout", {"f:spec": {"f:template": {"f:metadata": fields}}})
    found = _assess(deployment(), _edited("/spec/template/metadata/annotations", restarted, rollout))
    assert (found.state, _only(found.notes).explanation) == (State.IN_SYNC, "kubectl rollout restart")
    label = managed("kubectl-label", {"f:metadata": {"f:labels": {".": _LEAF, "f:a": _LEAF}}})
    assert _assess(deployment(), _edited("/metadata/labels", {"a": "b"}, label)).state is State.IN_SYNC


def test_a_ca_bundle_belongs_to_its_injector_and_not_to_a_person() -> None:
    path = "/webhooks/0/clientConfig/caBundle"
    kind = ObjectRef("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "", "web")
    assert known_reason(kind, path, "changed", by_person=False)
    assert not known_reason(kind, path, "changed", by_person=True)
    assert not known_reason(ObjectRef("apps", "Deployment", "", "web"), path, "changed", by_person=False)


def test_what_the_server_taught_is_no_drift_while_the_value_stays() -> None:
    first = _assess(deployment(), _edited(_IMAGE, "a"))
    taught = frozenset(item.fact for item in first.differences)
    assert _assess(deployment(), _edited(_IMAGE, "a"), taught=taught).state is State.IN_SYNC
    assert _assess(deployment(), _edited(_IMAGE, "b"), taught=taught).state is State.DRIFTED


def test_ignore_rules_hide_differences_by_path_owner_and_time() -> None:
    live = _edited("/spec/replicas", 9, managed("kubectl-edit", _REPLICAS))
    by_path = IgnoreRule(paths=("/spec/replicas",))
    assert _assess(deployment(), live, ignore=(by_path,)).state is State.IGNORED
    assert _assess(deployment(), live, ignore=(IgnoreRule(owners=("kubectl*",)),)).state is State.IGNORED
    assert _assess(deployment(), live, ignore=(IgnoreRule(owners=("helm",)),)).state is State.DRIFTED
    ended = IgnoreRule(paths=("/spec/replicas",), expires="2026-01-01T00:00:00Z")
    assert _assess(deployment(), live, ignore=(ended,), now="2026-01-02T00:00:00Z").state is State.DRIFTED
    whole = IgnoreRule(kinds=("Deployment",))
    assert _assess(deployment(), None, ignore=(whole,)).state is State.IGNORED
    put(live, _IMAGE, "x")
    mixed = _assess(deployment(), live, ignore=(by_path,))
    assert (mixed.state, len(mixed.differences), len(mixed.ignored)) == (State.DRIFTED, 1, 1)


def test_service_addresses_are_notes_and_its_ip_policy_is_not() -> None:
    desired = body("v1", "Service", spec={"ports": [{"port": 80}], "selector": {"a": "b"}})
    live = served(desired)
    live["spec"].update(clusterIP="10.0.0.1", ipFamilyPolicy="PreferDualStack")
    fields = {"f:spec": {"f:clusterIP": _LEAF, "f:ipFamilyPolicy": _LEAF}}
    live["metadata"]["managedFields"] = [managed("kubectl-edit", fields)]
    found = _assess(desired, live)
    assert [item.path for item in found.differences] == ["/spec/ipFamilyPolicy"]
