"""Strategies that write: what they plan, and what they would rather not."""

from typing import Any

import msgspec
import pytest

from drift.core.contract import plan_fault
from drift.strategy import Apply, Context, Delete, Patch, Plan, Reason
from plugins.approve import Approve, ApproveSettings
from plugins.prune import Prune, PruneSettings
from plugins.recreate import Recreate
from plugins.replace import Replace
from plugins.revert import Revert
from plugins.rollout import Rollout
from tests.core.examples import body, deployment, served
from tests.plugins.examples import NONE, context, edited, missing, scaled_and_extended

THIS_VERY_STATE = ("u-1", "7")


def planned(strategy: Any, given: Context, settings: msgspec.Struct = NONE) -> Plan:
    """A plan that the engine would take."""
    plan: Plan = strategy.plan(given, settings)
    assert plan_fault(plan, given) == ""
    assert plan.reason
    return plan


def kinds(plan: Plan) -> list[type]:
    return [type(action) for action in plan.actions]


def test_revert_and_recreate_keep_to_what_they_are_for() -> None:
    assert kinds(planned(Revert(), edited())) == [Apply]
    assert kinds(planned(Revert(), scaled_and_extended())) == [Patch, Apply]
    assert kinds(planned(Recreate(), missing())) == [Apply]
    assert not planned(Revert(), missing()).actions
    assert not planned(Recreate(), edited()).actions


def test_replace_reverts_first_and_deletes_only_as_the_last_resort() -> None:
    given = edited()
    plan = planned(Replace(), given)
    assert kinds(plan) == [Apply]
    (last,) = plan.last_resort
    assert isinstance(last, Delete)
    assert (last.ref, last.uid, last.resource_version) == (given.ref, *THIS_VERY_STATE)


def test_replace_recreates_what_is_gone_by_then() -> None:
    plan = planned(Replace(), missing())
    assert isinstance(plan.actions[0], Apply)
    assert plan.actions[0].creates
    assert not plan.last_resort


def test_replace_deletes_nothing_where_nothing_is_to_be_reverted() -> None:
    plan = planned(Replace(), msgspec.structs.replace(edited(), differences=()))
    assert (plan.actions, plan.last_resort) == ((), ())


def dropped(live: Any = None, *, desired: Any = None, **members: Any) -> Context:
    former = desired or body("v1", "ConfigMap", data={"a": "1"})
    return context(former, served(former) if live is None else live, dropped=True, differences=(), **members)


def test_prune_deletes_exactly_what_was_dropped() -> None:
    (action,) = planned(Prune(), dropped(), PruneSettings()).actions
    assert action == Delete(dropped().ref, *THIS_VERY_STATE)


def configmap(**metadata: Any) -> Any:
    return body("v1", "ConfigMap", data={}, metadata=metadata)


RELEASE = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
OTHER = {**RELEASE, "meta.helm.sh/release-name": "other"}
KEEP = {"helm.sh/resource-policy": "keep"}
KEPT = {
    "keep policy, declared": (dropped(desired=configmap(annotations=KEEP)), "helm.sh/resource-policy: keep"),
    "keep policy, live": (
        dropped(served(configmap(annotations=KEEP)), desired=configmap()),
        "helm.sh/resource-policy: keep",
    ),
    "another release": (
        dropped(served(configmap(annotations=OTHER)), desired=configmap(annotations=RELEASE)),
        "the object belongs to another release",
    ),
    "no release any more": (
        dropped(served(configmap()), desired=configmap(annotations=RELEASE)),
        "the object belongs to another release",
    ),
    "a controller's": (
        dropped(served(configmap(ownerReferences=[{"kind": "Widget", "name": "w", "controller": True}]))),
        "the object belongs to a controller",
    ),
    "gone": (context(configmap(), None, dropped=True), "the object is gone"),
    "still declared": (edited(), "the object is declared: there is nothing to prune"),
    "missing": (missing(), "the object is declared: there is nothing to prune"),
}


@pytest.mark.parametrize("case", KEPT)
def test_prune_leaves_alone_and_says_why(case: str) -> None:
    given, why = KEPT[case]
    plan = planned(Prune(), given, PruneSettings(confirm=True))
    assert (plan.actions, plan.last_resort, plan.reason) == ((), (), why)


@pytest.mark.parametrize(
    ("strategy", "given", "expected"),
    [
        (None, edited(), [Apply]),
        (None, missing(), [Apply]),
        ("revert", edited(), [Apply]),
        ("revert", missing(), []),
        ("recreate", edited(), []),
        ("recreate", missing(), [Apply]),
        ("replace", edited(), [Apply]),
        ("replace", missing(), [Apply]),
    ],
)
def test_approve_plans_as_the_wrapped_strategy_and_waits(strategy: Any, given: Context, expected: list[type]) -> None:
    plan = planned(Approve(), given, ApproveSettings(strategy=strategy))
    assert plan.approval
    assert kinds(plan) == expected
    assert bool(plan.last_resort) is (strategy == "replace" and not given.missing)


def test_approve_refuses_a_strategy_it_does_not_know() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"Invalid enum value 'prune' - at `\$\.strategy`"):
        msgspec.convert({"strategy": "prune"}, ApproveSettings)


def budget(allowed: int | None, name: str = "web", **metadata: Any) -> Any:
    status = {} if allowed is None else {"disruptionsAllowed": allowed, "observedGeneration": 1}
    metadata = {"name": name, "namespace": "shop", "generation": 1, **metadata}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "status": status}


@pytest.mark.parametrize("budgets", [(), (budget(1),), (budget(2), budget(1, "other"))])
def test_rollout_reverts_while_every_budget_allows_a_disruption(budgets: Any) -> None:
    plan = planned(Rollout(), edited(related={"budgets": budgets}))
    assert kinds(plan) == [Apply]
    assert plan.hold is None


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ((budget(1), budget(0, "strict")), "PodDisruptionBudget strict allows no disruption now"),
        ((budget(None),), "PodDisruptionBudget web has not been counted yet"),
        ((budget(1, generation=2),), "PodDisruptionBudget web has not been counted yet"),
    ],
)
def test_rollout_holds_and_names_the_budget(budgets: Any, message: str) -> None:
    plan = planned(Rollout(), edited(related={"budgets": budgets}))
    assert not plan.actions
    assert plan.hold is not None
    assert (plan.hold.reason, plan.hold.message, plan.hold.retry_after) == (Reason.BLOCKED, message, 15.0)


def test_rollout_does_not_wait_for_what_restarts_no_pod() -> None:
    desired = {**deployment(), "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}}}
    given = edited(desired, "/metadata/labels/a", "c", related={"budgets": (budget(0),)})
    assert kinds(planned(Rollout(), given)) == [Apply]


def test_rollout_recreates_nothing() -> None:
    assert not planned(Rollout(), missing(related={"budgets": (budget(0),)})).actions
