"""Strategies that write for people: the mark on the object, the patch for git."""

import json
from typing import Any

import pytest
import yaml

from drift.cli.logs import log_records
from drift.core.assess import Assessment, State
from drift.core.contract import plan_fault
from drift.core.marks import DRIFT_MARK, MARK_MANAGER, is_mark, mark_text, unmark
from drift.engine.records import Acted, Proposed
from drift.strategy import Apply, Context, Plan, Reason
from plugins.adopt import Adopt
from plugins.annotate import Annotate
from plugins.observe import Observe
from tests.core.examples import body, put, served
from tests.plugins.examples import IMAGE, NONE, context, edited, missing, scaled_and_extended, secret


def planned(strategy: Any, given: Context) -> Plan:
    plan: Plan = strategy.plan(given, NONE)
    assert plan_fault(plan, given) == ""
    return plan


def mark_of(plan: Plan) -> Any:
    (action,) = plan.actions
    assert isinstance(action, Apply)
    assert action.manager == MARK_MANAGER
    assert set(action.body) == {"apiVersion", "kind", "metadata"}
    return action.body["metadata"]["annotations"][DRIFT_MARK]


def test_observe_writes_nothing() -> None:
    assert planned(Observe(), edited()).actions == ()


def test_annotate_says_what_differs_and_does_not_claim_to_repair() -> None:
    plan = planned(Annotate(), scaled_and_extended())
    assert mark_of(plan) == "spec.replicas 2 -> 5; spec.template.spec.containers[name=web].env[name=B] added"
    assert not plan.repairs
    assert is_mark(plan)


def test_annotate_writes_the_same_mark_once() -> None:
    given = edited()
    text = mark_of(planned(Annotate(), given))
    live = served(dict(given.desired))
    put(live, IMAGE, "nginx:2")
    live["metadata"]["annotations"] = {DRIFT_MARK: text}
    assert not planned(Annotate(), context(given.desired, live)).actions
    live["metadata"]["annotations"] = {DRIFT_MARK: "something else"}
    assert mark_of(planned(Annotate(), context(given.desired, live))) == text


def test_annotate_has_nothing_to_mark_on_a_missing_object() -> None:
    assert not planned(Annotate(), missing()).actions


def test_annotate_never_tells_a_secret_value() -> None:
    text = mark_of(planned(Annotate(), edited(secret(), "/data/password", "Y29ycmVjdC1ob3JzZQ==")))
    assert text == "data.password changed"


def test_annotate_stays_short_and_on_one_line() -> None:
    desired = body("v1", "ConfigMap", data={f"key-{number:03}": "x" * 500 for number in range(200)})
    live = served(desired)
    live["data"] = dict.fromkeys(live["data"], "evil\n\x1b[31m" * 50)
    text = mark_of(planned(Annotate(), context(desired, live)))
    assert len(text) <= 1000
    assert text.endswith("; and more")
    assert text.isprintable()


def test_a_mark_has_no_volatile_text() -> None:
    given = scaled_and_extended()
    assert given.live is not None
    later = json.loads(json.dumps(given.live))
    later["metadata"]["resourceVersion"] = "8"
    later["metadata"]["managedFields"][0]["time"] = "2027-01-01T00:00:00Z"
    again = context(given.desired, later)
    assert mark_text(given.ref, given.differences) == mark_text(again.ref, again.differences)


def test_the_mark_goes_by_an_apply_without_it() -> None:
    given = edited()
    assert given.live is not None
    (action,) = unmark(given.ref, given.live).actions
    assert isinstance(action, Apply)
    assert action.body["metadata"] == {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7"}


def adopted(given: Context) -> Any:
    """The patch as a YAML reader takes it; nothing is written to the cluster."""
    plan = planned(Adopt(), given)
    assert (plan.actions, plan.fallback, plan.last_resort) == ((), (), ())
    return yaml.safe_load(plan.artifact)


def test_adopt_gives_a_merge_patch_with_the_live_values() -> None:
    patch = adopted(scaled_and_extended())
    assert patch["metadata"] == {"name": "web", "namespace": "shop"}
    assert patch["spec"]["replicas"] == 5
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "y"}]
    assert container["image"] == "nginx:1"
    assert set(patch["spec"]) == {"replicas", "template"}


def test_adopt_says_where_it_belongs() -> None:
    helm = planned(Adopt(), edited()).artifact.splitlines()
    assert helm[0] == "# Deployment.apps shop/web of helm:shop/web: to accept what is live"
    assert helm[1] == "# it goes to the values or templates of shop/web: Helm would undo a change of the manifest alone"
    assert (
        len(
            [line for line in planned(Adopt(), edited(source="files:app.yaml")).artifact.splitlines() if line[0] == "#"]
        )
        == 1
    )
    assert planned(Adopt(), missing()).artifact.startswith(
        "# Deployment.apps shop/web of helm:shop/web: to accept what is live, take it out\n"
    )


def test_adopt_never_tells_a_secret_value() -> None:
    text = planned(Adopt(), edited(secret(), "/data/password", "Y29ycmVjdC1ob3JzZQ==")).artifact
    assert "# data.password was changed" in text
    assert "the values of a Secret are never shown" in text
    for value in ("hunter2", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZQ", "correct-horse"):
        assert value not in text


@pytest.mark.parametrize(
    "value", ["y", "no", "1e3", "0x1f", "22:22", "", "~", "a: b", "#x", "é\n\x1b", "- a", "'", "2026-01-01"]
)
def test_adopted_texts_are_read_as_they_are(value: str) -> None:
    given = edited(body("v1", "ConfigMap", data={"key": "old"}), "/data/key", value)
    assert adopted(given)["data"] == {"key": value}


def test_what_was_done_and_proposed_is_logged() -> None:
    told: list[tuple[str, str, Any]] = []

    class Logger:
        def info(self, event: str, **fields: Any) -> None:
            told.append(("info", event, fields))

    listen = log_records(Logger())
    found = assessed(edited())
    listen(Acted(found, "replace", "1 declared fields differ", deleted=True))
    listen(Acted(found, "annotate", "mark the object", deleted=False))
    listen(Proposed(found, "adopt", ("# one", "# two")))
    assert [(event, fields["strategy"]) for _, event, fields in told] == [
        ("deleted", "replace"),
        ("written", "annotate"),
        ("proposed", "adopt"),
    ]
    assert told[2][2]["artifact"] == "# one\n---\n# two"


def assessed(given: Context) -> Assessment:
    return Assessment(given.ref, "apps/v1", given.source, State.DRIFTED, Reason.FIELDS_DIFFER)
