"""PUBLIC plugin API. A strategy plans; it never writes and never sees a client.

A strategy is a class with a `name`, a `Settings` struct and a pure `plan(context, settings)` that returns a `Plan`
with a reason in words. So every strategy has a dry run, can be shown before approval, and cannot do harm. Register it
by an entry point of the group `drift.strategies`. Plugins import only this module.
"""

from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec

from drift.core.adoption import adoption
from drift.core.assess import Difference
from drift.core.contract import operations_fault
from drift.core.marks import mark
from drift.core.objects import Body, ObjectRef
from drift.core.outgoing import description
from drift.core.plan import Action, Apply, Context, Delete, HoldVerdict, Need, Patch, Plan
from drift.core.reasons import Reason
from drift.core.repairs import applicable, deletion, guarded, recreate, revert

__all__ = [
    "PROTOCOL_VERSION",
    "Action",
    "Apply",
    "Body",
    "Context",
    "Delete",
    "Difference",
    "HoldVerdict",
    "Need",
    "NoSettings",
    "ObjectRef",
    "Patch",
    "Plan",
    "Question",
    "Reason",
    "Strategy",
    "adoption",
    "applicable",
    "deletion",
    "description",
    "guarded",
    "held",
    "mark",
    "nothing",
    "operations_fault",
    "recreate",
    "revert",
]

PROTOCOL_VERSION = 1


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For strategies that have nothing to set."""


class Question(msgspec.Struct, frozen=True):
    """What a strategy wants an HTTP endpoint to answer before it plans: the service asks, the strategy does not.

    `body` is sent as JSON by POST, signed with the content of `secret_file` (HMAC-SHA256 in `X-Daytwo-Signature`)
    where there is one. `timeout`: seconds for the whole exchange.
    """

    url: str
    body: dict[str, Any]
    secret_file: str = ""
    timeout: float = 10.0


@runtime_checkable
class Strategy(Protocol):
    """What the registry asks of a plugin; the first docstring line is its summary in `drift plugins`."""

    name: ClassVar[str]
    protocol: ClassVar[int]
    Settings: ClassVar[type[msgspec.Struct]]

    # Optional: `needs: ClassVar[tuple[Need, ...]]`; `question(context, settings) -> Question | None`; and
    # `changes: ClassVar[tuple[str, ...]]`, what a rule without `changes` means by this strategy (missing, modified).

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:
        """Return what to do about `context.differences`, or about a missing object."""
        ...


def held(reason: Reason, message: str, retry_after: float = 0.0) -> Plan:
    """Write nothing now, and look again after so many seconds (0: when something changes)."""
    return Plan(message, hold=HoldVerdict(reason, message, retry_after))


def nothing(reason: str) -> Plan:
    """Leave the object alone, and say why."""
    return Plan(reason)
