"""Guards as documents: what is read, and by which field's name everything else is refused."""

import copy
from typing import Any

import msgspec
import pytest

from drift.controller.model import ClusterDriftGuard, DriftGuard
from drift.controller.validity import read_guard
from drift.core import budget, policy, rules, windows
from drift.core.errors import UsageError
from tests.controller.guards import FULL, WRONG, cluster_guard, guard


def test_a_full_guard_is_read_and_written_as_it_was() -> None:
    found = read_guard(FULL)
    assert isinstance(found, DriftGuard)
    written = msgspec.to_builtins(found)
    assert read_guard(written) == found
    assert written["spec"]["limits"]["perMinute"] == 30


def test_clauses_are_the_values_of_the_core() -> None:
    spec = read_guard(FULL).spec
    assert isinstance(spec.rules[0], rules.Rule)
    assert isinstance(spec.ignore[0], rules.IgnoreRule)
    assert isinstance(spec.windows[0], windows.Window)
    assert isinstance(spec.limits, budget.Limits)
    assert isinstance(spec.prometheus, policy.Prometheus)
    assert isinstance(spec.people, policy.People)


def test_the_defaults_write_nothing() -> None:
    spec = read_guard(guard()).spec
    assert (spec.mode, spec.suspend, spec.scope, spec.service_account_name) == (
        "observe",
        False,
        "declared",
        "default",
    )


@pytest.mark.parametrize(("spec", "field"), WRONG, ids=[f"{field}-{number}" for number, (_, field) in enumerate(WRONG)])
def test_a_wrong_guard_is_refused_by_the_name_of_its_field(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_guard(guard(**spec))
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"windows": [{"timezone": "Europe/Berlyn"}]}, "spec.windows[0]"),
        ({"pods": [{"selector": "!!"}]}, "spec.pods[0].selector"),
        ({"people": {"human": ["("]}}, "spec.people.human[0]"),
        ({"ignore": [{"kinds": ["Pod"], "expires": "2026-02-31"}]}, "spec.ignore[0].expires"),
        (
            {"source": {"helm": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}}},
            "spec.source.helm.selector.matchExpressions[0].values",
        ),
    ],
)
def test_what_no_schema_can_say_is_refused_too(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_guard(guard(**spec))
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "a guard is a mapping"),
        ({"apiVersion": "v1", "kind": "Pod"}, "kind DriftGuard or ClusterDriftGuard"),
        ({**FULL, "metadata": {}}, "metadata.name: is missing"),
        ({key: FULL[key] for key in FULL if key != "spec"}, "spec: is missing"),
    ],
)
def test_what_is_no_guard_is_refused(document: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_guard(document)


def test_a_cluster_guard_chooses_namespaces() -> None:
    selector = {
        "matchLabels": {"team": "shop"},
        "matchExpressions": [
            {"key": "env", "operator": "NotIn", "values": ["dev", "test"]},
            {"key": "guarded", "operator": "Exists"},
            {"key": "frozen", "operator": "DoesNotExist"},
        ],
    }
    found = read_guard(cluster_guard(namespaceSelector=selector))
    assert isinstance(found, ClusterDriftGuard)
    assert str(found.spec.namespace_selector) == "team=shop,env notin (dev,test),guarded,!frozen"


def test_a_namespaced_guard_chooses_none() -> None:
    with pytest.raises(UsageError, match=r"spec\.namespaceSelector: unknown field"):
        read_guard(guard(namespaceSelector={}))


def test_namespaces_are_chosen_for_releases_only() -> None:
    wrong = cluster_guard(namespaceSelector={}, source={"chart": {"path": "/charts/web"}})
    with pytest.raises(UsageError, match=r"spec\.namespaceSelector: chooses namespaces of Helm releases"):
        read_guard(wrong)


def test_what_the_server_adds_to_metadata_is_no_fault() -> None:
    stored = copy.deepcopy(FULL)
    stored["metadata"] |= {"uid": "1", "generation": 2, "managedFields": [{}], "annotations": {"a": "b"}}
    assert read_guard(stored).metadata.generation == 2
