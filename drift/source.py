"""PUBLIC: what a source of desired state is. Sources import only this module and `drift.core`.

A source yields whole revisions. A revision that could not be loaded whole is never half a revision: it is a
`DesiredState` with `hold` set (objects known, repair frozen) or a `SourceError`.
"""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from drift.cluster import Changed, Cluster, Fresh, Listed, Stale, WatchEvent
from drift.core.errors import SourceError
from drift.core.objects import Manifest, ObjectRef, Provenance
from drift.core.reasons import Reason

__all__ = [
    "Changed",
    "Cluster",
    "DesiredState",
    "Empty",
    "Fresh",
    "Hold",
    "Listed",
    "Manifest",
    "ObjectRef",
    "Problem",
    "Provenance",
    "Reason",
    "Removed",
    "Revision",
    "Source",
    "SourceError",
    "Stale",
    "WatchEvent",
]


class Hold(msgspec.Struct, frozen=True):
    """Nothing of this state may be written now; the reason is a sentence for the user.

    `since` is Unix seconds (0 when unknown).
    """

    reason: Reason
    message: str
    since: float = 0.0


class Problem(msgspec.Struct, frozen=True):
    """Something of a source that could not be read: shown, makes the exit code 2, stops nothing else."""

    source: str
    message: str
    reason: Reason = Reason.SOURCE_FAILED


class DesiredState(msgspec.Struct, frozen=True, eq=False):
    """One revision of one source: the unit that is frozen, held and superseded as a whole.

    `source` is a stable name: `helm:NAMESPACE/NAME`, `chart:NAME`, `files:PATH`. `revision` is comparable only
    for equality, `sequence` grows with time (Helm: the revision number; 0 when the source has no order).
    `manager` is the field manager by which declared fields are restored (decision D4).
    `former` are the manifests of the revision before this one (for `dropped` fields), where known.
    """

    source: str
    revision: str
    manifests: tuple[Manifest, ...]
    sequence: int = 0
    manager: str = "daytwo"
    hold: Hold | None = None
    problems: tuple[Problem, ...] = ()
    former: tuple[Manifest, ...] = ()


class Removed(msgspec.Struct, frozen=True):
    """The source is gone (release uninstalled): its objects are nobody's from now on; nothing is deleted."""

    source: str


class Empty(msgspec.Struct, frozen=True):
    """The source was read whole and has no state yet: nothing to repair, and nothing wrong."""

    source: str


Revision = DesiredState | Removed | Problem | Empty


class Source(Protocol):
    """A stream of desired states."""

    @property
    def name(self) -> str:
        """Shown in messages."""
        ...

    async def load(self) -> tuple[DesiredState | Problem, ...]:
        """Read everything once, now. Raises SourceError when nothing at all can be read."""
        ...

    def follow(self) -> AsyncIterator[Revision]:
        """Yield every state now, then every change, for ever; a passing failure is a `Problem`, not an end."""
        ...

    async def still_current(self, state: DesiredState) -> Hold | None:
        """Ask right before a write whether this state may still be repaired: None, or the hold that came up.

        Must be cheap (a metadata read); sources that nobody else operates on return None.
        """
        ...
