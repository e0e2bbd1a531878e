"""Every edit and every deletion of a release's objects: found with its path and owner, repaired exactly, at once."""

from collections.abc import Iterator
from typing import Any

import pytest

from drift.cli.options import Target
from drift.core.assess import State
from drift.core.objects import ObjectRef
from drift.engine.records import Detected, Failed, Repaired
from tests.conftest import fresh_namespace
from tests.controlplane import ControlPlane, Helm
from tests.engine.charts import full_chart, full_refs
from tests.engine.harness import Guard, delete, edit
from tests.ledger import Ledger

KINDS = tuple(full_refs(""))
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers[name=web]"


@pytest.fixture(scope="module")
def watched(
    plane: ControlPlane, ledger: Ledger, helm: Helm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guard]:
    """One release with an object of every common kind, guarded."""
    namespace = fresh_namespace(plane)
    helm.install("web", full_chart(tmp_path_factory.mktemp("chart"), namespace), namespace=namespace)
    with Guard(plane, ledger, Target(helm=True, namespace=namespace)) as guard:
        yield guard


def ref_of(guard: Guard, kind: str) -> ObjectRef:
    return full_refs(guard.target.namespace)[kind]


def essence(body: dict[str, Any]) -> dict[str, Any]:
    """An object without what every write changes."""
    metadata = {key: body["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def strangers(body: dict[str, Any]) -> set[tuple[str, str]]:
    """Who owns something of an object, but for Helm and a repair: they would stop the next upgrade by a conflict."""
    entries = {(entry["manager"], entry["operation"]) for entry in body["metadata"]["managedFields"]}
    return entries - {("helm", "Apply"), ("helm3", "Update"), ("daytwo", "Apply")}


def test_fresh_release_is_in_sync_and_nothing_is_written(watched: Guard) -> None:
    report = watched.report()
    assert report.sentence == "In sync: 13 objects."
    assert not [item.notes for item in report.assessments if item.notes]
    assert not watched.writes()


@pytest.mark.parametrize("kind", KINDS)
def test_deleted_object_is_back_as_helm_made_it_in_one_write(watched: Guard, kind: str) -> None:
    ref, mark = ref_of(watched, kind), watched.mark()
    before = watched.live(ref)
    delete(watched.plane, ref)
    mark.repaired(ref)
    after = watched.live(ref)
    assert essence(after) == essence(before)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert mark.first(Detected, ref).assessment.state is State.MISSING
    assert mark.first(Repaired, ref).created
    assert len(mark.writes()) == 1


def container(**fields: Any) -> list[dict[str, Any]]:
    """JSON patch that adds fields to the container."""
    base = "/spec/template/spec/containers/0"
    return [{"op": "add", "path": f"{base}/{key}", "value": value} for key, value in fields.items()]


def put(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "add", "path": path, "value": value}]


def drop(path: str) -> list[dict[str, Any]]:
    return [{"op": "remove", "path": path}]


ENV = "/spec/template/spec/containers/0/env"
SIDECAR = {"name": "sidecar", "image": "example.invalid/sidecar"}
HELPER = {"name": "init", "image": "example.invalid/init"}
PORT = {"name": "metrics", "port": 9090, "targetPort": 9090}
SUBJECT = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eve"}]
RULE = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}

