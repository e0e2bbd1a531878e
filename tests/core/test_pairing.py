from drift.core.objects import Manifest, ObjectRef, Provenance
from drift.core.pairing import claimed_twice, pair
from drift.core.scope import place
from tests.core.examples import body, manifest


def _named(name: str, source: str = "s") -> Manifest:
    return Manifest(ObjectRef("", "ConfigMap", "shop", name), "v1", {}, Provenance(source=source))


def test_desired_objects_are_matched_or_missing() -> None:
    one, two = _named("a"), _named("b")
    found = pair([one, two], {one.ref: 1, ObjectRef("", "ConfigMap", "shop", "other"): 2})
    assert found.matched == ((one, 1),)
    assert found.missing == (two,)


def test_what_two_sources_claim_is_told_with_both() -> None:
    claims = claimed_twice([_named("a", "y"), _named("a", "x"), _named("b", "x"), _named("b", "x")])
    assert claims == {ObjectRef("", "ConfigMap", "shop", "a"): ("x", "y")}


def test_a_namespace_is_set_or_taken_away_as_the_kind_has_it() -> None:
    given = manifest(body("v1", "ConfigMap"))
    assert place(given, namespaced=True, default_namespace="x") is given
    bare = manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    placed = place(bare, namespaced=True, default_namespace="x")
    assert (placed.ref.namespace, placed.body["metadata"]["namespace"]) == ("x", "x")
    assert "namespace" not in bare.body["metadata"]
    cluster = place(given, namespaced=False, default_namespace="x")
    assert cluster.ref.namespace == ""
    assert "namespace" not in cluster.body["metadata"]
