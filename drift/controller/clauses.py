"""The clauses of a guard: rules, windows, limits and blockers, as the core has them, spelled as Kubernetes spells them.

Each is a subclass of the core's own value, so what a guard says is what the engine acts by; here is only what a
reader, a CRD and an API server need beside it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from drift.controller.words import CLOCK, DNS_LABEL, DNS_SUBDOMAIN, POINTER, TIME, TIMEZONE, URL, rule, says
from drift.core import budget, policy, rules, windows

_SELECTING = ("kinds", "names", "namespaces", "labels", "paths", "owners")
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
Patterns = Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=64)]
Pointer = Annotated[str, msgspec.Meta(pattern=POINTER, max_length=1024)]

Kinds = Annotated[Patterns, says("Kinds, such as Deployment or Deployment.apps; patterns with *. None means any.")]
Names = Annotated[Patterns, says("Names of objects; patterns with *. None means any.")]
Namespaces = Annotated[Patterns, says("Namespaces of objects; patterns with *. None means any.")]
Labels = Annotated[Mapping[str, str], says("Labels that the declared object must have, with these values.")]
Paths = Annotated[
    tuple[Pointer, ...],
    says(
        "JSON Pointers of fields, such as /spec/replicas; * stands for one step, ** for any rest. None means any.",
        max_length=64,
    ),
]
Owners = Annotated[Patterns, says("Field managers that made the difference; patterns with *. None means any.")]
Change = Literal["missing", "modified", "dropped"]


class Rule(rules.Rule, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which strategy repairs what; the first rule that matches wins."""

    kinds: Kinds = ()
    names: Names = ()
    namespaces: Namespaces = ()
    labels: Labels = msgspec.field(default_factory=dict)
    paths: Paths = ()
    owners: Owners = ()
    strategy: Annotated[str, says("The strategy that repairs what matches: revert, recreate, observe, ...",
                                  min_length=1, max_length=63)]  # fmt: skip
    changes: Annotated[
        tuple[Change, ...], says("What the rule is for. None: whatever the strategy can repair.", max_length=3)
    ] = ()
    settings: Annotated[
        Mapping[str, Any],
        says("Settings of the strategy.", server={"x-kubernetes-preserve-unknown-fields": True}),
    ] = {}


class IgnoreRule(rules.IgnoreRule, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is neither reported nor repaired."""

    kinds: Kinds = ()
    names: Names = ()
    namespaces: Namespaces = ()
    labels: Labels = msgspec.field(default_factory=dict)
    paths: Paths = ()
    owners: Owners = ()
    reason: Annotated[str, says("Why, for the reader.", max_length=1024)] = ""
    expires: Annotated[
        str, says("When the rule ends: a date, or a date and time with zone (RFC 3339).", pattern=TIME)
    ] = ""


class Window(windows.Window, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """When repairs may be written."""

    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...],
        says("Days on which the window begins. None means every day.", max_length=7),
    ] = ()
    start: Annotated[str, says("Time of day at which it begins, HH:MM.", pattern=CLOCK)] = "00:00"
    end: Annotated[
        str, says("Time of day at which it ends, HH:MM; before start it is on the next day.", pattern=CLOCK)
    ] = "24:00"
    timezone: Annotated[
        str, says("Time zone of start and end, such as Europe/Berlin.", pattern=TIMEZONE, max_length=64)
    ] = "UTC"
    disruptive_only: Annotated[bool, says("Bind only repairs that restart pods or delete something.")] = False


class Limits(budget.Limits, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """How much may be repaired."""

    per_minute: Annotated[int, says("Repairs in a minute; 0 for no limit.", ge=0, le=1_000_000)] = 0
    per_hour: Annotated[int, says("Repairs in an hour; 0 for no limit.", ge=0, le=1_000_000)] = 0
    max_share: Annotated[
        float,
        says(
            "Share of the objects, 0 to 1, that may drift within a minute before everything is held. 1 never holds.",
            ge=0,
            le=1,
        ),
    ] = 1.0
    breaker_minimum: Annotated[
        int, says("Below this number of drifted objects nothing is held for maxShare.", ge=1, le=1_000_000)
    ] = 10
    max_shrink: Annotated[
        float, says("Share of a source's objects that one revision may drop and still be pruned.", ge=0, le=1)
    ] = 0.5


class Prometheus(
    policy.Prometheus, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """Alerts that hold repairs while they fire."""

    url: Annotated[str, says("Address of the Prometheus server.", pattern=URL, max_length=2048)]
    filter: Annotated[
        str, says("Regular expression on the names of alerts that do not hold repairs.", max_length=1024)
    ] = ""
    only_firing: Annotated[bool, says("Pending alerts hold nothing.")] = True
    block_when_unreachable: Annotated[bool, says("Hold repairs when Prometheus cannot be asked.")] = True


class PodBlocker(policy.PodBlocker, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Pods that hold repairs while they are there."""

    selector: Annotated[str, says("Label selector of the pods, such as job=backup.", min_length=1, max_length=1024)]
    namespace: Annotated[
        str, says("Namespace of the pods. Without it, pods of all namespaces count.", pattern=DNS_LABEL)
    ] = ""


class Lock(policy.Lock, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A Lease that lets one disruptive repair run at a time."""

    namespace: Annotated[str, says("Namespace of the Lease.", pattern=DNS_LABEL)] = "default"
    name: Annotated[str, says("Name of the Lease.", pattern=DNS_SUBDOMAIN, max_length=253)] = "daytwo-disruption"
    ttl: Annotated[int, says("Seconds after which a holder that died loses it.", ge=5, le=86_400)] = 60


class People(policy.People, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who counts as a person."""

    human: Annotated[
        Patterns, says("Field managers behind which people sit, beside the built-in list (regular expressions).")
    ] = ()
    controllers: Annotated[Patterns, says("Field managers of that list that are none (regular expressions).")] = ()


Rules = Annotated[
    tuple[Rule, ...],
    says(
        "Which strategy repairs what; the first that matches wins. None: the default rules, "
        "recreate what is missing and revert what was modified.",
        max_length=256,
    ),
]
_SELECTS = " || ".join(f"(has(self.{name}) && size(self.{name}) > 0)" for name in _SELECTING)
SELECTS_NOTHING = f"would ignore everything: give one of {', '.join(_SELECTING)}"
IgnoreRules = Annotated[
    tuple[Annotated[IgnoreRule, msgspec.Meta(extra_json_schema=rule(_SELECTS, SELECTS_NOTHING))], ...],
    says("What is neither reported nor repaired.", max_length=256),
]
