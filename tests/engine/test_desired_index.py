"""The desired index: what must be looked at again, and who claims what."""

from typing import Any

import pytest

from drift.core.objects import GroupKind, Manifest, ObjectRef, Provenance, ref_of
from drift.core.reasons import Reason
from drift.engine.desired_index import DesiredIndex, in_order
from drift.source import DesiredState, Hold


def config(name: str, namespace: str = "shop", **data: str) -> Manifest:
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }
    return Manifest(ref_of(body), "v1", body, Provenance(source="s"))


def state(*manifests: Manifest, source: str = "s", revision: str = "1", hold: Hold | None = None) -> DesiredState:
    return DesiredState(source, revision, manifests, hold=hold)


def ref(name: str) -> ObjectRef:
    return ObjectRef("", "ConfigMap", "shop", name)


def test_a_new_state_wants_all_its_objects_looked_at() -> None:
    index = DesiredIndex()
    assert index.put(state(config("a"), config("b"))) == {ref("a"), ref("b")}
    assert len(index) == 2


def test_a_new_revision_wants_only_what_changed_or_went() -> None:
    index = DesiredIndex()
    index.put(state(config("a", k="1"), config("b"), config("c")))
    changed = index.put(state(config("a", k="2"), config("b"), revision="2"))
    assert changed == {ref("a"), ref("c")}
    assert ref("c") not in index


def test_a_hold_that_comes_or_goes_concerns_every_object() -> None:
    index = DesiredIndex()
    index.put(state(config("a"), config("b")))
    held = state(config("a"), config("b"), hold=Hold(Reason.HELM_IN_FLIGHT, "in flight"))
    assert index.put(held) == {ref("a"), ref("b")}


@pytest.mark.parametrize("size", [1, 5000])
def test_a_manifest_comes_back_as_it_was_put(size: int) -> None:
    index = DesiredIndex()
    index.put(state(config("a", key="x" * size)))
    found = index.manifest(ref("a"))
    assert found is not None
    manifest, source = found
    assert manifest.body["data"] == {"key": "x" * size}
    assert (manifest.provenance.source, source.revision) == ("s", "1")


def test_two_sources_of_one_object_are_both_named_until_one_lets_go() -> None:
    index = DesiredIndex()
    index.put(state(config("a", k="1"), source="one"))
    index.put(state(config("a", k="2"), source="two"))
    assert index.claims(ref("a")) == ("one", "two")
    assert index.remove("one") == {ref("a")}
    assert index.claims(ref("a")) == ("two",)
    assert ref("a") in index


def test_the_stamp_follows_the_content_and_not_the_revision() -> None:
    index = DesiredIndex()
    index.put(state(config("a", k="1")))
    before = index.stamp(ref("a"))
    index.put(state(config("a", k="1"), revision="2"))
    assert index.stamp(ref("a")) == before
    index.put(state(config("a", k="2"), revision="3"))
    assert index.stamp(ref("a")) != before


def test_kinds_and_namespaces_are_forgotten_with_their_last_object() -> None:
    index = DesiredIndex()
    index.put(state(config("a"), config("b", namespace="other")))
    assert index.kinds() == {GroupKind("", "ConfigMap"): {"shop", "other"}}
    index.put(state(config("a"), revision="2"))
    assert index.kinds() == {GroupKind("", "ConfigMap"): {"shop"}}
    index.remove("s")
    assert index.kinds() == {}


def test_what_others_need_is_created_first() -> None:
    kinds = ["Deployment", "Service", "Namespace", "ConfigMap", "Widget", "CustomResourceDefinition", "Role"]
    manifests = [Manifest(ObjectRef("", kind, "", "x"), "v1", {}) for kind in kinds]
    assert [manifest.ref.kind for manifest in in_order(manifests)] == [
        "Namespace", "CustomResourceDefinition", "Role", "ConfigMap", "Service", "Deployment", "Widget",
    ]  # fmt: skip
