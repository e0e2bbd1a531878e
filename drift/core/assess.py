"""The one state machine: what is the state of one desired object, and why.

Pure: a desired manifest, the live body (or its absence, or the reason why nothing is known) and the facts around it go
in; an `Assessment` with masked, owned differences comes out. Unknown is never turned into InSync or Missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drift.core.additions import additions
from drift.core.assessment import Assessment, Difference, Facts, State
from drift.core.compare import compare, matches
from drift.core.dropped import dropped, still_of_source
from drift.core.exact import undeclared
from drift.core.nodes import Node
from drift.core.normalize import declared
from drift.core.objects import Body, Manifest, ObjectRef, Role
from drift.core.ownership import Entry, Owner, entries_of, owner_of
from drift.core.paths import Token
from drift.core.reasons import Reason
from drift.core.redact import masked, sign
from drift.core.schema import KindSchema
from drift.core.sorting import explain_away, ignored_whole, labels_of, sort_out

# Managers by which tools apply: what they still own of a dropped field, nobody else wanted.
_TOOLS = frozenset({"helm", "daytwo", "kubectl-client-side-apply", "before-first-apply"})

_DOUBT = "without a schema of {}, what the live object has beyond what is declared may be its defaults"


def unknown(manifest: Manifest, reason: Reason, message: str) -> Assessment:
    """Nothing can be said about this object, and why."""
    return _verdict(manifest, State.UNKNOWN, reason, message)


def assess(manifest: Manifest, live: Body | None, schema: KindSchema, facts: Facts) -> Assessment:
    """Compare one object; `live` None means: a complete list does not have it."""
    why = ignored_whole(manifest, live, facts)
    if why is not None:
        return _verdict(manifest, State.IGNORED, Reason.IGNORED_BY_RULE, why, live)
    if manifest.role is Role.DROPPED:
        return _assess_dropped(manifest, live)
    if live is None and removes_itself(manifest):
        return _verdict(manifest, State.IGNORED, Reason.JOB_FINISHED, "the Job removes itself when finished")
    if live is None:
        return _verdict(manifest, State.MISSING, Reason.OBJECT_MISSING, "the object does not exist")
    found = differences_of(manifest, live, schema, facts)
    drift, notes, ignored = sort_out(manifest, found, facts)
    if not schema.known and _doubtful(manifest.body, live, schema, drift):
        return _verdict(manifest, State.UNKNOWN, Reason.SCHEMA_UNAVAILABLE, _DOUBT.format(manifest.ref.kind), live)
    state, reason = _state(drift, ignored)
    return _verdict(manifest, state, reason, "", live, drift, notes, ignored)


def _doubtful(desired: Body, live: Body, schema: KindSchema, drift: Iterable[Difference]) -> bool:
    """Whether all that differs, without a schema, is what live has beyond desired, or emptiness that it dropped."""
    found = list(drift)
    if not all(item.op == "added" or (item.op == "removed" and item.desired in ({}, [])) for item in found):
        return False
    return bool(found) or not matches(desired, live, schema.strict())


def removes_itself(manifest: Manifest) -> bool:
    """Whether an object is meant to vanish: a Job with ttlSecondsAfterFinished."""
    spec = manifest.body.get("spec") or {}
    job = (manifest.ref.group, manifest.ref.kind) == ("batch", "Job")
    return job and isinstance(spec, Mapping) and spec.get("ttlSecondsAfterFinished") is not None


def _assess_dropped(manifest: Manifest, live: Body | None) -> Assessment:
    """An object that a former revision declared: gone is as it should be."""
    if live is None or not still_of_source(manifest.body, live):
        return _verdict(manifest, State.IN_SYNC, Reason.NOT_DESIRED)
    whole = Difference(path="", display="(the whole object)", op="dropped")
    message = "the current revision no longer declares this object"
    return _verdict(manifest, State.DRIFTED, Reason.NOT_DESIRED, message, live, (whole,))


def differences_of(manifest: Manifest, live: Body, schema: KindSchema, facts: Facts) -> tuple[Difference, ...]:
    """Every difference with its owner: declared fields, what people added, what a former revision left behind."""
    found: dict[tuple[Token, ...], Difference] = {}
    for difference in _found(manifest, live, schema, facts):
        found.setdefault(difference.tokens, difference)  # pointers of desired and live may be equal by chance
    return tuple(found.values())


def _found(manifest: Manifest, live: Body, schema: KindSchema, facts: Facts) -> Iterator[Difference]:
    ref, wanted, root = manifest.ref, declared(manifest.body), schema.root
    entries = entries_of((live.get("metadata") or {}).get("managedFields"))
    for edit in compare(manifest.body, live, schema):
        who = _blame(edit.place.tokens, edit.op, root, entries, facts)
        yield _difference(ref, edit.place.tokens, edit.op, edit.place.pointer, edit.place.display, edit.desired,
                          edit.live, who)  # fmt: skip
    for extra in additions(wanted, live, root, entries, facts.managers):
        place = extra.place
        yield _difference(ref, place.tokens, "added", place.pointer, place.display, None, place.live, extra.owner)
    if facts.exact:
        for place in undeclared(wanted, live, root, facts.expected):
            who = owner_of(place.tokens, root, entries, facts.managers)
            yield _difference(ref, place.tokens, "added", place.pointer, place.display, None, place.live, who)
    if manifest.former is not None:
        former = declared(manifest.former)
        for place in dropped(former, wanted, live, root, entries, _TOOLS, facts.managers):
            who = owner_of(place.tokens, root, entries, facts.managers)
            yield _difference(ref, place.tokens, "dropped", place.pointer, place.display, None, place.live, who)


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
        fact=f"{path}={sign(live)}",
    )


def _blame(tokens: tuple[Token, ...], op: str, root: Node, entries: Iterable[Entry], facts: Facts) -> Owner | None:
    """A removed field has no owner any more: nobody is blamed for it."""
    return None if op == "removed" else owner_of(tokens, root, entries, facts.managers)


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
