"""A body as it may leave the process: masked, and without what changes by itself."""

from typing import Any

from drift.core.objects import Body, ObjectRef
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
