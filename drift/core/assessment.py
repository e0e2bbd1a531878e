"""What is said about one object: its state, and each difference with owner and explanation. Values are masked."""

from enum import StrEnum
from typing import Any

import msgspec

from drift.core.known import Scaler
from drift.core.objects import Body, ObjectRef
from drift.core.ownership import Managers, Owner
from drift.core.paths import Token
from drift.core.reasons import Reason
from drift.core.rules import IgnoreRule


class State(StrEnum):
    """The words of reports, status and metrics."""

    IN_SYNC = "InSync"
    DRIFTED = "Drifted"
    MISSING = "Missing"
    UNMANAGED = "Unmanaged"
    IGNORED = "Ignored"
    HELD = "Held"
    UNKNOWN = "Unknown"


class Difference(msgspec.Struct, frozen=True, eq=False):
    """One field that differs. Values are masked already. `explanation` says why a note is no drift.

    `op`: changed, removed, added, dropped. `path` is a JSON Pointer into desired (for `added`: into live). `fact`
    stands for "this path has this live value", without telling the value: what the server teaches is a set of facts.
    """

    path: str
    display: str
    op: str
    desired: Any = None
    live: Any = None
    owner: Owner | None = None
    explanation: str = ""
    tokens: tuple[Token, ...] = ()
    fact: str = ""

    @property
    def surplus(self) -> bool:
        """Whether live has something here that is not declared (added, dropped)."""
        return self.op in {"added", "dropped"}


class Facts(msgspec.Struct, frozen=True, eq=False):
    """What else is known when an object is assessed. `now` is RFC 3339, for rules that expire.

    `exact` asks for every addition, whoever made it; `expected` is then what the API server makes of the desired object
    by itself.

    `scalers` are the autoscalers of the object's namespace. `taught` are facts that the API server insists on for the
    desired revision at hand (see `Difference.fact`).
    """

    managers: Managers = Managers()
    ignore: tuple[IgnoreRule, ...] = ()
    scalers: tuple[Scaler, ...] = ()
    taught: frozenset[str] = frozenset()
    now: str = ""
    exact: bool = False
    expected: Body | None = None


class Assessment(msgspec.Struct, frozen=True, eq=False):
    """The state of one desired object.

    `differences` are drift; `notes` are additions and changes that are none; `ignored` fell to ignore rules.
    """

    ref: ObjectRef
    api_version: str
    source: str
    state: State
    reason: Reason
    message: str = ""
    differences: tuple[Difference, ...] = ()
    notes: tuple[Difference, ...] = ()
    ignored: tuple[Difference, ...] = ()
    uid: str = ""
    resource_version: str = ""
    terminating: bool = False
