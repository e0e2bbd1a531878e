import json
from typing import Any

import pytest

from drift.core.additions import Addition, additions
from drift.core.normalize import declared
from drift.core.ownership import Managers
from tests.core.examples import body, custom, deployment, entries, managed, put, schema_of, served, thing

_POD = "/spec/template/spec"
_WEB = f"{_POD}/containers/0"
_POD_FIELDS = ("f:spec", "f:template", "f:spec")
_WEB_FIELDS = (*_POD_FIELDS, "f:containers", 'k:{"name":"web"}')
_LEAF: dict[str, Any] = {}


def _below(path: tuple[str, ...], fields: Any) -> dict[str, Any]:
    for key in reversed(path):
        fields = {key: fields}
    result: dict[str, Any] = fields
    return result


def _found(desired: Any, live: Any, *raw: Any) -> tuple[Addition, ...]:
    schema = schema_of(desired["apiVersion"], desired["kind"])
    return additions(declared(desired), live, schema.root, entries(*raw), Managers())


def _pointers(desired: Any, live: Any, *raw: Any) -> list[str]:
    return [item.place.pointer for item in _found(desired, live, *raw)]


def _edited(pointer: str, value: Any, desired: Any = None) -> tuple[Any, Any]:
    desired = desired or deployment()
    live = served(desired)
    put(live, pointer, value)
    return desired, live


