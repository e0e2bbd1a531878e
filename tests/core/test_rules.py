import pytest

from drift.core.objects import ObjectRef
from drift.core.rules import (
    DEFAULT_RULES,
    IgnoreRule,
    Selector,
    active,
    matches_difference,
    matches_object,
    pointer_matches,
    whole_object,
)

_WEB = ObjectRef("apps", "Deployment", "shop", "web")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(), True),
        (Selector(kinds=("Deployment",)), True),
        (Selector(kinds=("deployment.apps",)), True),
        (Selector(kinds=("Deployment.*",)), True),
        (Selector(kinds=("Deployment.example.com",)), False),
        (Selector(kinds=("StatefulSet", "Deploy*")), True),
        (Selector(names=("w*",), namespaces=("shop", "other")), True),
        (Selector(names=("W*",)), False),
        (Selector(namespaces=("sh",)), False),
        (Selector(labels={"a": "b"}), True),
        (Selector(labels={"a": "b", "c": "d"}), False),
    ],
)
def test_objects_are_selected(selector: Selector, expected: bool) -> None:
    assert matches_object(selector, _WEB, {"a": "b"}) is expected


@pytest.mark.parametrize(
    ("pattern", "pointer", "expected"),
    [
        ("/spec", "/spec/replicas", True),
        ("/spec/replicas", "/spec", False),
        ("/spec/*/name", "/spec/x/name", True),
        ("/spec/*/name", "/spec/x/y/name", False),
        ("/spec/**", "/spec/x/y/name", True),
        ("/metadata/annotations/example.com~1*", "/metadata/annotations/example.com~1a", True),
        ("/data/a[0]", "/data/a[0]", True),
        ("/data/a[0]", "/data/a0", True),
        ("/data/?", "/data/?", True),
        ("", "/anything", True),
        ("/spec/replica", "/spec/replicas", False),
    ],
)
def test_pointers_are_matched(pattern: str, pointer: str, expected: bool) -> None:
    assert pointer_matches(pattern, pointer) is expected


def test_differences_are_selected_by_path_and_owner() -> None:
    selector = Selector(paths=("/spec/replicas",), owners=("kubectl*",))
    assert matches_difference(selector, "/spec/replicas", "kubectl-edit")
    assert not matches_difference(selector, "/spec/replicas", "")
    assert not matches_difference(selector, "/spec/paused", "kubectl")
    assert not whole_object(selector)
    assert whole_object(Selector(kinds=("Job",)))


@pytest.mark.parametrize(
    ("expires", "now", "expected"),
    [
        ("", "2026-01-01T00:00:00Z", True),
        ("2026-01-01T12:00:00Z", "", True),
        ("2026-01-01T12:00:00Z", "2026-01-01T11:59:59Z", True),
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", False),
        ("2026-01-01T12:00:00+05:00", "2026-01-01T08:00:00Z", False),
        ("2026-01-01T12:00:00Z", "2026-01-01T13:30:00.5+02:00", True),
        ("2026-01-02", "2026-01-01T23:00:00Z", True),
        ("2026-01-02", "2026-01-02T01:00:00Z", False),
        ("soon", "2026-01-01T00:00:00Z", True),
    ],
)
def test_an_ignore_rule_ends_when_it_says(expires: str, now: str, expected: bool) -> None:
    assert active(IgnoreRule(expires=expires), now) is expected


def test_by_default_what_is_missing_is_recreated_and_what_was_edited_reverted() -> None:
    assert [(rule.changes, rule.strategy) for rule in DEFAULT_RULES][:2] == [
        (("missing",), "recreate"),
        (("modified",), "revert"),
    ]
