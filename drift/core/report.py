"""The Report: owns the counts, the answer in one sentence, the exit code and the stable JSON form."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from drift.core.assess import Assessment, Difference, State
from drift.core.ownership import Owner
from drift.core.reasons import Reason

SCHEMA_VERSION = "1"
EXIT_IN_SYNC, EXIT_DRIFT, EXIT_UNKNOWN = 0, 1, 2


class SourceProblem(msgspec.Struct, frozen=True):
    """Part of a source that could not be read."""

    source: str
    message: str
    reason: Reason


class SourceHold(msgspec.Struct, frozen=True):
    """A source whose objects may not be repaired now."""

    source: str
    message: str
    reason: Reason


class Summary(msgspec.Struct, frozen=True, rename="camel"):
    """Counts of objects; `missing` and `held` are counted apart from `drifted`."""

    objects: int = 0
    in_sync: int = 0
    drifted: int = 0
    missing: int = 0
    unknown: int = 0
    ignored: int = 0


class Report(msgspec.Struct, frozen=True, eq=False):
    """The result of one check. `limits` are sentences about what weakens the result (no dry run, no schema)."""

    context: str
    assessments: tuple[Assessment, ...]
    problems: tuple[SourceProblem, ...] = ()
    holds: tuple[SourceHold, ...] = ()
    limits: tuple[str, ...] = ()
    sources: int = 0

    @property
    def summary(self) -> Summary:
        """Counts by state. A held object counts as what it is: drifted or missing."""
        states = [_counted(assessment) for assessment in self.assessments]
        return Summary(
            objects=len(states),
            in_sync=states.count(State.IN_SYNC),
            drifted=states.count(State.DRIFTED),
            missing=states.count(State.MISSING),
            unknown=states.count(State.UNKNOWN),
            ignored=states.count(State.IGNORED),
        )

    @property
    def sentence(self) -> str:
        """The answer in one sentence; never "in sync" where something could not be checked."""
        counts = self.summary
        if not self.clean and not counts.objects:
            return f"Not checked: {_plural(len(self.problems), 'problem')} and no object."
        if not counts.objects:
            return "Nothing to check: no release or manifest declares an object."
        parts = _parts(counts)
        if not parts and not self.problems:
            ignored = f", {counts.ignored} of them ignored" if counts.ignored else ""
            return f"In sync: {_plural(counts.objects, 'object')}{self._of_sources()}{ignored}."
        if self.problems:
            parts.append(f"{_plural(len(self.problems), 'source problem')}")
        word = "Drift" if counts.drifted or counts.missing else "Not fully checked"
        return f"{word}: {', '.join(parts)}; {counts.in_sync} of {_plural(counts.objects, 'object')} in sync."

    def _of_sources(self) -> str:
        return f" of {self.sources} sources" if self.sources > 1 else ""

    @property
    def clean(self) -> bool:
        """Whether everything could be checked."""
        return not self.problems and not self.summary.unknown

    def exit_code(self, drift_exit_code: int = EXIT_DRIFT) -> int:
        """0 in sync, 1 (or as given) drift, 2 something could not be checked; 2 wins."""
        counts = self.summary
        if not self.clean:
            return EXIT_UNKNOWN
        return drift_exit_code if counts.drifted or counts.missing else EXIT_IN_SYNC

    def document(self, *, every: bool = False) -> dict[str, Any]:
        """The stable form for machines; objects in sync only with `every`."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "context": self.context,
            "summary": msgspec.to_builtins(self.summary),
            "objects": [object_document(item) for item in self.listed(every=every)],
            "problems": [msgspec.to_builtins(problem) for problem in self.problems],
            "holds": [msgspec.to_builtins(hold) for hold in self.holds],
            "limits": list(self.limits),
        }

    def listed(self, *, every: bool = False) -> Iterable[Assessment]:
        """The objects worth a line, in a stable order."""
        quiet = {State.IN_SYNC, State.IGNORED}
        chosen = [item for item in self.assessments if every or item.state not in quiet]
        return sorted(chosen, key=lambda item: (item.source, item.ref))


def _counted(assessment: Assessment) -> State:
    if assessment.state is not State.HELD:
        return assessment.state
    return State.DRIFTED if assessment.differences else State.MISSING


def _parts(counts: Summary) -> list[str]:
    named = (("drifted", counts.drifted), ("missing", counts.missing), ("could not be checked", counts.unknown))
    return [f"{number} {name}" for name, number in named if number]


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def object_document(item: Assessment) -> dict[str, Any]:
    """One object of the stable form."""
    return {
        "source": item.source,
        "ref": {
            "apiVersion": item.api_version,
            "kind": item.ref.kind,
            "namespace": item.ref.namespace,
            "name": item.ref.name,
        },
        "state": item.state.value,
        "reason": item.reason.value,
        "message": item.message,
        "differences": [difference_document(difference) for difference in item.differences],
        "notes": [difference_document(note) for note in item.notes],
    }


def difference_document(difference: Difference) -> dict[str, Any]:
    """One difference of the stable form; `explanation` only where there is one."""
    document: dict[str, Any] = {
        "path": difference.path,
        "display": difference.display,
        "op": difference.op,
        "desired": difference.desired,
        "live": difference.live,
        "owner": owner_document(difference.owner),
    }
    if difference.explanation:
        document["explanation"] = difference.explanation
    return document


def owner_document(owner: Owner | None) -> Mapping[str, Any] | None:
    """The owner of a difference; None when managedFields does not tell."""
    return None if owner is None else msgspec.to_builtins(owner)
