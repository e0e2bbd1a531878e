"""Documents: bounded, named by their place, JSON and YAML alike."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired.decode import Limits, decode_documents, decode_tolerant
from drift.core.errors import DecodeError
from drift.core.reasons import Reason


def values(text: str | bytes, **options: Any) -> list[Any]:
    return [document.value for document in decode_documents(text, file="f.yaml", **options)]


def fails(text: str | bytes, **options: Any) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_documents(text, file="f.yaml", **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_documents_keep_their_place_and_empty_ones_are_skipped() -> None:
    text = "# head\n---\n# only a comment\n---\na: 1\n---\n---\nnull\n--- # note\n# Source: x\nb: 2\n"
    found = decode_documents(text, file="f.yaml")
    assert [(d.index, d.line, d.value) for d in found] == [(2, 5, {"a": 1}), (5, 11, {"b": 2})]
    assert str(found[1]) == "f.yaml: document 5, line 11"


@pytest.mark.parametrize("text", ["", "\n", "---\n", "# nothing\n", "---\n---\n# x\n", "\ufeff"])
def test_nothing_is_nothing(text: str) -> None:
    assert values(text) == []


def test_a_duplicate_key_names_document_and_line() -> None:
    message = fails("x: 1\n---\nspec:\n  a: 1\n  b: 2\n  a: 3\n")
    assert message == "f.yaml: document 2, line 6: the key 'a' stands twice in one mapping; delete one"


def test_equal_keys_may_be_allowed_and_then_the_last_wins() -> None:
    assert values("a: 1\na: 2\n", duplicate_keys=True) == [{"a": 2}]
    assert values('{"a": 1, "a": 2}', duplicate_keys=True) == [{"a": 2}]


def test_keys_that_become_equal_in_json_are_duplicates() -> None:
    assert "'1' stands twice" in fails("1: a\n'1': b\n")


def test_a_key_written_twice_after_a_merge_is_a_duplicate() -> None:
    assert values("<<: {a: 1}\na: 2\n") == [{"a": 2}]
    assert "'a' stands twice" in fails("<<: {a: 1}\na: 2\na: 3\n")
    assert "'a' stands twice" in fails("a: 2\n<<: {a: 1}\na: 3\n")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [1\nb: 2\n", "line 2: did not find expected"),
        ("a:\n\t- b\n", "line 2: found character"),
        ('a: "x\\/y"\n', "line 1: found unknown escape character"),
        ("%YAML 1.2\n---\na: 1\n", "%YAML 1.1 is the only version"),
        ("a: *b\n", "line 1: unknown anchor 'b'"),
        ("a: &a [*a]\n", "contains itself"),
        ("a: 1\nb: \x01\n", "line 2: the control character U+0001"),
        ("<<: 3\n", "a merge key (<<) needs a mapping"),
        (b"a: \xff\n", "line 1: is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "is UTF-16 or UTF-32; save it as UTF-8"),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str | bytes, part: str) -> None:
    message = fails(text)
    assert message.startswith("f.yaml: ")
    assert part in message


def test_a_message_never_quotes_a_value() -> None:
    for text in ("a: hunter2: b\n", "password: !!int hunter2\n", "a: 'hunter2\n", "x: !!binary hunter2*\n"):
        assert "hunter2" not in fails(text)


def test_escapes_are_checked_only_where_they_count() -> None:
    assert values("a: 'x\\/y'\nb: \"x\\\\/y\"\nc: x\\/y\n") == [{"a": "x\\/y", "b": "x\\/y", "c": "x\\/y"}]
    assert values('{"a": "x\\/y"}') == [{"a": "x/y"}]


def test_a_windows_byte_order_mark_is_dropped() -> None:
    assert values(b"\xef\xbb\xbfa: 1\r\nb: x\r\n") == [{"a": 1, "b": "x"}]


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def test_billion_laughs_is_refused_quickly() -> None:
    start = time.perf_counter()
    assert "aliases are expanded" in fails(BOMB) or "aliasing" in fails(BOMB)
    assert time.perf_counter() - start < 0.5


def test_a_large_text_behind_many_aliases_is_refused() -> None:
    text = f"a: &a {'x' * 100_000}\nb:\n" + "".join("- *a\n" for _ in range(900))
    assert "bytes of text once aliases are expanded" in fails(text)


def test_ordinary_aliases_are_fine() -> None:
    text = "a: &a {x: 1, z: [1, 2]}\nb:\n" + "".join("- *a\n" for _ in range(200))
    (value,) = values(text)
    assert value["b"][199] == {"x": 1, "z": [1, 2]}


@pytest.mark.parametrize("text", ["[" * 3000, "[" * 3000 + "]" * 3000, '{"a":' * 3000 + "1" + "}" * 3000, "- " * 3000])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "f.yaml: " in fails(text)
    assert values("[" * 99 + "]" * 99)


def test_too_many_values_and_bytes_are_refused() -> None:
    small = Limits(bytes=1000, nodes=50)
    assert "more than 50 values" in fails("- 1\n" * 60, limits=small)
    assert "more than 50 values" in fails(json.dumps([1] * 60), limits=small)
    assert "larger than 1000 bytes" in fails("a" * 1001, limits=small)
    assert values(json.dumps(["a,b,c," * 20]), limits=small) == [["a,b,c," * 20]]


def test_json_comes_one_object_after_the_other() -> None:
    found = decode_documents('{"a": 1.0}\n{"b": 9223372036854775808, "c": 1e3}', file="f.json")
    assert [(d.index, d.line, d.value) for d in found] == [(1, 1, {"a": 1}), (2, 2, {"b": 2.0**63, "c": 1000})]


def test_duplicate_keys_of_json_are_refused_with_their_line() -> None:
    assert "line 3: the key 'a' stands twice" in fails('{"x": {\n"a": 1,\n"a": 2}}')
    assert "'a' stands twice" in fails('{"x\\/": {"a": 1, "a": 2}}')


def test_half_a_surrogate_pair_becomes_what_go_makes_of_it() -> None:
    assert values('{"a": "\\ud800x", "b": "\\ud83d\\ude00"}') == [{"a": "\ufffdx", "b": "\U0001f600"}]


def test_yaml_in_flow_style_and_mixed_streams_are_read() -> None:
    assert values("{a: 1, b: [x]}") == [{"a": 1, "b": ["x"]}]
    assert values('{"a": 1}\n---\nb: 2\n') == [{"a": 1}, {"b": 2}]
    assert "line 1" in fails('{"a": 1')


def test_a_bad_document_hides_no_other() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\nd: 4\n"
    documents, problems = decode_tolerant(text, file="f.yaml", source="files:f.yaml")
    assert [(d.index, d.line, d.value) for d in documents] == [(1, 1, {"a": 1}), (4, 8, {"d": 4})]
    assert [problem.reason for problem in problems] == [Reason.DESIRED_INVALID] * 2
    assert problems[0].message.startswith("f.yaml: document 2, line ")
    assert problems[1].message.startswith("f.yaml: document 3, line 6: the key 'c'")


def test_the_tolerant_form_shares_one_budget() -> None:
    bombs = "\n---\n".join([BOMB] * 5 + ["ok: 1"])
    _, problems = decode_tolerant(bombs, file="f.yaml")
    assert len(problems) >= 5


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN.filter(lambda value: value is not None))
def test_json_reads_back(value: Any) -> None:
    assert values(json.dumps([value])) == [[value]]


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(DecodeError):
        decode_documents(text, file="f.yaml")
