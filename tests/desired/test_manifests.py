"""Documents to manifests: identities checked, lists flattened, nothing declared twice."""

import pytest

from desired.decode import decode_documents
from desired.manifests import collect_manifests, to_manifests
from drift.core.errors import DecodeError
from drift.core.objects import Manifest, ObjectRef
from drift.core.scope import place

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def manifests(text: str) -> tuple[Manifest, ...]:
    documents = decode_documents(text, file="f.yaml")
    return to_manifests(documents, source="files:f.yaml", revision="r1", default_namespace="shop")


def fails(text: str) -> str:
    with pytest.raises(DecodeError) as caught:
        manifests(text)
    return str(caught.value)


def test_a_manifest_knows_what_it_is_and_where_it_stands() -> None:
    (found,) = manifests("# x\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: ns}\n")
    assert found.ref == ObjectRef("apps", "Deployment", "ns", "web")
    assert found.api_version == "apps/v1"
    assert str(found.provenance) == "f.yaml:3@r1"


def test_lists_are_flattened_and_typed_items_get_their_kind() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
        "- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - {metadata: {name: c}}\n"
    )
    assert [str(m.ref) for m in manifests(text)] == ["Secret s", "ConfigMap c"]
    assert manifests("apiVersion: v1\nkind: List\nitems: []\n") == ()


def test_a_kind_that_only_ends_in_list_is_an_object() -> None:
    (found,) = manifests("apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n")
    assert found.ref.kind == "AllowList"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("- a\n", "is a list, not a Kubernetes object"),
        ("kind: A\nmetadata: {name: a}\n", "apiVersion is missing"),
        ("apiVersion: v1\nkind: 3\n", "kind is a number, it must be a string (quote it)"),
        ("apiVersion: v1\nkind: A\n", "A: metadata is missing"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 123}\n", "metadata.name is a number"),
        ("apiVersion: v1\nkind: A\nmetadata: {generateName: a-}\n", "has only generateName"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: yes}\n", "metadata.namespace is a boolean"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, labels: {v: 1}}\n", "A a: metadata.labels[v] is a number"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, annotations: [x]}\n", "metadata.annotations is a list"),
    ],
)
def test_what_kubectl_would_refuse_is_refused_by_its_path(text: str, part: str) -> None:
    message = fails(text)
    assert message.startswith("f.yaml: document 1, line 1")
    assert part in message


def test_null_labels_and_annotations_are_what_templates_leave_behind() -> None:
    text = "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: null, annotations: {x: null}}\n"
    assert len(manifests(text)) == 1


def test_an_object_declared_twice_names_both_places() -> None:
    again = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n"
    message = fails(f"{MAP}---\n{again}")
    assert "ConfigMap a is declared 2 times: f.yaml:1 and f.yaml:5" in message
    other = MAP.replace("name: a", "name: b")
    documents = decode_documents(f"{MAP}---\n{again}---\n{other}", file="f.yaml")
    found, problems = collect_manifests(documents, source="s", revision="", default_namespace="shop")
    assert [m.ref.name for m in found] == ["b"]
    assert len(problems) == 1


def test_a_bad_object_hides_no_other() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- 3\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
    documents = decode_documents(text, file="f.yaml")
    found, problems = collect_manifests(documents, source="s", revision="", default_namespace="")
    assert [m.ref.name for m in found] == ["s"]
    assert [p.message for p in problems] == ["f.yaml: document 1, line 1: is a number, not a Kubernetes object"]


def test_place_sets_and_strips_the_namespace_in_a_copy() -> None:
    (found,) = manifests(MAP)
    placed = place(found, namespaced=True, default_namespace="shop")
    assert placed.ref.namespace == "shop"
    assert placed.body["metadata"] == {"name": "a", "namespace": "shop"}
    assert found.body["metadata"] == {"name": "a"}
    stripped = place(placed, namespaced=False, default_namespace="shop")
    assert stripped.ref.namespace == ""
    assert "namespace" not in stripped.body["metadata"]
    assert place(stripped, namespaced=False, default_namespace="x") is stripped
    assert place(placed, namespaced=True, default_namespace="x") is placed
