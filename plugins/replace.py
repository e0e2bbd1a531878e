"""The strategy for what cannot be changed in place."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, deletion, recreate, revert


class Replace:
    """Reverts; where a field cannot be changed, deletes the object and creates it again.

    The deletion is of exactly the incarnation that was seen, and only where the rule names kind and name.
    """

    name: ClassVar[str] = "replace"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Revert first; what is gone then is missing, and comes back as such."""
        if context.missing:
            return recreate(context)
        plan = revert(context)
        return msgspec.structs.replace(plan, last_resort=(deletion(context),)) if plan.actions else plan