# What a person does: (object, change, op and path as reported). Declared fields changed or removed:
CHANGED = {
    "replicas": ("Deployment", put("/spec/replicas", 5), "changed spec.replicas"),
    "image": ("Deployment", container(image="example.invalid/web:evil"), f"changed {CONTAINER}.image"),
    "env value": ("Deployment", put(f"{ENV}/0/value", "red"), f"changed {CONTAINER}.env[name=COLOUR].value"),
    "env removed": ("Deployment", drop(f"{ENV}/1"), f"removed {CONTAINER}.env[name=SIZE]"),
    "args": ("Deployment", container(args=["--colour", "red"]), f"changed {CONTAINER}.args[1]"),
    "args longer": ("Deployment", container(args=["--colour", "blue", "-v"]), f"changed {CONTAINER}.args"),
    "requests": ("Deployment", container(resources={"requests": {"cpu": "2"}, "limits": {"memory": "64Mi"}}),
                 f"changed {CONTAINER}.resources.requests.cpu"),
    "limits removed": ("Deployment", container(resources={"requests": {"cpu": "100m"}}),
                       f"removed {CONTAINER}.resources.limits"),
    "volume": ("Deployment", put("/spec/template/spec/volumes/0/configMap/name", "other"),
               f"changed {POD}.volumes[name=settings].configMap.name"),
    "account": ("Deployment", put("/spec/template/spec/serviceAccountName", "default"),
                f"changed {POD}.serviceAccountName"),
    "label": ("Deployment", put("/metadata/labels/app", "evil"), "changed metadata.labels.app"),
    "label removed": ("Service", drop("/metadata/labels"), "removed metadata.labels"),
    "annotation": ("Deployment", put("/spec/template/metadata/annotations/colour", "red"),
                   "changed spec.template.metadata.annotations.colour"),
    "release name": ("Service", put("/metadata/annotations/meta.helm.sh~1release-name", "evil"),
                     "changed metadata.annotations[meta.helm.sh/release-name]"),
    "service port": ("Service", put("/spec/ports/0/port", 81), "removed spec.ports[port=80]"),
    "service target": ("Service", put("/spec/ports/0/targetPort", 1), "changed spec.ports[port=80].targetPort"),
    "service selector": ("Service", put("/spec/selector/app", "evil"), "changed spec.selector.app"),
    "service selector added": ("Service", put("/spec/selector/x", "y"), "changed spec.selector"),
    "data": ("ConfigMap", put("/data/colour", "red"), "changed data.colour"),
    "data removed": ("ConfigMap", drop("/data/size"), "removed data.size"),
    "data cleared": ("ConfigMap", drop("/data"), "removed data"),
    "secret": ("Secret", put("/data/token", "ZXZpbA=="), "changed data.token"),
    "string secret": ("Secret", put("/data/password", "ZXZpbA=="), "changed data.password"),
    "rules": ("Role", put("/rules/0/verbs", ["get", "list"]), "changed rules"),
    "rule added": ("Role", put("/rules/-", RULE), "changed rules"),
    "subjects": ("RoleBinding", put("/subjects", SUBJECT), "changed subjects[0].kind"),
    "network ports": ("NetworkPolicy", put("/spec/ingress/0/ports/0/port", 1), "changed spec.ingress[0].ports[0].port"),
    "network rule added": ("NetworkPolicy", put("/spec/ingress/-", {}), "changed spec.ingress"),
    "budget": ("PodDisruptionBudget", put("/spec/minAvailable", 0), "changed spec.minAvailable"),
    "schedule": ("CronJob", put("/spec/schedule", "1 1 * * *"), "changed spec.schedule"),
    "scaling": ("HorizontalPodAutoscaler", put("/spec/maxReplicas", 9), "changed spec.maxReplicas"),
    "custom": ("Widget", put("/spec/size", 4), "changed spec.size"),
    "custom item": ("Widget", put("/spec/parts/0/weight", 9), "changed spec.parts[name=a].weight"),
}  # fmt: skip
# What the person goes on to own, harmlessly: what the server itself wrote beside the edited field.
TRACES = ("account", "string secret", "external address")
# Things that desired does not mention, put there by a person:
ADDED = {
    "env": ("Deployment", put(f"{ENV}/-", {"name": "X", "value": "1"}), f"added {CONTAINER}.env[name=X]"),
    "container": ("Deployment", put("/spec/template/spec/containers/-", SIDECAR),
                  f"added {POD}.containers[name=sidecar]"),
    "init container": ("Deployment", put("/spec/template/spec/initContainers", [HELPER]),
                       f"added {POD}.initContainers"),
    "port": ("Deployment", put("/spec/template/spec/containers/0/ports/-", {"containerPort": 1}),
             f"added {CONTAINER}.ports[containerPort=1]"),
    "command": ("Deployment", container(command=["evil"]), f"added {CONTAINER}.command"),
    "host network": ("Deployment", put("/spec/template/spec/hostNetwork", value=True), f"added {POD}.hostNetwork"),
    "volume": ("Deployment", put("/spec/template/spec/volumes/-", {"name": "x", "emptyDir": {}}),
               f"added {POD}.volumes[name=x]"),
    "pod label": ("Deployment", put("/spec/template/metadata/labels/x", "y"), "added spec.template.metadata.labels.x"),
    "service port": ("Service", put("/spec/ports/-", PORT), "added spec.ports[port=9090]"),
    "external address": ("Service", put("/spec/externalIPs", ["192.0.2.1"]), "added spec.externalIPs"),
    "data": ("ConfigMap", put("/data/x", "y"), "added data.x"),
    "secret": ("Secret", put("/data/x", "eQ=="), "added data.x"),
    "egress": ("NetworkPolicy", put("/spec/egress", [{}]), "added spec.egress"),
    "suspend": ("CronJob", put("/spec/suspend", value=True), "added spec.suspend"),
    "custom item": ("Widget", put("/spec/parts/-", {"name": "b"}), "added spec.parts[name=b]"),
}  # fmt: skip


def edited(guard: Guard, kind: str, change: Any, told: str, *, most: int = 1, leaves_traces: bool = False) -> None:
    """Make an edit and check all that is promised about it."""
    ref, mark = ref_of(guard, kind), guard.mark()
    before = guard.live(ref)
    edit(guard.plane, ref, change)
    mark.repaired(ref)
    found = mark.first(Detected, ref).assessment.differences
    assert told in [f"{item.op} {item.display}" for item in found]
    owners = {item.owner.manager for item in found if item.owner}
    assert owners <= {"kubectl-edit"}
    assert owners or all(item.op == "removed" for item in found)
    after = guard.live(ref)
    assert essence(after) == essence(before)
    assert leaves_traces or strangers(after) <= strangers(before)
    writes = mark.writes()
    assert {(one.name, one.resource) for one in writes} == {(ref.name, writes[0].resource)}
    assert len(writes) <= most, mark.told()
    assert not mark.of(Failed)


@pytest.mark.parametrize("case", CHANGED)
def test_changed_field_is_named_and_restored(watched: Guard, case: str) -> None:
    edited(watched, *CHANGED[case], most=2 if case == "service port" else 1, leaves_traces=case in TRACES)


@pytest.mark.parametrize("case", ADDED)
def test_addition_by_a_person_is_named_and_removed(watched: Guard, case: str) -> None:
    edited(watched, *ADDED[case], most=2, leaves_traces=case in TRACES)


def test_everything_is_in_sync_in_the_end(watched: Guard) -> None:
    assert watched.report().sentence == "In sync: 13 objects."
