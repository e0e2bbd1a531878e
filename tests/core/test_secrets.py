"""Promise P22 at its root: no value of a Secret can be reached from what the core says about it."""

import base64
import copy
import json
import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from drift.core.assess import Assessment, Facts, assess
from drift.core.compare import compare
from drift.core.objects import ObjectRef
from drift.core.plan import Context
from drift.core.redact import masked, printable, sign
from drift.core.repairs import revert
from drift.core.report import Report
from tests.core.examples import body, managed, manifest, schema_of, served

_OLD, _NEW = "hunter2-old", "hunter2-new"
_SCHEMA = schema_of("v1", "Secret")
_REF = ObjectRef("", "Secret", "shop", "web")


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _secret(**members: Any) -> dict[str, Any]:
    return body("v1", "Secret", **members)


def _copy_of(value: str) -> dict[str, Any]:
    text = json.dumps({"kind": "Secret", "data": {"p": value}})
    return {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}}


def _spellings(text: str) -> list[str]:
    return [text, _b64(text), _b64(_b64(text)), text.encode().hex()]


def _all_words(found: Assessment) -> str:
    report = Report("test", (found,))
    parts: list[Any] = [report, found, *found.differences, *found.notes, *found.ignored]
    return "\n".join(
        [*map(repr, parts), *map(str, parts), json.dumps(report.document(every=True)), repr(msgspec.to_builtins(found))]
    )


_CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a changed value": (_secret(data={"p": _b64(_OLD)}), _secret(data={"p": _b64(_NEW)})),
    "stringData": (_secret(stringData={"p": _OLD}), _secret(data={"p": _b64(_NEW)})),
    "a removed value": (_secret(data={"p": _b64(_OLD), "q": ""}), _secret(data={"q": ""})),
    "data removed": (_secret(data={"p": _b64(_OLD)}), _secret()),
    "data null": (_secret(data={"p": _b64(_OLD)}), _secret(data=None)),
    "data of another type": (_secret(data={"p": _b64(_OLD)}), _secret(data=[_b64(_NEW)])),
    "data as text": (_secret(data=_b64(_OLD)), _secret(data={"p": _b64(_NEW)})),
    "a nested value": (_secret(data={"p": {"q": [_OLD]}}), _secret(data={"p": {"q": [_NEW]}})),
    "a number": (_secret(stringData={"p": 4711}), _secret(data={"p": _b64(_NEW)})),
    "no base64": (_secret(data={"p": _OLD}), _secret(data={"p": _NEW})),
    "a copy in an annotation": (_secret(metadata=_copy_of(_OLD)), _secret(metadata=_copy_of(_NEW))),
    "a copy of another tool": (
        _secret(metadata={"annotations": {"example.com/state": json.dumps({"p": _OLD})}}),
        _secret(metadata={"annotations": {"example.com/state": json.dumps({"p": _NEW})}}),
    ),
    "a packed copy": (
        _secret(metadata={"annotations": {"objectset.rio.cattle.io/applied": _b64(_OLD)}}),
        _secret(metadata={"annotations": {"objectset.rio.cattle.io/applied": _b64(_NEW)}}),
    ),
    "metadata gone with a copy": (_secret(metadata=_copy_of(_OLD)), {"apiVersion": "v1", "kind": "Secret"}),
    "annotations gone with a copy": (_secret(metadata=_copy_of(_OLD)), _secret()),
}


@pytest.mark.parametrize("name", _CASES)
def test_a_change_of_a_secret_is_told_and_its_values_are_not(name: str) -> None:
    desired, live = _CASES[name]
    found = assess(manifest(desired), live, _SCHEMA, Facts())
    assert found.differences
    words = _all_words(found)
    for text in (*_spellings(_OLD), *_spellings(_NEW), "4711"):
        assert text not in words
    assert {"*** (desired)", "*** (live)"} & set(_strings(found))


def _strings(found: Assessment) -> list[str]:
    def walk(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for member in value.values() for text in walk(member)]
        return [value] if isinstance(value, str) else []

    return [text for item in found.differences for text in (*walk(item.desired), *walk(item.live))]


def test_an_addition_to_a_secret_is_masked() -> None:
    live = _secret(data={"p": _b64(_OLD), "q": _b64(_NEW)}, metadata={"annotations": {"note": _NEW}})
    live["metadata"]["managedFields"] = [managed("kubectl-edit", {"f:data": {"f:q": {}}})]
    found = assess(manifest(_secret(data={"p": _b64(_OLD)})), live, _SCHEMA, Facts())
    assert [(item.path, item.live) for item in found.differences] == [("/data/q", "*** (live)")]
    assert not any(text in _all_words(found) for text in (*_spellings(_OLD), *_spellings(_NEW)))


def test_labels_type_and_plain_annotations_of_a_secret_are_shown() -> None:
    desired = _secret(type="a", metadata={"labels": {"l": "1"}, "annotations": {"n": "x"}})
    live = _secret(type="b", metadata={"labels": {"l": "2"}, "annotations": {"n": "y"}})
    found = assess(manifest(desired), live, _SCHEMA, Facts())
    shown = {item.path: (item.desired, item.live) for item in found.differences}
    assert shown == {"/type": ("a", "b"), "/metadata/labels/l": ("1", "2"), "/metadata/annotations/n": ("x", "y")}


def test_only_core_secrets_are_masked() -> None:
    other = ObjectRef("secrets.example.com", "Secret", "a", "b")
    assert masked(other, ("data", "p"), "x", "live") == "x"
    assert masked(_REF, ("data", "p"), "x", "live") == "*** (live)"
    assert masked(_REF, ("data", "p"), None, "live") is None


def test_no_raw_value_shows_in_the_text_of_what_the_core_hands_around() -> None:
    desired, live = _secret(data={"p": _b64(_OLD)}), served(_secret(data={"p": _b64(_NEW)}))
    target = manifest(desired)
    edits = compare(desired, live, _SCHEMA)
    found = assess(target, live, _SCHEMA, Facts())
    context = Context(
        ref=target.ref, source="s", revision="1", desired=desired, live=live, schema=_SCHEMA,
        differences=found.differences,
    )  # fmt: skip
    plan = revert(context)
    words = "".join(map(repr, (target, edits, *(edit.place for edit in edits), context, plan)))
    assert not any(text in words for text in (*_spellings(_OLD), *_spellings(_NEW)))


def test_facts_are_equal_for_equal_values_and_different_for_different_ones() -> None:
    desired, live = _secret(data={"p": _b64(_OLD)}), _secret(data={"p": _b64(_NEW)})

    def fact(live: Any) -> str:
        (difference,) = assess(manifest(desired), live, _SCHEMA, Facts()).differences
        return difference.fact

    assert fact(live) == fact(copy.deepcopy(live))
    assert fact(live) != fact(_secret(data={"p": _b64("other")}))
    assert sign({"a": 1, "b": [2]}) == sign({"b": [2], "a": 1})


def test_facts_cannot_be_guessed_from_outside_the_process() -> None:
    code = "from drift.core.redact import sign; print(sign('hunter2'))"
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    seen = {
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text é 漢", "plain text é 漢"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()
