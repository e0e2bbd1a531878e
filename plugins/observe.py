"""The strategy that only looks."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, nothing


class Observe:
    """Reports the drift and leaves the object alone."""

    name: ClassVar[str] = "observe"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Never write."""
        return nothing("observed only")
