"""The strategy that asks a person."""

from typing import Annotated, ClassVar, Literal, cast

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, Plan, deletion, nothing, recreate, revert


class ApproveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done once approved."""

    strategy: Annotated[
        Literal["revert", "recreate", "replace"] | None,
        msgspec.Meta(description="what to do once approved; unset: recreate what is missing, revert what was edited"),
    ] = None


class Approve:
    """Plans a repair and holds it until a person approves this very drift (drift approve)."""

    name: ClassVar[str] = "approve"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = ApproveSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:
        """Plan as the wrapped strategy does."""
        return msgspec.structs.replace(_wrapped(context, cast("ApproveSettings", settings).strategy), approval=True)


def _wrapped(context: Context, strategy: str | None) -> Plan:
    if context.missing:
        return nothing("the object is missing: nothing to revert") if strategy == "revert" else recreate(context)
    if strategy == "recreate":
        return nothing("the object exists")
    plan = revert(context)
    wanted = strategy == "replace" and plan.actions
    return msgspec.structs.replace(plan, last_resort=(deletion(context),)) if wanted else plan
