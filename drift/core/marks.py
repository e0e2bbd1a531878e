"""The mark on a drifted object: one annotation that says in words what differs, for whoever looks at the object.

Written by server-side apply under a manager of its own that owns nothing else, so taking it away is one apply
without it, and nobody else's apply ever meets a conflict. It holds no times and no versions: the same drift
gives the same text, so marking twice writes once.
"""

from collections.abc import Iterable
from typing import Any

from drift.core.assess import Difference
from drift.core.objects import Body, ObjectRef
from drift.core.plan import Apply, Context, Plan
from drift.core.redact import is_secret, printable

DRIFT_MARK = "daytwo.dev/drift"
MARK_MANAGER = "daytwo-mark"
_LONGEST = 1000
_LONGEST_VALUE = 60


def mark(context: Context) -> Plan:
    """Plan the mark of a drifted object; nothing where it is there already or the object is not."""
    if context.live is None:
        return Plan("the object is missing: there is nothing to mark")
    text = mark_text(context.ref, context.differences)
    if marked(context.live) == text:
        return Plan(f"marked by the annotation {DRIFT_MARK}")
    return Plan(
        f"mark the object by the annotation {DRIFT_MARK}", (_apply(context.ref, context.live, text),), repairs=False
    )


def unmark(ref: ObjectRef, live: Body) -> Plan:
    """Plan to take the mark away from an object that drifts no more."""
    return Plan(f"in sync: the annotation {DRIFT_MARK} goes", (_apply(ref, live, None),), repairs=False)


def marked(live: Body | None) -> str | None:
    """Return the text of the mark that we set; None where there is none, or where it is somebody else's."""
    metadata = (live or {}).get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(DRIFT_MARK)
    return None if text is None else str(text)


def is_mark(plan: Plan) -> bool:
    """Whether a plan only sets or takes away a mark, which disturbs nothing."""
    return all(isinstance(action, Apply) and action.manager == MARK_MANAGER for action in plan.actions)


def mark_text(ref: ObjectRef, differences: Iterable[Difference]) -> str:
    """Describe differences without anything volatile, in at most 1,000 characters."""
    parts = [_words(item, values=not is_secret(ref)) for item in differences]
    text = "; ".join(parts)
    if len(text) <= _LONGEST:
        return text
    while parts and len("; ".join(parts)) > _LONGEST - 20:
        parts.pop()
    return "; ".join([*parts, "and more"])


def _words(item: Difference, *, values: bool) -> str:
    where = printable(item.display)[:200]
    if item.surplus or item.op == "removed" or not values:
        return f"{where} {item.op}"
    return f"{where} {_short(item.desired)} -> {_short(item.live)}"


def _short(value: Any) -> str:
    text = printable(str(value))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _apply(ref: ObjectRef, live: Body, text: str | None) -> Apply:
    own = live.get("metadata") or {}
    metadata = {key: own[key] for key in ("name", "namespace", "uid", "resourceVersion") if own.get(key)}
    annotations = {} if text is None else {"annotations": {DRIFT_MARK: text}}
    body = {"apiVersion": live.get("apiVersion"), "kind": live.get("kind"), "metadata": metadata | annotations}
    return Apply(ref, body, MARK_MANAGER)
