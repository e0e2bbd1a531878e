"""Masks secrets on ingest, keeping a change visible as a change.

Every value of a Secret is masked, in `data` and `stringData` and inside the annotations that repeat the whole object.
The two sides are told apart (`*** (desired)`, `*** (live)`) so that a reader sees that something differs, never what.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from drift.core.objects import ObjectRef
from drift.core.paths import Token

MASK = "***"
_VALUE_FIELDS = frozenset({"data", "stringData"})
# Annotations in which tools keep a copy of the object, plain or packed: by name, and by what such a copy looks like.
_COPY_NAME = re.compile(r"last-applied|/applied$|/original-object$", re.IGNORECASE)
_COPY_VALUE = re.compile(r"\s*[\[{]|H4sI|eyJ|.*stringData", re.DOTALL)
# Control, direction-changing, invisible and line-separating characters, and halves of characters.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_KEY = secrets.token_bytes(32)  # one per process: what it signs cannot be guessed, and means nothing elsewhere


def is_secret(ref: ObjectRef) -> bool:
    """Whether values of this object may not be shown."""
    return ref.kind == "Secret" and ref.group == ""


def masked(ref: ObjectRef, tokens: tuple[Token, ...], value: Any, side: str) -> Any:
    """Return the value as it may be shown; `side` is "desired" or "live"."""
    if value is None or not is_secret(ref):
        return value
    if not tokens or tokens[0] in _VALUE_FIELDS:
        return _mask(value, side)
    return _mask_copies(tokens, value, side) if tokens[0] == "metadata" else value


def _mask_copies(tokens: tuple[Token, ...], value: Any, side: str) -> Any:
    """Mask annotations that may repeat the object, wherever in metadata the difference begins."""
    if isinstance(value, Mapping):
        return {key: _mask_copies((*tokens, key), item, side) for key, item in value.items()}
    if len(tokens) > 2 and tokens[1] == "annotations":
        name = str(tokens[2])
        return _mask(value, side) if _COPY_NAME.search(name) or _COPY_VALUE.match(str(value)) else value
    return value


def _mask(value: Any, side: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _mask(item, side) for key, item in value.items()}
    return f"{MASK} ({side})"


def sign(value: Any) -> str:
    """Return a text that is equal for equal values within this process, and tells nothing about them."""
    encoded = msgspec.json.encode(value, order="sorted")
    return hashlib.blake2b(encoded, key=_KEY, digest_size=12).hexdigest()


def printable(text: str) -> str:
    """Neutralise what a terminal or a log would act on: such characters become their escape, as in JSON."""
    return _CONTROL.sub(lambda found: _escape(found.group()), text)


def _escape(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    )
