from typing import Any

import pytest

from tests.core.examples import body, changed, custom, deployment, found, removed, thing

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"


# Zero is not always absent: pointer fields keep their zero values, so an object without them has drifted.
_KEPT_ZEROS: dict[str, tuple[Any, str]] = {
    "automountServiceAccountToken false": (
        deployment(pod={"automountServiceAccountToken": False}),
        f"{_POD}/automountServiceAccountToken",
    ),
    "enableServiceLinks false": (deployment(pod={"enableServiceLinks": False}), f"{_POD}/enableServiceLinks"),
    "allowPrivilegeEscalation false": (
        deployment(container={"securityContext": {"allowPrivilegeEscalation": False}}),
        f"{_WEB}/securityContext/allowPrivilegeEscalation",
    ),
    "privileged false": (
        deployment(container={"securityContext": {"privileged": False}}),
        f"{_WEB}/securityContext/privileged",
    ),
    "readOnlyRootFilesystem false": (
        deployment(container={"securityContext": {"readOnlyRootFilesystem": False}}),
        f"{_WEB}/securityContext/readOnlyRootFilesystem",
    ),
    "runAsUser 0": (
        deployment(container={"securityContext": {"runAsUser": 0}}),
        f"{_WEB}/securityContext/runAsUser",
    ),
    "pod runAsGroup 0": (deployment(pod={"securityContext": {"runAsGroup": 0}}), f"{_POD}/securityContext/runAsGroup"),
    "replicas 0": (deployment(replicas=0), "/spec/replicas"),
    "revisionHistoryLimit 0": (deployment(revisionHistoryLimit=0), "/spec/revisionHistoryLimit"),
    "capabilities empty": (
        deployment(container={"securityContext": {"capabilities": {}}}),
        f"{_WEB}/securityContext/capabilities",
    ),
    "container securityContext empty": (
        deployment(container={"securityContext": {}}),
        f"{_WEB}/securityContext",
    ),
    "shareProcessNamespace false": (deployment(pod={"shareProcessNamespace": False}), f"{_POD}/shareProcessNamespace"),
    "hostUsers false": (deployment(pod={"hostUsers": False}), f"{_POD}/hostUsers"),
    "terminationGracePeriodSeconds 0": (
        deployment(pod={"terminationGracePeriodSeconds": 0}),
        f"{_POD}/terminationGracePeriodSeconds",
    ),
    "emptyDir": (deployment(pod={"volumes": [{"name": "v", "emptyDir": {}}]}), f"{_POD}/volumes/0/emptyDir"),
    "optional false": (
        deployment(pod={"volumes": [{"name": "v", "secret": {"secretName": "s", "optional": False}}]}),
        f"{_POD}/volumes/0/secret/optional",
    ),
    "immutable false": (body("v1", "ConfigMap", immutable=False), "/immutable"),
    "ServiceAccount token false": (
        body("v1", "ServiceAccount", automountServiceAccountToken=False),
        "/automountServiceAccountToken",
    ),
    "suspend false": (body("batch/v1", "CronJob", spec={"schedule": "* * * * *", "suspend": False}), "/spec/suspend"),
    "quantity 0": (
        deployment(container={"resources": {"limits": {"cpu": 0}}}),
        f"{_WEB}/resources/limits/cpu",
    ),
    "an empty value of a label": (
        deployment() | {"metadata": {"name": "w", "labels": {"a": ""}}},
        "/metadata/labels/a",
    ),
    "an empty value of a ConfigMap": (body("v1", "ConfigMap", data={"a": ""}), "/data/a"),
}


@pytest.mark.parametrize("name", _KEPT_ZEROS)
def test_a_kept_zero_that_vanished_is_drift(name: str) -> None:
    desired, pointer = _KEPT_ZEROS[name]
    assert removed(desired, pointer) == {pointer: "removed"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("hostNetwork", True), ("hostPID", True), ("nodeSelector", {"a": "b"}), ("priorityClassName", "system")],
)
def test_a_declared_zero_that_has_another_value_is_drift(name: str, value: Any) -> None:
    zero: dict[str, Any] = {"hostNetwork": False, "hostPID": False, "nodeSelector": {}, "priorityClassName": ""}
    pointer = f"{_POD}/{name}"
    assert changed(deployment(pod={name: zero[name]}), pointer, value) == {pointer: "changed"}


def test_zero_values_of_custom_resources_are_kept() -> None:
    schema = custom({"a": {"type": "boolean"}, "l": {"type": "array", "items": {"type": "string"}}})
    desired = thing({"a": False, "l": []})
    assert found(desired, thing({}), schema) == {"/spec/a": "removed", "/spec/l": "removed"}
