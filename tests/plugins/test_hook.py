"""The hook: what it sends, and that nothing but a valid answer is ever followed."""

import json
from typing import Any

import msgspec
import pytest

from drift.core.contract import plan_fault
from drift.strategy import Apply, Context, Patch, Plan, Reason
from plugins.hook import Hook, HookSettings
from tests.core.examples import served
from tests.plugins.examples import context, edited, missing, scaled_and_extended, secret

SETTINGS = HookSettings(url="https://hooks.example/drift")


def answered(answer: Any, given: Context | None = None) -> Plan:
    given = edited() if given is None else given
    given = msgspec.structs.replace(given, answer=answer)
    plan = Hook().plan(given, SETTINGS)
    assert plan_fault(plan, given) == ""
    return plan


def test_the_question_tells_the_drift_whole() -> None:
    given = scaled_and_extended()
    question = Hook().question(given, HookSettings(url="https://h", secret_file="/key", timeout=3))
    assert (question.url, question.secret_file, question.timeout) == ("https://h", "/key", 3)
    body = json.loads(msgspec.json.encode(question.body))
    assert body["ref"] == {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}
    assert (body["version"], body["source"], body["revision"], body["change"]) == (1, "helm:shop/web", "3", "modified")
    replicas = next(one for one in body["differences"] if one["path"] == "/spec/replicas")
    assert (replicas["op"], replicas["desired"], replicas["live"]) == ("changed", 2, 5)
    assert replicas["owner"]["manager"] == "kubectl-edit"
    assert body["desired"]["spec"]["replicas"] == 2
    assert body["live"]["spec"]["replicas"] == 5


def test_the_question_is_the_same_as_long_as_the_drift_is() -> None:
    given = edited()
    assert given.live is not None
    later = {**given.live, "metadata": {**given.live["metadata"], "resourceVersion": "8", "generation": 9}}
    one, other = (Hook().question(each, SETTINGS) for each in (given, context(given.desired, later)))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_the_question_about_a_missing_object_has_no_live_body() -> None:
    body = Hook().question(missing(), SETTINGS).body
    assert (body["change"], body["live"]) == ("missing", None)


def test_no_value_of_a_secret_is_sent() -> None:
    desired = secret()
    live = served(desired)
    live["data"]["password"] = "Y29ycmVjdC1ob3JzZQ=="
    copy = json.dumps({"data": {"password": "aHVudGVyMg=="}})
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": copy}
    sent = msgspec.json.encode(Hook().question(context(desired, live), SETTINGS).body).decode()
    assert "data.password" not in sent
    assert '"password":"*** (live)"' in sent
    for value in ("hunter2", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZQ"):
        assert value not in sent


def test_revert_recreate_and_nothing_are_followed() -> None:
    assert isinstance(answered({"action": "revert", "reason": "too big"}).actions[0], Apply)
    plan = answered({"action": "revert", "reason": "too big"})
    assert plan.reason == "1 declared fields differ (hook: too big)"
    assert isinstance(answered({"action": "recreate", "reason": "x"}, missing()).actions[0], Apply)
    assert not answered({"action": "recreate", "reason": "x"}).actions
    assert not answered({"action": "revert", "reason": "x"}, missing()).actions
    assert not answered({"action": "nothing", "reason": "known"}).actions


def test_a_patch_is_bound_to_the_state_that_was_shown() -> None:
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
    plan = answered({"action": "patch", "reason": "x", "operations": operations})
    (action,) = plan.actions
    assert isinstance(action, Patch)
    assert action.operations[:2] == (
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
    )
    assert action.operations[2:] == tuple(operations)
    assert not plan.repairs


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        [],
        {"action": "revert"},
        {"action": "delete", "reason": "x"},
        {"action": "revert", "reason": 1},
        {"action": "revert", "reason": "x" * 501},
        {"action": "revert", "reason": "x", "force": True},
        {"action": "patch", "reason": "x", "operations": "all"},
        {"action": "patch", "reason": "x", "operations": [{"op": "remove", "path": "/spec/x"}] * 101},
        {"action": "patch", "reason": "x"},
        {"action": "patch", "reason": "x", "operations": [{"op": "move", "from": "/spec/a", "path": "/spec/b"}]},
        {"action": "patch", "reason": "x", "operations": [{"op": "add", "path": "/spec/a"}]},
        {"action": "patch", "reason": "x", "operations": [{"path": "/spec/a", "value": 1}]},
        {"action": "patch", "reason": "x", "operations": [{"op": "replace", "path": ["spec"], "value": 1}]},
    ],
)
def test_what_is_no_valid_answer_holds_and_writes_nothing(answer: Any) -> None:
    plan = answered(answer)
    assert (plan.actions, plan.fallback, plan.last_resort) == ((), (), ())
    assert plan.hold is not None
    assert plan.hold.reason is Reason.PLUGIN_FAILED
    assert plan.hold.retry_after > 0


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/spec",
        "spec/replicas",
        "/data",
        "/status/replicas",
        "/metadata/finalizers",
        "/metadata/ownerReferences/0",
        "/metadata/labels",
        "/metadata/annotations",
        "/metadata/annotations/daytwo.dev~1approve",
        "/metadata/annotations/daytwo.dev~1pause-until",
        "/metadata/name",
        "/kind",
    ],
)
def test_a_patch_reaches_nothing_but_content(path: str) -> None:
    plan = answered({"action": "patch", "reason": "x", "operations": [{"op": "add", "path": path, "value": "v"}]})
    assert not plan.actions
    assert plan.hold is not None
    assert "the hook's patch is refused" in plan.hold.message


@pytest.mark.parametrize("given", [missing(), edited(secret(), "/data/password", "eA==")])
def test_a_missing_object_or_a_secret_is_not_patched(given: Context) -> None:
    operations = [{"op": "add", "path": "/data/password", "value": "*** (live)"}]
    plan = answered({"action": "patch", "reason": "x", "operations": operations}, given)
    assert not plan.actions
    assert plan.hold is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "missing required field `url`"),
        ({"url": "ftp://h"}, "url must be http:// or https:// with a host"),
        ({"url": "https://"}, "url must be http:// or https:// with a host"),
        ({"url": "https://h", "timeout": 0}, "Expected `float` > 0"),
        ({"url": "https://h", "timeout": 600}, "Expected `float` <= 60"),
        ({"url": "https://h", "tiemout": 1}, "unknown field `tiemout`"),
    ],
)
def test_settings_are_checked_before_anything_starts(settings: Any, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(settings, HookSettings)
    assert message in str(raised.value)
