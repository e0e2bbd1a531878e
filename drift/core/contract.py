"""What a plan must be to be carried out, whoever made it.

A plugin may be anybody's code and a hook anybody's server: before a plan reaches a gate it is checked that it is about
the one object it was asked about, and about exactly the state that was seen. Each check returns its fault in words.
"""

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any

from drift.core.objects import ref_of
from drift.core.paths import tokens_of
from drift.core.plan import Action, Apply, Context, Delete, HoldVerdict, Patch, Plan

_OPS = frozenset({"add", "remove", "replace", "test"})
_OWN_PREFIX = "daytwo.dev/"


def plan_fault(plan: Any, context: Context) -> str:
    """Say what is wrong with an answer that should be a plan for this context, or ""."""
    if not isinstance(plan, Plan):
        return f"answered {type(plan).__name__}, not a Plan"
    for name, kind in _MEMBERS.items():
        given: Any = getattr(plan, name)
        if not isinstance(given, kind):
            return f"gave {type(given).__name__} as the {name} of its plan"
    actions = (*plan.actions, *plan.fallback, *plan.last_resort)
    return next((fault for action in actions if (fault := _action_fault(action, context))), "")


_MEMBERS: Mapping[str, type | UnionType] = {
    "reason": str,
    "artifact": str,
    "hold": HoldVerdict | None,
    "approval": bool,
    "repairs": bool,
    "actions": tuple,
    "fallback": tuple,
    "last_resort": tuple,
}


def _action_fault(action: Any, context: Context) -> str:
    if not isinstance(action, Action):
        return f"planned {type(action).__name__}, which is no action"
    if action.ref != context.ref:
        return f"planned to write {action.ref}, and was asked about {context.ref}"
    match action:
        case Apply():
            return _apply_fault(action, context)
        case Patch():
            return _patch_fault(action, context)
        case Delete():
            return "" if (action.uid, action.resource_version) == _state(context) else _ANOTHER


_ANOTHER = "planned without the uid and resourceVersion of what it saw"


def _state(context: Context) -> tuple[Any, Any]:
    metadata = (context.live or {}).get("metadata") or {}
    return metadata.get("uid"), metadata.get("resourceVersion")


def _apply_fault(action: Apply, context: Context) -> str:
    found = ref_of(action.body, context.ref.namespace)
    if found != context.ref or action.body.get("metadata", {}).get("namespace") not in {None, "", found.namespace}:
        return f"planned to apply the body of {found} to {context.ref}"
    if action.creates:
        return "" if context.missing else "planned to create an object that exists"
    metadata = action.body["metadata"]
    return "" if (metadata.get("uid"), metadata.get("resourceVersion")) == _state(context) else _ANOTHER


def _patch_fault(action: Patch, context: Context) -> str:
    tests = {one.get("path"): one.get("value") for one in action.operations if one.get("op") == "test"}
    seen = (tests.get("/metadata/uid"), tests.get("/metadata/resourceVersion"))
    return "" if seen == _state(context) else _ANOTHER


def operations_fault(operations: Sequence[Mapping[str, Any]]) -> str:
    """Say why JSON patch operations of an outsider may not be carried out, or "".

    They may touch members of spec, data, metadata.labels and metadata.annotations, and none of our own annotations:
    a hook does not approve its own proposals.
    """
    for operation in operations:
        op, path = operation.get("op"), operation.get("path")
        if op not in _OPS or not isinstance(path, str):
            return f"operation {op!r} is none of {', '.join(sorted(_OPS))}"
        if not _permitted(tuple(tokens_of(path))) or set(operation) - {"op", "path", "value"}:
            return f"path {path!r} is not below /spec, /data, /metadata/labels or /metadata/annotations"
        if op != "remove" and "value" not in operation:
            return f"{op} of {path!r} has no value"
    return ""


def _permitted(tokens: tuple[str, ...]) -> bool:
    if tokens[:1] in {("spec",), ("data",)}:
        return len(tokens) > 1
    below = tokens[:2] in {("metadata", "labels"), ("metadata", "annotations")}
    return below and len(tokens) == 3 and not tokens[2].startswith(_OWN_PREFIX)
