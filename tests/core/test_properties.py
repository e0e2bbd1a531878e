"""What must hold for every object: generated values under a schema of every list and map type."""

import copy
import unicodedata
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from drift.core.assess import Facts, assess
from drift.core.compare import compare, matches
from drift.core.nodes import Node
from drift.core.normalize import canonical
from drift.core.paths import pointer_of, tokens_of
from drift.core.plan import Apply, Context, Patch
from drift.core.redact import printable
from drift.core.repairs import revert
from drift.core.rules import pointer_matches
from drift.core.scalars import canonical_scalar, same_scalar
from drift.core.schema import KindSchema
from tests.core.examples import at, deployment, manifest, put, schema_of, served, thing
from tests.core.generated import SCHEMA, another, anything, leaves, scalars, shuffled, specs
from tests.core.simulation import applied, patched

_SPEC: Node = SCHEMA.root.field("spec")
_DEPLOYMENT = deployment(
    replicas=3,
    container={
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "x"}],
        "args": ["a", "b"],
        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
    },
    pod={"nodeSelector": {"a": "b"}, "volumes": [{"name": "v", "configMap": {"name": "c"}}]},
)


@given(specs)
def test_canonical_is_idempotent(spec: dict[str, Any]) -> None:
    once = canonical(spec, _SPEC)
    assert canonical(once, _SPEC) == once


@given(specs, st.integers())
def test_canonical_form_has_no_order(spec: dict[str, Any], seed: int) -> None:
    assert canonical(spec, _SPEC) == canonical(shuffled(spec, seed), _SPEC)


@given(specs)
def test_an_object_is_in_sync_with_itself(spec: dict[str, Any]) -> None:
    assert compare(thing(spec), copy.deepcopy(thing(spec)), SCHEMA) == ()


@given(specs, st.integers())
def test_order_never_matters(spec: dict[str, Any], seed: int) -> None:
    assert compare(thing(spec), thing(shuffled(spec, seed)), SCHEMA) == ()
    assert compare(thing(shuffled(spec, seed)), thing(spec), SCHEMA) == ()


@given(st.dictionaries(st.text(max_size=4), anything, max_size=4))
def test_without_a_schema_an_object_is_in_sync_with_itself(spec: dict[str, Any]) -> None:
    unknown = KindSchema.unknown("example.com/v1", "Thing")
    assert compare(thing(spec), copy.deepcopy(thing(spec)), unknown) == ()


@given(specs, specs)
def test_the_fast_answer_agrees_with_the_explanation(one: dict[str, Any], other: dict[str, Any]) -> None:
    edits = compare(thing(one), thing(other), SCHEMA)
    assert matches(thing(one), thing(other), SCHEMA) is (not edits)
    pointers = [edit.place.pointer for edit in edits]
    assert pointers == sorted(set(pointers))
    assert not any(a != b and b.startswith(f"{a}/") for a in pointers for b in pointers)


@given(specs, st.integers(), st.data())
def test_one_changed_scalar_is_told_exactly(spec: dict[str, Any], seed: int, data: st.DataObject) -> None:
    desired = thing(spec)
    paths = [path for path in leaves(spec) if not ({"keyed", "set"} & {path[0]} and path[-1] in {"name", len(path)})]
    paths = [path for path in paths if path[0] != "set"]
    assume(paths)
    pointer = "/spec" + pointer_of(data.draw(st.sampled_from(paths)))
    live = copy.deepcopy(desired)
    put(live, pointer, another(at(live, pointer)))
    assume(at(desired, pointer) not in {"1Gi", "1024Mi", "1000m", "500m", "0.5"})
    live["spec"] = shuffled(live["spec"], seed)
    assert [(edit.place.pointer, edit.op) for edit in compare(desired, live, SCHEMA)] == [(pointer, "changed")]


@given(st.sampled_from(list(leaves(_DEPLOYMENT["spec"]))))
def test_one_changed_scalar_of_a_deployment_is_told_exactly(path: tuple[str | int, ...]) -> None:
    assume(path[-1] not in {"name", "containerPort", "protocol"} or path[-2:] == ("configMap", "name"))
    live = served(_DEPLOYMENT)
    pointer = "/spec" + pointer_of(path)
    put(live, pointer, another(at(live, pointer)))
    edits = compare(_DEPLOYMENT, live, schema_of("apps/v1", "Deployment"))
    assert [(edit.place.pointer, edit.op) for edit in edits] == [(pointer, "changed")]


@given(specs, specs)
def test_carrying_out_the_plan_leaves_no_drift(one: dict[str, Any], other: dict[str, Any]) -> None:
    desired, live = thing(one), served(thing(other))
    target = manifest(desired)
    found = assess(target, live, SCHEMA, Facts())
    context = Context(
        ref=target.ref, source="s", revision="1", desired=desired, live=live, schema=SCHEMA,
        differences=found.differences,
    )  # fmt: skip
    plan = revert(context)
    for actions in (plan.actions, plan.fallback):
        after: Any = live
        for action in actions:
            assert isinstance(action, Apply | Patch)
            after = applied(action.body, after, SCHEMA) if isinstance(action, Apply) else patched(action, after)
        assert compare(desired, after, SCHEMA) == () or not actions


@given(st.lists(st.text(max_size=5) | st.integers(0, 99), max_size=5))
def test_pointers_are_read_back(tokens: list[str | int]) -> None:
    assert tokens_of(pointer_of(tokens)) == tuple(str(token) for token in tokens)


@given(st.lists(st.text(max_size=5), max_size=5))
def test_a_pointer_matches_itself_and_what_is_below(tokens: list[str]) -> None:
    pointer = pointer_of(tokens)
    assert pointer_matches(pointer, pointer)
    assert pointer_matches(pointer, f"{pointer}/x")


@given(scalars, scalars)
def test_scalars_are_equal_when_json_is(one: Any, other: Any) -> None:
    form = _SPEC.form
    assert same_scalar(one, other, form) is (type(one) is type(other) and one == other)
    assert canonical_scalar(canonical_scalar(one, form), form) == canonical_scalar(one, form)


@given(st.text(st.characters()))
def test_nothing_printable_acts_on_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    assert not any(unicodedata.bidirectional(char) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI"} for char in shown)
