"""What the controller tells in the status of a guard, and in a DriftReport: states, paths and people, never values.

Conditions follow kstatus (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md): Ready,
Reconciling and Stalled say how the guard itself fares; Drifted and Held say how what it guards fares.
"""

from typing import Annotated, Literal

import msgspec

from drift.controller.words import says

MOST_DRIFTS = 10
_TIME = {"format": "date-time"}
ConditionType = Literal["Ready", "Reconciling", "Stalled", "Drifted", "Held"]


class _Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part that the controller writes; read leniently, for a newer version may have written more."""


class Condition(_Told, frozen=True, kw_only=True):
    """One aspect of a guard, as metav1.Condition."""

    type: Annotated[ConditionType, says("The aspect.")]
    status: Annotated[Literal["True", "False", "Unknown"], says("Whether it holds.")]
    reason: Annotated[str, says("Why, in one word.", min_length=1, max_length=1024)]
    message: Annotated[str, says("Why, in a sentence.", max_length=32768)] = ""
    last_transition_time: Annotated[str, says("When the status last changed.", server=_TIME)]
    observed_generation: Annotated[int, says("The generation of the guard that it speaks of.", ge=0)] = 0


class Counts(_Told, frozen=True, kw_only=True):
    """Numbers of objects by state."""

    sources: Annotated[int, says("Releases, charts or sets of manifests.", ge=0)] = 0
    objects: Annotated[int, says("Declared objects.", ge=0)] = 0
    in_sync: Annotated[int, says("As declared.", ge=0)] = 0
    drifted: Annotated[int, says("Changed or missing.", ge=0)] = 0
    missing: Annotated[int, says("Missing; they count as drifted too.", ge=0)] = 0
    held: Annotated[int, says("Drifted, and not repaired for a reason.", ge=0)] = 0
    unknown: Annotated[int, says("Could not be checked.", ge=0)] = 0
    ignored: Annotated[int, says("Hidden by an ignore rule.", ge=0)] = 0


class _Object(_Told, frozen=True, kw_only=True):
    """One object that is not as declared."""

    api_version: Annotated[str, says("Its apiVersion.")]
    kind: Annotated[str, says("Its kind.")]
    namespace: Annotated[str, says("Its namespace; none for one that has no namespace.")] = ""
    name: Annotated[str, says("Its name.")]
    state: Annotated[str, says("Drifted, Missing, Held or Unknown.")]
    reason: Annotated[str, says("Why, in one word.")]
    fields: Annotated[tuple[str, ...], says("Fields that differ.", max_length=64)] = ()
    who: Annotated[str, says("Field manager that made the newest difference, where known.")] = ""
    when: Annotated[str, says("When it was made, where known.")] = ""


class StatusObject(_Object, frozen=True, kw_only=True):
    """One drift of a guard."""

    first_seen: Annotated[str, says("When the controller first saw it.", server=_TIME)]


class ReportObject(_Object, frozen=True, kw_only=True):
    """One object of a report."""

    source: Annotated[str, says("What declares it, such as helm:shop/web.")] = ""
    message: Annotated[str, says("Why, in a sentence.", max_length=4096)] = ""


class ReportSummary(_Told, frozen=True, kw_only=True):
    """Counts of a report; missing is counted apart from drifted, as in `drift report -o json`."""

    objects: Annotated[int, says("Declared objects.", ge=0)] = 0
    in_sync: Annotated[int, says("As declared.", ge=0)] = 0
    drifted: Annotated[int, says("Changed.", ge=0)] = 0
    missing: Annotated[int, says("Missing.", ge=0)] = 0
    unknown: Annotated[int, says("Could not be checked.", ge=0)] = 0
    ignored: Annotated[int, says("Hidden by an ignore rule.", ge=0)] = 0


class GuardStatus(_Told, frozen=True, kw_only=True):
    """What was found."""

    observed_generation: Annotated[int, says("The generation of the guard that was last acted upon.", ge=0)] = 0
    conditions: Annotated[
        tuple[Condition, ...],
        says(
            "Ready, Reconciling, Stalled, Drifted, Held.",
            server={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    counts: Annotated[Counts | None, says("Numbers of objects by state.")] = None
    drifts: Annotated[tuple[StatusObject, ...], says("The first drifts.", max_length=MOST_DRIFTS)] = ()
    more_drifts: Annotated[int, says("Drifts beside those listed.", ge=0)] = 0
    revision: Annotated[str, says("The revision of the desired state, where there is one source.")] = ""
    last_check: Annotated[str, says("When everything was last compared.", server=_TIME)] = ""
    last_audit: Annotated[str, says("When the last audit ended.", server=_TIME)] = ""
    last_handled_requested_at: Annotated[
        str, says("The value of the annotation daytwo.dev/requested-at that was last acted upon.")
    ] = ""
