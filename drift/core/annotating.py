"""The patch that sets or removes annotations of ours on an object, as a plan for the executor."""

from collections.abc import Mapping
from typing import Any

from drift.core.objects import Body, ObjectRef
from drift.core.paths import pointer_of
from drift.core.plan import Patch, Plan


def annotating(ref: ObjectRef, live: Body, changes: Mapping[str, str | None], reason: str) -> Plan:
    """Plan the change of annotations (None removes one) on exactly this incarnation; no actions if nothing changes."""
    metadata = live.get("metadata") or {}
    now: Mapping[str, Any] = metadata.get("annotations") or {}
    operations: list[Mapping[str, Any]] = []
    for key, value in changes.items():
        path = pointer_of(("metadata", "annotations", key))
        if value is None and key in now:
            operations.append({"op": "remove", "path": path})
        elif value is not None and now.get(key) != value:
            operations.append({"op": "add", "path": path, "value": value})
    if not operations:
        return Plan(reason)
    test: list[Mapping[str, Any]] = [{"op": "test", "path": "/metadata/uid", "value": metadata.get("uid")}]
    if metadata.get("annotations") is None:
        test.append({"op": "add", "path": "/metadata/annotations", "value": {}})
    return Plan(reason, (Patch(ref, (*test, *operations)),))
