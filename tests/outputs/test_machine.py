"""JSON, YAML and JSON lines: one stable document, whole, and the same in each."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drift.core.errors import UsageError
from drift.outputs import FORMATS, RenderOptions, render
from drift.outputs.yaml_text import dump_yaml
from tests.outputs.examples import NOW, changed, drifted, one_of_everything

OPTIONS = RenderOptions(now=NOW)


def document(fmt: str, *, every: bool = False) -> Any:
    text = render(one_of_everything(), fmt, RenderOptions(every=every))
    return json.loads(text) if fmt == "json" else yaml.safe_load(text)


def test_the_document_is_the_stable_form() -> None:
    content = document("json")
    assert content["schemaVersion"] == "1"
    assert content["summary"] == {
        "objects": 4, "inSync": 1, "drifted": 1, "missing": 1, "unknown": 1, "ignored": 0,
    }  # fmt: skip
    assert [item["state"] for item in content["objects"]] == ["Unknown", "Missing", "Drifted"]
    assert content["objects"][2]["differences"][0] == {
        "path": "/spec/replicas",
        "display": "spec.replicas",
        "op": "changed",
        "desired": 2,
        "live": 5,
        "owner": {
            "manager": "kubectl",
            "operation": "Update",
            "subresource": "scale",
            "time": "2026-03-01T11:59:30Z",
        },
    }


def test_objects_in_sync_come_with_all() -> None:
    assert len(document("json", every=True)["objects"]) == 4


def test_yaml_is_the_same_document() -> None:
    assert document("yaml") == document("json")


def test_json_lines_begin_with_the_summary() -> None:
    first, *objects = [json.loads(line) for line in render(one_of_everything(), "jsonl", OPTIONS).splitlines()]
    whole = document("json")
    assert objects == whole.pop("objects")
    assert first == whole


def test_values_are_never_cut() -> None:
    content = drifted(changed("data.conf", "x" * 500, "y\n" * 500))
    for fmt in ("json", "yaml", "jsonl"):
        text = render(content, fmt, OPTIONS)
        assert "x" * 500 in text


@pytest.mark.parametrize("text", ["yes", "null", "1e3", "0o17", "0x1F", "1_000", "2026-01-01", "12:30:45", "", "~"])
def test_yaml_quotes_what_looks_like_another_type(text: str) -> None:
    assert dump_yaml({"a": text}) in (f'a: "{text}"\n', f"a: '{text}'\n")


def test_yaml_has_no_aliases() -> None:
    shared = {"a": [1]}
    assert dump_yaml([shared, shared]) == "- a:\n  - 1\n- a:\n  - 1\n"


_SCALARS = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_yaml_reads_back_as_the_same_value(content: Any) -> None:
    assert yaml.safe_load(dump_yaml(content)) == content


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no output format 'xml': choose one of table, diff, json, yaml, jsonl"):
        render(one_of_everything(), "xml", OPTIONS)
    assert list(FORMATS) == ["table", "diff", "json", "yaml", "jsonl"]
