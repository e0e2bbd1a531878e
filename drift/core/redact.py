"""Masks secrets on ingest, keeping a change visible as a change.

Every value of a Secret is masked, in `data` and `stringData` and inside the annotations that repeat the whole object.
The two sides are told apart (`*** (desired)`, `*** (live)`) so that a reader sees that something differs, never what.
"""

import re
from collections.abc import Mapping
from typing import Any

from drift.core.objects import ObjectRef
from drift.core.paths import Token

MASK = "***"
_VALUE_FIELDS = frozenset({"data", "stringData"})
# Annotations in which tools keep a copy of the object.
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration", "objectset.rio.cattle.io/applied"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def is_secret(ref: ObjectRef) -> bool:
    """Whether values of this object may not be shown."""
    return ref.kind == "Secret" and ref.group == ""


def masked(ref: ObjectRef, tokens: tuple[Token, ...], value: Any, side: str) -> Any:
    """Return the value as it may be shown; `side` is "desired" or "live"."""
    if value is None or not is_secret(ref):
        return value
    if not tokens or tokens[0] in _VALUE_FIELDS:
        return _mask(value, side)
    if tokens[:2] == ("metadata", "annotations"):
        return _mask_copies(tokens, value, side)
    return value


def _mask_copies(tokens: tuple[Token, ...], value: Any, side: str) -> Any:
    if len(tokens) > 2:
        return _mask(value, side) if tokens[2] in _COPIES else value
    if isinstance(value, Mapping):
        return {key: _mask(item, side) if key in _COPIES else item for key, item in value.items()}
    return value


def _mask(value: Any, side: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _mask(item, side) for key, item in value.items()}
    return f"{MASK} ({side})"


def printable(text: str) -> str:
    """Neutralise what a terminal or a log would act on: control and bidirectional characters become `\\xNN`."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text).replace("\n", "\\n")
