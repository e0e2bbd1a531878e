"""A strategy as somebody else would publish it."""

from typing import Annotated, ClassVar, cast

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, Plan, Reason, held, recreate, revert


class SmallSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is small."""

    fields: Annotated[int, msgspec.Meta(ge=1, description="the most fields that are reverted without a person")] = 1


class Small:
    """Reverts a drift of a few fields; a larger one waits for a person."""

    name: ClassVar[str] = "small"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = SmallSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:
        """Hold what is large."""
        most = cast("SmallSettings", settings).fields
        if context.missing:
            return recreate(context)
        if len(context.differences) > most:
            return held(Reason.BLOCKED, f"{len(context.differences)} fields differ, more than {most}")
        return revert(context)
