"""The strategy for what was deleted."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, nothing, recreate


class Recreate:
    """Creates a missing object again, as the tool that made it would have."""

    name: ClassVar[str] = "recreate"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Act on missing objects only."""
        return recreate(context) if context.missing else nothing("the object exists")
