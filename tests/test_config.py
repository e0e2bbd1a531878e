"""Ignore and rules files: what is accepted, and one telling line for everything else."""

from typing import Any

import msgspec
import pytest

from drift.config import load_ignore_rules, load_policy, load_rules, normalize_time
from drift.core.errors import UsageError
from drift.core.rules import IgnoreRule, Rule


def decode(data: bytes, file: str) -> list[Any]:
    assert file == "f.yaml"
    return [msgspec.json.decode(part) for part in data.split(b"\n---\n") if part]


def ignore(content: Any) -> tuple[IgnoreRule, ...]:
    return load_ignore_rules(msgspec.json.encode(content), "f.yaml", decode)


def rules(content: Any) -> tuple[Rule, ...]:
    return load_rules(msgspec.json.encode(content), "f.yaml", decode)


def test_a_full_entry_is_read() -> None:
    entry = {
        "kinds": ["Deployment.apps"],
        "names": ["web-*"],
        "namespaces": ["shop"],
        "labels": {"app": "web"},
        "paths": ["/spec/replicas", "/metadata/annotations/a~1b"],
        "owners": ["kubectl-*"],
        "reason": "scaled by hand",
        "expires": "2026-08-01",
    }
    (rule,) = ignore([entry])
    assert rule.paths == ("/spec/replicas", "/metadata/annotations/a~1b")
    assert rule.expires == "2026-08-01T00:00:00Z"
    assert rule.labels == {"app": "web"}


def test_an_empty_file_has_no_rules() -> None:
    assert load_ignore_rules(b"", "f.yaml", decode) == ()


def test_entries_of_several_documents_are_counted_through() -> None:
    data = b'[{"names": ["a"]}]\n---\n[{"names": ["b"]}, {"nmaes": []}]'
    with pytest.raises(UsageError, match=r"f\.yaml: entry 3: unknown field nmaes: allowed are "):
        load_ignore_rules(data, "f.yaml", decode)


def test_rules_name_strategy_changes_and_settings() -> None:
    (rule,) = rules([{"strategy": "revert", "changes": ["modified"], "settings": {"wait": 3}}])
    assert (rule.strategy, rule.changes, rule.settings) == ("revert", ("modified",), {"wait": 3})


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"kinds": []}, "f.yaml: must be a YAML list of rules, got a mapping"),
        (["x"], "f.yaml: entry 1: must be a mapping with kinds, names"),
        ([{}], "f.yaml: entry 1: would ignore everything: give kinds,"),
        ([{"reason": "because"}], "f.yaml: entry 1: would ignore everything"),
        ([{"kinds": "Pod"}], "f.yaml: entry 1: field kinds: must be a list of strings, got a string"),
        ([{"kinds": ["Pod", 3]}], "f.yaml: entry 1: field kinds[1]: must be a string, got a number"),
        ([{"kinds": None}], "f.yaml: entry 1: field kinds: must be a list of strings, got null"),
        ([{"labels": ["a"]}], "f.yaml: entry 1: field labels: must be a mapping of strings, got a list"),
        ([{"labels": {"a": True}}], "f.yaml: entry 1: field labels[...]: must be a string, got true or false"),
        ([{"paths": ["spec.replicas"]}], "f.yaml: entry 1: field paths: 'spec.replicas' is no JSON Pointer"),
        ([{"paths": [""]}], "f.yaml: entry 1: field paths: '' is no JSON Pointer"),
        ([{"paths": ["/a~b"]}], "f.yaml: entry 1: field paths: '/a~b' is no JSON Pointer: write ~0 for ~"),
        ([{"names": ["a"]}, {"names": ["b"], "expires": "soon"}], "f.yaml: entry 2: field expires: 'soon' is not"),
        ([{"names": ["a"], "expires": 20260801}], "f.yaml: entry 1: field expires: must be a string, got a number"),
    ],
)
def test_a_wrong_ignore_file_is_one_line(content: Any, line: str) -> None:
    with pytest.raises(UsageError) as raised:
        ignore(content)
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ([{"kinds": ["Pod"]}], "f.yaml: entry 1: field strategy is missing"),
        ([{"strategy": "x", "changes": ["gone"]}], "f.yaml: entry 1: field changes: 'gone' is not one of missing"),
        ([{"strategy": "x", "settings": 1}], "f.yaml: entry 1: field settings: must be a mapping of"),
        ([{"strategy": "x", "reason": "y"}], "f.yaml: entry 1: unknown field reason: allowed are"),
    ],
)
def test_a_wrong_rules_file_is_one_line(content: Any, line: str) -> None:
    with pytest.raises(UsageError) as raised:
        rules(content)
    assert str(raised.value).startswith(line)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("2026-08-01", "2026-08-01T00:00:00Z"),
        ("2026-08-01T12:00:00Z", "2026-08-01T12:00:00Z"),
        ("2026-08-01T12:00:00+02:00", "2026-08-01T10:00:00Z"),
        ("2026-08-01t12:00:00.25z", "2026-08-01T12:00:00Z"),
    ],
)
def test_times_become_utc(given: str, normal: str) -> None:
    assert normalize_time(given) == normal


@pytest.mark.parametrize("text", ["", "20260801", "2026-W01-1", "2026-13-01", "2026-08-01T12:00:00", "2026-08-01T12Z"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the caller words the message
        normalize_time(text)


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ({"limits": {"max_share": 30}}, "limits: max_share is a share from 0 to 1, such as 0.3"),
        ({"limits": {"per_minute": -1}}, "limits: per_minute must not be negative; 0 is no limit"),
        ({"prometheus": {"url": "ftp://x"}}, "prometheus: 'ftp://x' is no address; write one like"),
        ({"prometheus": {"url": "http://x", "filter": "("}}, "prometheus: filter: '(' is no regular expression:"),
        ({"people": {"human": ["["]}}, "people: human: '[' is no regular expression:"),
        ({"pods": [{"selector": "a in ("}]}, "pods: selector 'a in (': cannot be read"),
        ({"lock": {"ttl": 0}}, "lock: ttl must be at least 1 second"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_when_it_is_read(policy: Any, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_policy(msgspec.json.encode(policy), "f.yaml", decode)
    assert str(caught.value).startswith(f"f.yaml: {line}")
