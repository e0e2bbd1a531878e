"""The strategy that tells whoever looks at the object."""

from typing import ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Context, NoSettings, Plan, mark


class Annotate:
    """Marks the object with what drifted (annotation daytwo.dev/drift) and leaves the drift alone.

    The mark goes by itself once the object is in sync. Values of Secrets never stand in it.
    """

    name: ClassVar[str] = "annotate"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Write the mark unless it says so already."""
        return mark(context)
