"""What is remembered per object: little, and nothing that a restart would miss."""

from typing import Any

import msgspec

from drift.core.assess import State
from drift.core.fight import Score
from drift.core.objects import ObjectRef
from drift.engine.queue import LONGEST_BACK_OFF

# Of a Service only the addresses it was given are worth remembering.
_ADDRESSES = ("clusterIP", "clusterIPs", "type", "healthCheckNodePort", "ports")


class Tracked(msgspec.Struct, eq=False):
    """Mutable memory of one object.

    `verified`: the fingerprint of a live body and the desired blob that were found in sync together. `seen`: the newest
    resourceVersion an event brought; `written`: the one our last write returned. `uid`: incarnation last seen.
    """

    verified: tuple[int, int] | None = None
    seen: int = 0
    written: int = 0
    state: State | None = None
    told: str = ""
    held: str = ""
    proposed: int = 0
    score: Score = Score()
    taught: frozenset[str] = frozenset()
    taught_for: int = 0
    failed: bool = False
    addresses: dict[str, Any] | None = None
    job_ran: bool | None = None


class Verdict(msgspec.Struct, frozen=True):
    """When to look again: `retry` by back-off up to `longest`, or `after` seconds; neither: when something changes."""

    retry: bool = False
    after: float = 0.0
    longest: float = LONGEST_BACK_OFF


DONE = Verdict()


class Observation(msgspec.Struct, frozen=True, eq=False):
    """A live state that waits to be looked at: `raw` None means gone, then `last` is its last state where known.

    `at`: monotonic seconds of its arrival. `number`: its resourceVersion, 0 where unknown.
    """

    raw: msgspec.Raw | bytes | None
    at: float
    last: msgspec.Raw | None = None
    number: int = 0


class _Spec(msgspec.Struct, frozen=True):
    spec: dict[str, Any] = {}


_SPECS = msgspec.json.Decoder(_Spec)


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _JobStatus(msgspec.Struct, frozen=True, rename="camel"):
    conditions: list[_Condition] | None = None
    succeeded: int | None = None
    failed: int | None = None


class _Job(msgspec.Struct, frozen=True):
    status: _JobStatus | None = None


_JOBS = msgspec.json.Decoder(_Job)


def job_ran(ref: ObjectRef, raw: bytes | msgspec.Raw) -> bool | None:
    """Whether a Job has finished, or made any pod finish; None for every other kind."""
    if (ref.group, ref.kind) != ("batch", "Job"):
        return None
    status = _JOBS.decode(raw).status or _JobStatus()
    ended = any(item.type in {"Complete", "Failed"} and item.status == "True" for item in status.conditions or ())
    return ended or bool(status.succeeded or status.failed)


def addresses_of(ref: ObjectRef, raw: bytes | msgspec.Raw) -> dict[str, Any] | None:
    """Addresses of a Service as a partial live body; None for every other kind."""
    if ref.kind != "Service" or ref.group != "":
        return None
    spec = _SPECS.decode(raw).spec
    return {"spec": {key: spec[key] for key in _ADDRESSES if key in spec}}
