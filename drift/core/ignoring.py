"""Ignore rules seen from the other side: which match nothing any more, and which would hide what a report shows."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from drift.core.assessment import Assessment, Difference, State
from drift.core.objects import ObjectRef
from drift.core.rules import IgnoreRule, active, matches_difference, matches_object, whole_object

Labels = Mapping[ObjectRef, Mapping[str, str]]
_SHOWN = ("kinds", "names", "namespaces", "labels", "paths", "owners")


def idle_rules(
    rules: Iterable[IgnoreRule], assessments: Iterable[Assessment], labels: Labels, now: str
) -> Iterator[str]:
    """Yield a sentence for each rule that has expired or hides nothing."""
    seen = tuple(assessments)
    for rule in rules:
        if not active(rule, now):
            yield f"ignore rule {rule_name(rule)} expired at {rule.expires}"
        elif not any(_hides(rule, found, labels.get(found.ref, {})) for found in seen):
            yield f"ignore rule {rule_name(rule)} matches nothing: it can go"


def _hides(rule: IgnoreRule, found: Assessment, labels: Mapping[str, str]) -> bool:
    if not matches_object(rule, found.ref, labels):
        return False
    if whole_object(rule):
        return found.state is State.IGNORED
    return any(matches_difference(rule, item.path, _manager(item)) for item in found.ignored)


def _manager(item: Difference) -> str:
    return item.owner.manager if item.owner else ""


def rule_name(rule: IgnoreRule) -> str:
    """`(kinds: Deployment; paths: /spec/replicas)`: a rule in words."""
    parts = ((name, getattr(rule, name)) for name in _SHOWN)
    return "(" + "; ".join(f"{name}: {', '.join(value)}" for name, value in parts if value) + ")"


class Suggestion(msgspec.Struct, frozen=True):
    """A rule that hides one difference for good, and why somebody might want it, as a comment."""

    rule: IgnoreRule
    comment: str


def suggestions(assessments: Iterable[Assessment]) -> Iterator[Suggestion]:
    """Yield one rule per difference of a report; missing objects are not suggested to be ignored."""
    for found in assessments:
        for item in found.differences:
            yield Suggestion(_rule(found.ref, item), _comment(found, item))


def _rule(ref: ObjectRef, item: Difference) -> IgnoreRule:
    kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    return IgnoreRule(
        kinds=(kind,),
        names=(ref.name,),
        namespaces=(ref.namespace,) if ref.namespace else (),
        paths=(item.path,) if item.path else (),
        owners=(item.owner.manager,) if item.owner else (),
    )


def _comment(found: Assessment, item: Difference) -> str:
    who = f"by {item.owner.manager} at {item.owner.time or 'an unknown time'}" if item.owner else "by nobody on record"
    return f"{item.display} {item.op} {who} ({found.source})"
