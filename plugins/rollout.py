"""The strategy that does not take the last replica down."""

from typing import Any, ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Body, Context, Need, NoSettings, Plan, Reason, held, nothing, revert

_AGAIN = 15.0


class Rollout:
    """Reverts a workload only while every PodDisruptionBudget of its pods allows a disruption.

    What restarts no pod (labels, annotations of the workload itself) is reverted at once.
    """

    name: ClassVar[str] = "rollout"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    needs: ClassVar[tuple[Need, ...]] = (Need("budgets", "policy", "PodDisruptionBudget", "selects-my-pods"),)
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Revert, or hold and name the budget."""
        if context.missing:
            return nothing("the object is missing: nothing to revert")
        if any(item.path.startswith("/spec") for item in context.differences):
            for budget in context.related.get("budgets", ()):
                why = _exhausted(budget)
                if why:
                    return held(Reason.BLOCKED, f"PodDisruptionBudget {budget['metadata']['name']} {why}", _AGAIN)
        return revert(context)


def _exhausted(budget: Body) -> str:
    status: dict[str, Any] = budget.get("status") or {}
    if status.get("observedGeneration", 0) < (budget["metadata"].get("generation") or 0):
        return "has not been counted yet"
    allowed = status.get("disruptionsAllowed") or 0
    return "" if allowed > 0 else "allows no disruption now"
