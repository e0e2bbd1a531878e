"""What the engine tells whoever listens (logs, metrics, status): frozen facts, masked already."""

from collections.abc import Callable

import msgspec

from drift.core.assess import Assessment
from drift.core.objects import ObjectRef
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason


class Detected(msgspec.Struct, frozen=True):
    """A drift that was not known before, or changed."""

    assessment: Assessment


class Repaired(msgspec.Struct, frozen=True):
    """A drift was repaired. `seconds` from the arrival of the event (or the begin of the look) to the last answer."""

    assessment: Assessment
    strategy: str
    writes: int
    created: bool
    seconds: float


class Acted(msgspec.Struct, frozen=True):
    """A write that does not end a drift by itself: a deletion before a recreation, a mark, what a hook said."""

    assessment: Assessment
    strategy: str
    what: str
    deleted: bool


class Proposed(msgspec.Struct, frozen=True):
    """A strategy wrote something for the user to take away; each text is told once per drift."""

    assessment: Assessment
    strategy: str
    artifacts: tuple[str, ...]


class Unchanged(msgspec.Struct, frozen=True):
    """The repair changed nothing: the server holds these values for what is declared. No drift after all."""

    assessment: Assessment


class Held(msgspec.Struct, frozen=True):
    """A repair may not run now."""

    assessment: Assessment
    hold: HoldVerdict


class Failed(msgspec.Struct, frozen=True):
    """A repair was refused; it is tried again after `retry_in` seconds."""

    assessment: Assessment
    reason: Reason
    message: str
    retry_in: float


class Resolved(msgspec.Struct, frozen=True):
    """A known drift is gone without our doing."""

    ref: ObjectRef
    source: str


class SourceChanged(msgspec.Struct, frozen=True):
    """A source has a new revision or another hold."""

    source: str
    revision: str
    objects: int
    hold: str = ""


class SourceRemoved(msgspec.Struct, frozen=True):
    """A source is gone; nothing is deleted."""

    source: str


class SourceTroubled(msgspec.Struct, frozen=True):
    """A source, or part of it, could not be read."""

    source: str
    reason: Reason
    message: str


class WatchChanged(msgspec.Struct, frozen=True):
    """A watch became stale (with its error) or fresh (error "")."""

    scope: str
    error: str


Record = (
    Detected
    | Repaired
    | Acted
    | Proposed
    | Unchanged
    | Held
    | Failed
    | Resolved
    | SourceChanged
    | SourceRemoved
    | SourceTroubled
    | WatchChanged
)
Listener = Callable[[Record], None]


def silent(_: Record) -> None:
    """Listen to nothing."""
