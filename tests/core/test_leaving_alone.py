"""A rule that hides a difference also keeps the repair from touching it."""

from typing import Any

import pytest

from drift.core.assess import Facts, assess
from drift.core.plan import Context
from drift.core.repairs import applicable
from drift.core.rules import IgnoreRule
from tests.core.examples import at, body, deployment, managed, manifest, put, schema_of, served, take

_WEB = "/spec/template/spec/containers/0"
_LEAF: dict[str, Any] = {}


def _applied(desired: Any, live: Any, *paths: str, manager: str = "daytwo") -> Any:
    schema, target = schema_of(desired["apiVersion"], desired["kind"]), manifest(desired)
    found = assess(target, live, schema, Facts(ignore=(IgnoreRule(paths=paths),)))
    assert found.ignored
    context = Context(
        ref=target.ref, source="s", revision="1", desired=desired, live=live, schema=schema, manager=manager,
        differences=found.differences, left_alone=found.ignored,
    )  # fmt: skip
    return applicable(context)


def test_a_field_that_somebody_else_owns_is_left_out() -> None:
    live = served(deployment())
    put(live, "/spec/replicas", 9)
    assert "replicas" not in _applied(deployment(), live, "/spec/replicas")["spec"]


def test_a_field_that_the_applying_manager_owns_keeps_its_live_value() -> None:
    live = served(deployment())
    put(live, "/spec/replicas", 9)
    live["metadata"]["managedFields"] = [managed("helm", {"f:spec": {"f:replicas": _LEAF}}, operation="Apply")]
    assert _applied(deployment(), live, "/spec/replicas", manager="helm")["spec"]["replicas"] == 9


def test_inside_what_is_atomic_the_live_value_is_applied() -> None:
    desired = deployment(container={"args": ["a", "b", "c"]})
    live = served(desired)
    put(live, f"{_WEB}/args", ["x", "b", "z"])
    applied = _applied(desired, live, f"{_WEB}/args/0")
    assert at(applied, f"{_WEB}/args") == ["x", "b", "c"]
    service = body("v1", "Service", spec={"selector": {"a": "b", "c": "d"}})
    edited = served(service)
    edited["spec"]["selector"]["c"] = "e"
    assert _applied(service, edited, "/spec/selector/c")["spec"]["selector"] == {"a": "b", "c": "e"}


def test_a_removed_item_stays_away_and_the_others_keep_their_place() -> None:
    desired = deployment(container={"env": [{"name": name, "value": "1"} for name in "ABC"]})
    live = served(desired)
    put(live, f"{_WEB}/env/2/value", "2")
    take(live, f"{_WEB}/env/0")
    applied = _applied(desired, live, f"{_WEB}/env/0", f"{_WEB}/env/2/value")
    assert at(applied, f"{_WEB}/env") == [{"name": "B", "value": "1"}, {"name": "C"}]


def test_a_whole_and_something_in_it_may_both_be_left_alone() -> None:
    live = served(deployment())
    take(live, "/spec/template/metadata")
    assert "metadata" not in _applied(deployment(), live, "/spec/template/**")["spec"]["template"]


@pytest.mark.parametrize("path", ["/data/p", "/data"])
def test_a_secrets_value_that_is_ignored_is_not_written(path: str) -> None:
    desired = body("v1", "Secret", stringData={"p": "x", "q": "y"})
    live = body("v1", "Secret", data={"p": "b3RoZXI=", "q": "eQ=="})
    applied = _applied(desired, live, path)
    assert applied["data"] == {"q": "eQ=="}
    assert "stringData" not in applied
