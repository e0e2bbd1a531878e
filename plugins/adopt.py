"""The strategy that accepts what is live."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, adoption


class Adopt:
    """Writes a patch for the manifest, so that the live values can go to git; leaves the object alone.

    Values of Secrets never stand in the patch.
    """

    name: ClassVar[str] = "adopt"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Plan no write: the patch is for the user."""
        return Plan("the live state is to be adopted by the source", artifact=adoption(context))
