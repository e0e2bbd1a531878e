"""Plans: what a strategy wants written, as values, and all that a strategy may look at. Building one is pure.

Only the executor carries a plan out. A plan without actions leaves the object alone, and says why.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from drift.core.assess import Difference
from drift.core.objects import Body, ObjectRef
from drift.core.reasons import Reason
from drift.core.schema import KindSchema

OWN_MANAGER = "daytwo"


class HoldVerdict(msgspec.Struct, frozen=True):
    """Not now: why, and when to ask again (seconds; 0 means: when something changes)."""

    reason: Reason
    message: str
    retry_after: float = 0.0


class Apply(msgspec.Struct, frozen=True, tag=True, eq=False):
    """Server-side apply of `body`; `creates` when the object is missing (then no precondition stands in it)."""

    ref: ObjectRef
    body: Body
    manager: str
    creates: bool = False

    def __repr__(self) -> str:
        return f"Apply({self.ref}, manager={self.manager})"


class Patch(msgspec.Struct, frozen=True, tag=True, eq=False):
    """JSON patch with its `test` operations; `version` is the API version its pointers are of."""

    ref: ObjectRef
    operations: tuple[Mapping[str, Any], ...]
    version: str = ""

    def __repr__(self) -> str:
        return f"Patch({self.ref}, {len(self.operations)} operations)"


class Delete(msgspec.Struct, frozen=True, tag=True):
    """Delete exactly this incarnation in exactly this state."""

    ref: ObjectRef
    uid: str
    resource_version: str


Action = Apply | Patch | Delete


class Plan(msgspec.Struct, frozen=True, eq=False):
    """What to write, in order, and why, in words. No actions: leave the object alone.

    `fallback` runs instead when the server cannot merge the apply or finds the result invalid, `last_resort` when a
    field is immutable. `hold`: the strategy itself wants to wait. `approval`: run only once a person has approved
    this very drift. `artifact`: text for the user (a patch for git), never written to the cluster. `repairs` is False
    where the writes are not meant to end the drift, or nobody can say so beforehand: then the next look tells.
    """

    reason: str
    actions: tuple[Action, ...] = ()
    fallback: tuple[Action, ...] = ()
    last_resort: tuple[Action, ...] = ()
    hold: HoldVerdict | None = None
    approval: bool = False
    artifact: str = ""
    repairs: bool = True


MATCHES = ("namespace", "targets-me", "selects-my-pods")


class Need(msgspec.Struct, frozen=True):
    """Objects of the same namespace that a strategy wants to look at; they arrive in `Context.related[name]`.

    `match`: "namespace" for all of the kind, "targets-me" for those whose spec.scaleTargetRef names the object,
    "selects-my-pods" for those whose spec.selector matches the object's pod template labels.
    """

    name: str
    group: str
    kind: str
    match: str = "namespace"


class Context(msgspec.Struct, frozen=True, eq=False):
    """All that a strategy may look at: frozen, and without a way to reach the cluster.

    `differences` are those that the rules gave to this strategy; `left_alone` are differences in declared fields that
    a repair must not touch (ignored, explained, or given to another strategy). `last_seen` is the last known live body
    of an object that is gone, as far as it was remembered. `related` holds what the strategy declared in `needs`,
    `answer` what its `question` was answered. `dropped`: the object is no longer declared, a former revision did.
    """

    ref: ObjectRef
    source: str
    revision: str
    desired: Body
    live: Body | None
    schema: KindSchema
    manager: str = OWN_MANAGER
    differences: tuple[Difference, ...] = ()
    left_alone: tuple[Difference, ...] = ()
    last_seen: Body | None = None
    related: Mapping[str, tuple[Body, ...]] = {}
    answer: Mapping[str, Any] | None = None
    dropped: bool = False

    @property
    def missing(self) -> bool:
        """Whether the object does not exist."""
        return self.live is None

    def __repr__(self) -> str:
        return f"Context({self.ref}, source={self.source})"


def summary_of(plan: Plan) -> tuple[str, ...]:
    """One line per action, as shown before approval."""
    last = tuple(f"if a field cannot be changed: {_line(action)}" for action in plan.last_resort)
    return (*(_line(action, "restore" if plan.repairs else "mark") for action in plan.actions), *last)


def _line(action: Action, verb: str = "restore") -> str:
    match action:
        case Apply(creates=True):
            return f"create {action.ref} by server-side apply as {action.manager}"
        case Apply():
            return f"{verb} {action.ref} by server-side apply as {action.manager}"
        case Patch():
            changed = [op["path"] for op in action.operations if op["op"] in {"add", "replace"}]
            if changed and all(path.startswith("/metadata/managedFields") for path in changed):
                return f"take over what others own in the changed fields of {action.ref}"
            if changed:
                return f"change {', '.join(changed)} of {action.ref}"
            removed = [op["path"] for op in action.operations if op["op"] == "remove"]
            return f"remove {', '.join(removed) or 'fields'} from {action.ref}"
        case Delete():
            return f"delete {action.ref}"
