"""Holds what was reported of one edit against what really changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from drift.core.assess import Assessment, Difference, State
from tests.fidelity.changes import Path, at, below, changes, has, path_of, pointer, related
from tests.fidelity.grow import Step
from tests.fidelity.mutate import Mutation
from tests.fidelity.server import Json

HUMAN = "kubectl-edit"
CONTROLLER = "some-controller"


@dataclass(frozen=True)
class Edited:
    """One object before and after an edit by somebody."""

    desired: Json
    before: Json
    after: Json
    mutation: Mutation
    manager: str
    changed: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, desired: Json, before: Json, after: Json, mutation: Mutation, manager: str) -> "Edited":
        return cls(desired, before, after, mutation, manager, changes(before, after))


def faults(edited: Edited, found: Assessment) -> list[str]:
    """Everything that is wrong with a report of an edit."""
    if found.state is State.UNKNOWN:
        return [f"unknown: {found.message}"]
    return [*_invented(edited, found.differences), *_missed(edited, found), *_misblamed(edited, found.differences)]


def _invented(edited: Edited, told: Sequence[Difference]) -> Iterator[str]:
    """A report of what did not change, or of more than what did."""
    for item in told:
        path = aligned(path_of(item.path), edited)
        if not any(related(path, changed) for changed in edited.changed):
            yield f"invented: {item.op} {item.path}"
        elif not _exact(edited, path):
            yield f"too coarse: {item.op} {item.path}, changed {[pointer(one) for one in edited.changed]}"


def aligned(path: Path, edited: Edited) -> Path:
    """A reported path with the indexes that its items have in live: an earlier repair may have put them in order."""
    found: list[Step] = []
    one: Any = edited.desired
    other: Any = edited.before
    for step in path:
        here: Step = step
        if isinstance(one, list) and isinstance(other, list) and int(step) < len(one):
            here = _index(one[int(step)], other, int(step))
        one, other = at(one, (step,)), at(other, (here,))
        found.append(str(here))
    return tuple(found)


def _index(item: Any, items: list[Any], index: int) -> int:
    return max(range(len(items)), key=lambda other: (_alike(item, items[other]), other == index), default=index)


def _alike(one: Any, other: Any) -> int:
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(not isinstance(one[key], dict | list) and one[key] == other.get(key) for key in one)
    return int(one == other)


def _exact(edited: Edited, path: Path) -> bool:
    atomic = edited.mutation.atomic
    if path == _strings(edited.mutation.item) or (atomic is not None and below(path, atomic)):
        return True
    return any(below(path, changed) for changed in edited.changed)


def _missed(edited: Edited, found: Assessment) -> Iterator[str]:
    """A change that nobody told; additions by controllers, labels and annotations are none."""
    told = [aligned(path_of(item.path), edited) for item in (*found.differences, *found.notes)]
    drift = [aligned(path_of(item.path), edited) for item in found.differences]
    for changed in edited.changed:
        if not _counts(edited, changed):
            if any(below(path, changed) for path in drift):
                yield f"no drift, but told: {pointer(changed)}"
        elif not any(related(path, changed) for path in told):
            yield f"missed: {pointer(changed)}"
        elif not any(related(path, changed) for path in drift) and not _explained(changed, found, edited):
            yield f"explained away: {pointer(changed)} {[item.explanation for item in found.notes]}"


def _counts(edited: Edited, changed: Path) -> bool:
    """Whether a change is drift."""
    if _declared(edited, changed):
        return True
    atomic = edited.mutation.atomic
    if atomic is not None and below(changed, atomic) and _declared(edited, atomic):
        return True
    adding = edited.mutation.kind in {"addition", "append", "default"} and edited.manager == HUMAN
    here = adding and changed[0] != "metadata" and related(changed, edited.mutation.path)
    return here and has(edited.after, changed)


def _declared(edited: Edited, path: Path) -> bool:
    """Whether desired says anything there; a null says nothing, and an item that came is not the one of that index."""
    if path[0] == "data" and edited.desired["kind"] == "Secret":
        strings = edited.desired.get("stringData") or {}
        if len(path) > 1 and path[1] in strings:
            return True
    return has(edited.before, path) and has(edited.desired, path) and not _says_nothing(edited, path)


def _says_nothing(edited: Edited, path: Path) -> bool:
    """A null, or emptiness in which the server or a tool put something of its own."""
    if path[0] == "rules" and (edited.desired.get("aggregationRule") or {}).get("clusterRoleSelectors"):
        return True  # they are those of other roles
    said = at(edited.desired, path)
    if said is None and at(edited.before, path) is not None:
        return True
    return (said in ([], {}) and path[0] == "metadata") or (not said and path[-1] == "nodePort")


def _strings(path: Path | None) -> Path | None:
    return None if path is None else tuple(str(step) for step in path)


def _explained(changed: Path, found: Assessment, edited: Edited) -> bool:
    return any(related(aligned(path_of(note.path), edited), changed) and note.explanation for note in found.notes)


def _misblamed(edited: Edited, told: Sequence[Difference]) -> Iterator[str]:
    for item in told:
        path = aligned(path_of(item.path), edited)
        owner = item.owner.manager if item.owner else None
        if item.op == "removed" and owner is not None:
            yield f"removed, but {owner} is blamed: {item.path}"
        elif item.op != "removed" and related(path, edited.mutation.path) and owner != edited.manager:
            yield f"{owner} is blamed, not {edited.manager}: {item.op} {item.path}"