def test_an_env_var_that_a_person_set_is_told_with_owner_and_time() -> None:
    desired = deployment(container={"env": [{"name": "A", "value": "1"}]})
    live = served(desired)
    live["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "B", "value": "2"})
    fields = _below((*_WEB_FIELDS, "f:env", 'k:{"name":"B"}'), {".": _LEAF, "f:name": _LEAF, "f:value": _LEAF})
    (found,) = _found(desired, live, managed("kubectl-set", fields))
    assert found.place.pointer == f"{_WEB}/env/1"
    assert found.place.display == "spec.template.spec.containers[name=web].env[name=B]"
    assert (found.owner.manager, found.owner.time) == ("kubectl-set", "2026-01-02T03:04:05Z")


@pytest.mark.parametrize("manager", ["kube-controller-manager", "istio-sidecar-injector", "helm", "before-first-apply"])
def test_what_controllers_added_is_no_addition(manager: str) -> None:
    desired, live = _edited(f"{_WEB}/env", [{"name": "B", "value": "2"}])
    fields = _below((*_WEB_FIELDS, "f:env"), {".": _LEAF, 'k:{"name":"B"}': {".": _LEAF}})
    assert _pointers(desired, live, managed(manager, fields)) == []


def test_a_probe_goes_as_a_whole() -> None:
    probe = {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "periodSeconds": 10, "failureThreshold": 3}
    desired, live = _edited(f"{_WEB}/livenessProbe", probe)
    fields = {"f:failureThreshold": _LEAF, "f:httpGet": {"f:path": _LEAF, "f:port": _LEAF, "f:scheme": _LEAF}}
    edit = managed("kubectl-edit", _below((*_WEB_FIELDS, "f:livenessProbe"), fields))
    assert _pointers(desired, live, edit) == [f"{_WEB}/livenessProbe"]


def test_a_struct_that_a_controller_shares_is_told_member_by_member() -> None:
    desired, live = _edited(f"{_WEB}/securityContext", {"runAsUser": 5, "privileged": True})
    person = managed("kubectl-edit", _below((*_WEB_FIELDS, "f:securityContext"), {"f:privileged": _LEAF}))
    robot = managed("hardener", _below((*_WEB_FIELDS, "f:securityContext"), {"f:runAsUser": _LEAF}))
    assert _pointers(desired, live, person, robot) == [f"{_WEB}/securityContext/privileged"]


@pytest.mark.parametrize(
    ("pointer", "value", "field"),
    [
        (f"{_POD}/tolerations", [{"operator": "Exists"}], "f:tolerations"),
        (f"{_POD}/serviceAccountName", "admin", "f:serviceAccountName"),
        (f"{_POD}/nodeName", "node-1", "f:nodeName"),
        (f"{_POD}/hostNetwork", True, "f:hostNetwork"),
        (f"{_POD}/nodeSelector", {"a": "b"}, "f:nodeSelector"),
        (f"{_POD}/priority", 1000, "f:priority"),
    ],
)
def test_in_a_pod_template_nothing_is_the_servers_doing_that_only_pods_get(
    pointer: str, value: Any, field: str
) -> None:
    desired, live = _edited(pointer, value)
    assert _pointers(desired, live, managed("kubectl-patch", _below(_POD_FIELDS, {field: _LEAF}))) == [pointer]


def test_a_volume_that_a_person_added_is_told_where_none_is_declared() -> None:
    desired, live = _edited(f"{_POD}/volumes", [{"name": "v", "emptyDir": {}}])
    fields = {".": _LEAF, 'k:{"name":"v"}': {".": _LEAF, "f:emptyDir": _LEAF, "f:name": _LEAF}}
    edit = managed("kubectl-edit", _below((*_POD_FIELDS, "f:volumes"), fields))
    assert _pointers(desired, live, edit) == [f"{_POD}/volumes"]


def test_entries_of_maps_are_told_one_by_one() -> None:
    desired, live = _edited("/spec/template/metadata/annotations", {"kubectl.kubernetes.io/restartedAt": "x", "a": "b"})
    fields = {".": _LEAF, "f:kubectl.kubernetes.io/restartedAt": _LEAF, "f:a": _LEAF}
    edit = managed("kubectl-rollout", _below(("f:spec", "f:template", "f:metadata", "f:annotations"), fields))
    path = "/spec/template/metadata/annotations"
    assert _pointers(desired, live, edit) == [f"{path}/a", f"{path}/kubectl.kubernetes.io~1restartedAt"]


def test_data_and_other_top_level_members_are_told() -> None:
    desired = body("v1", "ConfigMap", data={"a": "b"})
    live = served(desired) | {"data": {"a": "b", "c": "d"}, "immutable": True}
    edit = managed("k9s", {"f:data": {"f:c": _LEAF}, "f:immutable": _LEAF, "f:status": _LEAF, "f:kind": _LEAF})
    assert _pointers(desired, live, edit) == ["/data/c", "/immutable"]


def test_a_port_and_a_container_are_told_by_their_keys() -> None:
    desired = deployment(container={"ports": [{"containerPort": 53}]})
    live = served(desired)
    pod = live["spec"]["template"]["spec"]
    pod["containers"][0]["ports"] = [
        {"containerPort": 53, "protocol": "UDP"},
        {"containerPort": 53, "protocol": "TCP"},
    ]
    pod["containers"].insert(0, {"name": "debug", "image": "busybox"})
    udp = {'k:{"containerPort":53,"protocol":"UDP"}': {".": _LEAF, "f:containerPort": _LEAF, "f:protocol": _LEAF}}
    edit = managed(
        "kubectl-edit",
        _below(
            (*_POD_FIELDS, "f:containers"),
            {'k:{"name":"web"}': {"f:ports": udp}, 'k:{"name":"debug"}': {".": _LEAF, "f:image": _LEAF}},
        ),
    )
    assert _pointers(desired, live, edit) == [f"{_POD}/containers/0", f"{_POD}/containers/1/ports/0"]


def test_server_defaults_of_kubectl_create_are_no_additions() -> None:
    desired = deployment(container={"ports": [{"containerPort": 80}]}, pod={"hostNetwork": True})
    live = served(desired)
    defaults = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    container = live["spec"]["template"]["spec"]["containers"][0]
    container.update(defaults, imagePullPolicy="IfNotPresent", resources={})
    container["ports"][0].update(protocol="TCP", hostPort=80)
    live["spec"]["template"]["spec"].update(
        dnsPolicy="ClusterFirst", restartPolicy="Always", securityContext={}, schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30,
    )  # fmt: skip
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    live["spec"].update(
        progressDeadlineSeconds=600,
        revisionHistoryLimit=10,
        strategy={"type": "RollingUpdate", "rollingUpdate": rolling},
    )
    assert _pointers(desired, live, managed("kubectl-create", _all_fields(live))) == []
    container["ports"][0]["hostPort"] = 8080
    assert _pointers(desired, live, managed("kubectl-create", _all_fields(live))) == [f"{_WEB}/ports/0/hostPort"]


def _all_fields(value: Any, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """FieldsV1 of everything in a body, as for its creator."""
    merge = {"containers": ("name",), "ports": ("containerPort", "protocol"), "env": ("name",)}
    if isinstance(value, dict):
        return {f"f:{key}": _all_fields(member, merge.get(key, ())) for key, member in value.items()}
    if isinstance(value, list) and keys:
        return {
            "k:" + json.dumps({key: item[key] for key in keys if key in item}, separators=(",", ":")): {
                ".": _LEAF,
                **_all_fields(item),
            }
            for item in value
        }
    return _LEAF


def test_a_host_port_without_host_network_is_a_persons_doing() -> None:
    desired, live = _edited(f"{_WEB}/ports/0/hostPort", 80, deployment(container={"ports": [{"containerPort": 80}]}))
    fields = _below((*_WEB_FIELDS, "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}'), {"f:hostPort": _LEAF})
    assert _pointers(desired, live, managed("kubectl-edit", fields)) == [f"{_WEB}/ports/0/hostPort"]


def test_kubectl_apply_declares_what_its_annotation_says() -> None:
    desired = body("v1", "Service", spec={"ports": [{"port": 80}]})
    live = served(desired)
    live["spec"].update(externalName="evil", sessionAffinity="ClientIP")
    fields = {"f:spec": {"f:externalName": _LEAF, "f:sessionAffinity": _LEAF}}
    apply = managed("kubectl-client-side-apply", fields)
    assert _pointers(desired, live, apply) == ["/spec/externalName", "/spec/sessionAffinity"]
    note = json.dumps({"spec": {"sessionAffinity": "ClientIP"}})
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": note}
    assert _pointers(desired, live, apply) == ["/spec/sessionAffinity"]
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{broken"}
    assert _pointers(desired, live, apply) == ["/spec/externalName", "/spec/sessionAffinity"]


def test_labels_and_annotations_are_told_but_never_the_note_of_kubectl() -> None:
    desired, live = _edited("/metadata/labels", {"a": "b"})
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "x": "y"}
    annotations = {".": _LEAF, "f:kubectl.kubernetes.io/last-applied-configuration": _LEAF, "f:x": _LEAF}
    fields = {"f:metadata": {"f:labels": {".": _LEAF, "f:a": _LEAF}, "f:annotations": annotations, "f:uid": _LEAF}}
    assert _pointers(desired, live, managed("kubectl-label", fields)) == [
        "/metadata/annotations/x",
        "/metadata/labels/a",
    ]


def test_a_finalizer_in_a_set_is_told() -> None:
    desired = body("v1", "ConfigMap", metadata={"finalizers": ["a/b"]})
    live = body("v1", "ConfigMap", metadata={"finalizers": ["c/d", "a/b"]})
    edit = managed("kubectl-edit", {"f:metadata": {"f:finalizers": {'v:"c/d"': _LEAF, 'v:"a/b"': _LEAF}}})
    assert _pointers(desired, live, edit) == ["/metadata/finalizers/0"]


def test_of_two_people_the_last_one_is_named() -> None:
    desired, live = _edited(f"{_POD}/hostNetwork", value=True)
    fields = _below(_POD_FIELDS, {"f:hostNetwork": _LEAF})
    early, late = managed("kubectl-edit", fields, time="2026-01-01T00:00:00Z"), managed("k9s", fields)
    assert [item.owner.manager for item in _found(desired, live, early, late)] == ["k9s"]
    assert [item.owner.manager for item in _found(desired, live, late, early)] == ["k9s"]


def test_what_sits_inside_an_atomic_value_is_left_to_compare() -> None:
    desired, live = _edited(
        "/spec/selector", {"a": "b", "c": "d"}, body("v1", "Service", spec={"selector": {"a": "b"}})
    )
    edit = managed("kubectl-edit", {"f:spec": {"f:selector": _LEAF}})
    assert _pointers(desired, live, edit) == []


def test_what_is_gone_again_and_what_status_holds_is_no_addition() -> None:
    desired, live = _edited("/status", {"phase": "x"})
    gone = _below(_POD_FIELDS, {"f:hostNetwork": _LEAF})
    assert _pointers(desired, live, managed("kubectl-edit", {"f:status": {"f:phase": _LEAF}})) == []
    assert _pointers(desired, live, managed("kubectl-edit", gone)) == []
    assert _pointers(desired, live, managed("kubectl-edit", gone, subresource="status")) == []


def test_managed_fields_that_make_no_sense_are_passed_over() -> None:
    desired, live = _edited(f"{_POD}/hostNetwork", value=True)
    odd = {"f:spec": {"f:template": "x", "k:{broken": _LEAF, "i:0": _LEAF, "v:[1]": _LEAF, "": _LEAF}}
    raw = [managed("kubectl-edit", odd), {"manager": "kubectl"}, {"manager": "kubectl", "fieldsV1": None}, {}]
    assert _pointers(desired, live, *raw) == []


def test_fields_of_a_custom_resource_without_schema_are_told() -> None:
    schema = custom({"any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}})
    live = thing({"any": {"a": {"b": 1}, "l": [1]}})
    edit = managed("kubectl-edit", {"f:spec": {"f:any": {"f:a": {"f:b": _LEAF}, "f:l": _LEAF}}})
    found = additions(declared(thing({"any": {}})), live, schema.root, entries(edit), Managers())
    assert [item.place.pointer for item in found] == ["/spec/any/a", "/spec/any/l"]


def test_no_value_shows_in_the_text_of_an_addition() -> None:
    desired, live = _edited("/data", {"a": "c2VjcmV0"}, body("v1", "Secret"))
    (found,) = _found(desired, live, managed("kubectl-edit", {"f:data": {"f:a": _LEAF}}))
    assert "c2VjcmV0" not in repr(found)
