"""Approval of one very drift: an id that anybody can compute from what is seen, and where it is noted.

On an existing object the note is an annotation of the object; for a missing one, an annotation of its namespace (of the
control namespace for cluster-scoped kinds). The id covers the incarnation and the differences: a drift that changed
after it was approved waits again.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from drift.core.assess import Assessment
from drift.core.objects import ObjectRef

APPROVE = "daytwo.dev/approve"


def approval_id(found: Assessment) -> str:
    """A short name for exactly this drift, the same in every process."""
    parts = [
        str(found.ref),
        found.state.value if not found.differences else "differs",
        found.uid,
        *(f"{item.op} {item.path} {msgspec.json.encode(item.live).decode()}" for item in found.differences),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def missing_key(ref: ObjectRef) -> str:
    """Annotation name by which a missing object is approved on its namespace."""
    return f"{APPROVE}-{hashlib.sha256(str(ref).encode()).hexdigest()[:16]}"


def is_approved(found: Assessment, own: Mapping[str, str], around: Mapping[str, str]) -> bool:
    """Whether annotations of the object (`own`) or of its namespace (`around`) approve this drift."""
    wanted = approval_id(found)
    return own.get(APPROVE) == wanted or around.get(missing_key(found.ref)) == wanted
