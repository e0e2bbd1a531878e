"""The one state machine: what is the state of one desired object, and why.

Pure: a desired manifest, the live body (or its absence, or the reason why nothing is known) and the facts around it go
in; an `Assessment` with masked, owned differences comes out. Unknown is never turned into InSync or Missing.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from drift.core.additions import additions
from drift.core.compare import compare
from drift.core.known import Scaler, known_reason
from drift.core.nodes import Node
from drift.core.normalize import declared
from drift.core.objects import Body, Manifest, ObjectRef
from drift.core.ownership import Entry, Managers, Owner, entries_of, owner_of
from drift.core.paths import Token, tokens_of
from drift.core.reasons import Reason
from drift.core.redact import masked
from drift.core.rules import IgnoreRule, matches_difference, matches_object, whole_object
from drift.core.schema import KindSchema


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


class Facts(msgspec.Struct, frozen=True, eq=False):
    """What else is known when an object is assessed. `now` is RFC 3339, for rules that expire.

    `scalers` are the autoscalers of the object's namespace. `taught` are facts that the API server insists on for the
    desired revision at hand (see `Difference.fact`).
    """

    managers: Managers = Managers()
    ignore: tuple[IgnoreRule, ...] = ()
    scalers: tuple[Scaler, ...] = ()
    taught: frozenset[str] = frozenset()
    now: str = ""


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


def unknown(manifest: Manifest, reason: Reason, message: str) -> Assessment:
    """Nothing can be said about this object, and why."""
    return _verdict(manifest, State.UNKNOWN, reason, message)


def assess(manifest: Manifest, live: Body | None, schema: KindSchema, facts: Facts) -> Assessment:
    """Compare one object; `live` None means: a complete list does not have it."""
    if _ignored_whole(manifest, facts):
        return _verdict(manifest, State.IGNORED, Reason.IGNORED_BY_RULE)
    if live is None:
        return _verdict(manifest, State.MISSING, Reason.OBJECT_MISSING, "the object does not exist")
    found = differences_of(manifest, live, schema, facts)
    drift, notes, ignored = _sort(manifest, found, facts)
    state, reason = _state(drift, ignored)
    return _verdict(manifest, state, reason, "", live, drift, notes, ignored)


def differences_of(manifest: Manifest, live: Body, schema: KindSchema, facts: Facts) -> tuple[Difference, ...]:
    """Every difference with its owner: declared fields first, then what people added."""
    root, ref = schema.root, manifest.ref
    entries = entries_of((live.get("metadata") or {}).get("managedFields"))
    found = [
        _difference(ref, edit.place.tokens, edit.op, edit.place.pointer, edit.place.display, edit.desired, edit.live,
                    _blame(edit.place.tokens, edit.op, root, entries, facts))
        for edit in compare(manifest.body, live, schema)
    ]  # fmt: skip
    seen = {difference.path for difference in found}
    for extra in additions(declared(manifest.body), live, root, entries, facts.managers):
        place = extra.place
        if place.pointer not in seen:
            found.append(_difference(ref, place.tokens, "added", place.pointer, place.display, None, place.live,
                                     extra.owner))  # fmt: skip
    return tuple(found)


def _difference(
    ref: ObjectRef, tokens: tuple[Token, ...], op: str, path: str, display: str, desired: Any, live: Any,
    owner: Owner | None,
) -> Difference:  # fmt: skip
    return Difference(
        path=path,
        display=display,
        op=op,
        desired=masked(ref, tokens, desired, "desired"),
        live=masked(ref, tokens, live, "live"),
        owner=owner,
        tokens=tokens,
        fact=f"{path}={hash(msgspec.json.encode(live)) & 0xFFFFFFFFFFFF:x}",
    )


def _blame(tokens: tuple[Token, ...], op: str, root: Node, entries: Iterable[Entry], facts: Facts) -> Owner | None:
    """A removed field has no owner any more: nobody is blamed for it."""
    return None if op == "removed" else owner_of(tokens, root, entries, facts.managers)


def _sort(
    manifest: Manifest, found: Iterable[Difference], facts: Facts
) -> tuple[tuple[Difference, ...], tuple[Difference, ...], tuple[Difference, ...]]:
    drift: list[Difference] = []
    notes: list[Difference] = []
    ignored: list[Difference] = []
    labels = labels_of(manifest.body)
    for difference in found:
        why = explain_away(manifest.ref, difference, facts)
        if _ignored(manifest.ref, labels, difference, facts):
            ignored.append(difference)
        elif why is not None:
            notes.append(msgspec.structs.replace(difference, explanation=why))
        else:
            drift.append(difference)
    return tuple(drift), tuple(notes), tuple(ignored)


def explain_away(ref: ObjectRef, difference: Difference, facts: Facts) -> str | None:
    """Return why a difference is no drift, or None when it is."""
    by_person = difference.owner is not None and facts.managers.is_human(difference.owner.manager)
    why = known_reason(ref, difference.path, difference.op, by_person=by_person)
    if why is not None:
        return why
    if difference.fact in facts.taught:
        return "the API server holds this value for what is declared"
    if difference.path == "/spec/replicas":
        scaler = next((s for s in facts.scalers if s.covers(ref, difference.live)), None)
        return f"within the range of {scaler.kind} {scaler.name}" if scaler else None
    if difference.op == "added" and tokens_of(difference.path)[0] == "metadata":
        return "added, no part of what is declared"
    return None


def _ignored(ref: ObjectRef, labels: Mapping[str, str], difference: Difference, facts: Facts) -> bool:
    owner = difference.owner.manager if difference.owner else ""
    return any(
        _active(rule, facts.now)
        and matches_object(rule, ref, labels)
        and matches_difference(rule, difference.path, owner)
        for rule in facts.ignore
    )


def _ignored_whole(manifest: Manifest, facts: Facts) -> bool:
    labels = labels_of(manifest.body)
    return any(
        _active(rule, facts.now) and whole_object(rule) and matches_object(rule, manifest.ref, labels)
        for rule in facts.ignore
    )


def _active(rule: IgnoreRule, now: str) -> bool:
    return not rule.expires or not now or now < rule.expires


def labels_of(body: Body) -> Mapping[str, str]:
    """Return the labels a body declares."""
    return (body.get("metadata") or {}).get("labels") or {}


def _state(drift: tuple[Difference, ...], ignored: tuple[Difference, ...]) -> tuple[State, Reason]:
    if drift:
        return State.DRIFTED, Reason.FIELDS_DIFFER
    if ignored:
        return State.IGNORED, Reason.IGNORED_BY_RULE
    return State.IN_SYNC, Reason.IN_SYNC


def _verdict(
    manifest: Manifest,
    state: State,
    reason: Reason,
    message: str = "",
    live: Body | None = None,
    drift: tuple[Difference, ...] = (),
    notes: tuple[Difference, ...] = (),
    ignored: tuple[Difference, ...] = (),
) -> Assessment:
    metadata = (live or {}).get("metadata") or {}
    return Assessment(
        ref=manifest.ref,
        api_version=manifest.api_version,
        source=manifest.provenance.source,
        state=state,
        reason=reason,
        message=message,
        differences=drift,
        notes=notes,
        ignored=ignored,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        terminating=bool(metadata.get("deletionTimestamp")),
    )


__all__ = [
    "Assessment",
    "Difference",
    "Facts",
    "State",
    "assess",
    "differences_of",
    "explain_away",
    "labels_of",
    "unknown",
]
