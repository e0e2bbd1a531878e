"""Which differences are drift, which are somebody's business by design, and which a rule hides."""

from collections.abc import Iterable, Mapping

import msgspec

from drift.core.assessment import Difference, Facts
from drift.core.known import known_reason
from drift.core.leave_alone import left_alone_by
from drift.core.objects import Body, Manifest, ObjectRef
from drift.core.paths import tokens_of
from drift.core.rules import active, matches_difference, matches_object, whole_object


def sort_out(
    manifest: Manifest, found: Iterable[Difference], facts: Facts
) -> tuple[tuple[Difference, ...], tuple[Difference, ...], tuple[Difference, ...]]:
    """Split differences into drift, notes (no drift, with the reason) and those that ignore rules hide."""
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
    if difference.op == "added" and _is_note(difference):
        return "added, no part of what is declared"
    return None


def _is_note(difference: Difference) -> bool:
    """Labels and annotations that somebody added, and other metadata, are told but are no drift."""
    return bool(difference.path) and tokens_of(difference.path)[0] == "metadata"


def _ignored(ref: ObjectRef, labels: Mapping[str, str], difference: Difference, facts: Facts) -> bool:
    owner = difference.owner.manager if difference.owner else ""
    return any(
        active(rule, facts.now)
        and matches_object(rule, ref, labels)
        and matches_difference(rule, difference.path, owner)
        for rule in facts.ignore
    )


def ignored_whole(manifest: Manifest, live: Body | None, facts: Facts) -> str | None:
    """Return what says to leave the whole object alone: an ignore rule or an annotation of it."""
    labels = labels_of(manifest.body)
    for rule in facts.ignore:
        if active(rule, facts.now) and whole_object(rule) and matches_object(rule, manifest.ref, labels):
            return rule.reason or "an ignore rule"
    return left_alone_by(manifest.body, live)


def labels_of(body: Body) -> Mapping[str, str]:
    """Return the labels a body declares."""
    return (body.get("metadata") or {}).get("labels") or {}
