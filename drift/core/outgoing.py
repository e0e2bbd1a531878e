"""A drift as it may leave the process: masked, and without what changes by itself."""

from typing import Any

from drift.core.assess import Difference
from drift.core.objects import Body, ObjectRef
from drift.core.plan import Context
from drift.core.redact import masked

_VOLATILE = frozenset({"managedFields", "resourceVersion", "generation"})


def masked_body(ref: ObjectRef, body: Body | None, side: str) -> dict[str, Any] | None:
    """Return the body without status, managedFields and versions; `side` is "desired" or "live"."""
    if body is None:
        return None
    shown = {key: masked(ref, (key,), value, side) for key, value in body.items() if key not in {"status", "metadata"}}
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _VOLATILE}
    if metadata.get("annotations"):
        metadata["annotations"] = masked(ref, ("metadata", "annotations"), metadata["annotations"], side)
    return {**shown, "metadata": metadata}


def description(context: Context) -> dict[str, Any]:
    """Return the drift of one object as JSON; the same as long as the drift is. Values of Secrets are masked."""
    ref = context.ref
    return {
        "version": 1,
        "ref": {"group": ref.group, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name},
        "source": context.source,
        "revision": context.revision,
        "change": "missing" if context.missing else "modified",
        "differences": [_difference(item) for item in context.differences],
        "desired": masked_body(ref, context.desired, "desired"),
        "live": masked_body(ref, context.live, "live"),
    }


def _difference(item: Difference) -> dict[str, Any]:
    owner = item.owner and {"manager": item.owner.manager, "operation": item.owner.operation, "time": item.owner.time}
    return {"path": item.path, "op": item.op, "desired": item.desired, "live": item.live, "owner": owner}
