"""Accepting live: the patch turns desired into what is live, whatever the difference, and reads the same everywhere."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from desired.decode import decode_documents
from drift.core.adoption import adopted, merge_patch, yaml_lines
from drift.core.assess import Facts, assess
from drift.core.compare import compare
from tests.core.examples import body, custom, deployment, manifest, put, served, take, thing
from tests.plugins.examples import context

CONTAINER = "/spec/template/spec/containers/0"
EDITS: dict[str, tuple[Any, Any]] = {
    "scalar": (deployment(), lambda live: put(live, "/spec/replicas", 5)),
    "in a keyed list": (deployment(), lambda live: put(live, f"{CONTAINER}/image", "nginx:2")),
    "item gone": (
        deployment(container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
        lambda live: take(live, f"{CONTAINER}/env/0"),
    ),
    "member gone": (
        deployment(container={"resources": {"limits": {"cpu": "1"}}}),
        lambda live: take(live, f"{CONTAINER}/resources/limits"),
    ),
    "ordered list": (deployment(container={"args": ["a", "b"]}), lambda live: put(live, f"{CONTAINER}/args/1", "c")),
    "ordered list, longer": (
        deployment(container={"args": ["a"]}),
        lambda live: put(live, f"{CONTAINER}/args", ["a", "b", "c"]),
    ),
    "map entry": (body("v1", "ConfigMap", data={"a": "1", "b": "2"}), lambda live: take(live, "/data/a")),
    "label": (
        body("v1", "ConfigMap", metadata={"labels": {"a": "b"}}),
        lambda live: put(live, "/metadata/labels/a", "c"),
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_was_adopted_does_not_drift_any_more(case: str) -> None:
    desired, edit = EDITS[case]
    before, live = copy.deepcopy(desired), served(desired)
    edit(live)
    known = context(desired, live)
    assert known.differences
    result = adopted(desired, live, known.differences, known.schema.root)
    assert desired == before
    assert not compare(result, live, known.schema)
    patched = merged(desired, merge_patch(desired, result))
    assert json.dumps(patched, sort_keys=True) == json.dumps(result, sort_keys=True)


def test_a_custom_list_without_keys_is_taken_whole() -> None:
    schema = custom({"parts": {"type": "array", "items": {"type": "object"}}})
    desired, live = thing({"parts": [{"a": 1}]}), served(thing({"parts": [{"a": 2}, {"b": 3}]}))
    differences = assess(manifest(desired), live, schema, Facts()).differences
    assert adopted(desired, live, differences, schema.root)["spec"] == {"parts": [{"a": 2}, {"b": 3}]}


def merged(before: Any, patch: Any) -> Any:
    """RFC 7386, as the document states it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_makes_one_of_the_other(before: Any, after: Any) -> None:
    patched = merged(before, merge_patch(before, after))
    assert json.dumps(patched, sort_keys=True) == json.dumps(after, sort_keys=True)


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))), VALUES, min_size=1))
def test_the_yaml_is_read_as_it_was_meant_by_strict_and_lax_readers(value: Any) -> None:
    text = "\n".join(yaml_lines(value)) + "\n"
    (document,) = decode_documents(text.encode(), file="patch.yaml")
    assert document.value == value
    if text.isprintable():
        assert yaml.safe_load(text) == value


def test_numbers_that_look_alike_are_told_apart() -> None:
    assert merge_patch({"a": True, "b": 1}, {"a": 1, "b": 1.0}) == {"a": 1, "b": 1.0}
