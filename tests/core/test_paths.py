from typing import Any

import pytest

from drift.core.paths import Token, locate, pointer_of, tokens_of
from tests.core.examples import deployment, schema_of

_ROOT = schema_of("apps/v1", "Deployment").root
_WEB: tuple[Token, ...] = ("spec", "template", "spec", "containers", ("web",))


@pytest.mark.parametrize(
    ("tokens", "pointer"),
    [
        ((), ""),
        (("",), "/"),
        (("a/b", "c~d", "~1"), "/a~1b/c~0d/~01"),
        (("a.b[0]", "ключ", " "), "/a.b[0]/ключ/ "),
        (("list", "0"), "/list/0"),
    ],
)
def test_pointers_are_escaped_as_rfc_6901_says(tokens: tuple[str, ...], pointer: str) -> None:
    assert pointer_of(tokens) == pointer
    assert tokens_of(pointer) == tokens


def test_indexes_of_keyed_items_are_those_of_each_side() -> None:
    desired: Any = deployment(container={"env": [{"name": "A", "value": "1"}]})
    live = deployment(container={"env": [{"name": "X"}, {"name": "A", "value": "2"}]})
    place = locate((*_WEB, "env", ("A",), "value"), _ROOT, desired=desired, live=live)
    assert place.pointer == "/spec/template/spec/containers/0/env/0/value"
    assert place.live_pointer == "/spec/template/spec/containers/0/env/1/value"
    assert (place.desired, place.live) == ("1", "2")
    assert place.display == "spec.template.spec.containers[name=web].env[name=A].value"
    assert place.atomic_depth is None


def test_a_place_that_only_one_side_has() -> None:
    only_live = locate(("spec", "paused"), _ROOT, desired={"spec": {}}, live={"spec": {"paused": True}})
    assert (only_live.pointer, only_live.live_pointer, only_live.desired) == ("/spec/paused", "/spec/paused", None)
    only_desired = locate(("spec", "paused"), _ROOT, desired={"spec": {"paused": True}}, live={})
    assert (only_desired.pointer, only_desired.live_pointer) == ("/spec/paused", "")
    assert locate(("spec", "paused"), _ROOT, desired={}, live={}).pointer == ""


def test_the_outermost_atomic_value_is_known_and_whether_it_was_resized() -> None:
    path: tuple[Token, ...] = ("spec", "selector", "matchLabels", "app")
    assert locate(path, _ROOT, desired=deployment(), live=deployment()).atomic_depth == 2
    one, other = deployment(container={"args": ["a"]}), deployment(container={"args": ["a", "b"]})
    place = locate((*_WEB, "args", 0), _ROOT, desired=one, live=other)
    assert (place.atomic_depth, place.resized) == (6, True)
    assert not locate((*_WEB, "args", 0), _ROOT, desired=one, live=one).resized


@pytest.mark.parametrize(
    ("token", "shown"),
    [("plain-name_1", "plain-name_1"), ("a.b/c", "[a.b/c]"), ("", "[]"), ("a b", "[a b]"), ("[x]", "[[x]]")],
)
def test_names_that_are_not_plain_are_shown_in_brackets(token: str, shown: str) -> None:
    root = schema_of("v1", "ConfigMap").root
    place = locate(("data", token), root, desired={"data": {token: "v"}}, live={})
    assert place.display == ("data" + (f".{shown}" if shown == token else shown))


def test_no_value_shows_in_the_text_of_a_place() -> None:
    place = locate(("data", "a"), schema_of("v1", "Secret").root, desired={"data": {"a": "hidden"}}, live={})
    assert "hidden" not in repr(place)
