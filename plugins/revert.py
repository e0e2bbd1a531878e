"""The strategy for what was edited."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, revert


class Revert:
    """Restores declared fields and removes what a person added."""

    name: ClassVar[str] = "revert"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Act on existing objects only."""
        return revert(context)
