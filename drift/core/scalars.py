"""Scalars in one canonical form, so that equal values are equal in Python.

Quantities follow apimachinery's `resource.Quantity` grammar (decimal SI, binary SI, exponent).
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN, ROUND_UP, Context, Decimal
from typing import Any

from drift.core.nodes import Form

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(r"([+-]?)([0-9]*)\.?([0-9]*)(?:([KMGTPE]i)|[eE]([+-]?[0-9]+)|([numkMGTPE]?))", re.ASCII)
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,9})", re.ASCII)
_WHITE = re.compile(r"\s+")
_NANO = Decimal(10) ** -9
# The server caps what is written with a binary suffix at the greatest int64.
_BINARY_CAP = Decimal(2**63 - 1)
# Beyond these a text is no quantity that a server holds; within them every operation below is exact.
_LONGEST, _GREATEST_EXPONENT = 512, 1000
_EXACT = Context(prec=4096, rounding=ROUND_UP, Emax=MAX_EMAX, Emin=MIN_EMIN)


def parse_quantity(text: str) -> Decimal | None:
    """Return the exact value, rounded up to nano as the server does; None when it is no quantity."""
    match = _QUANTITY.fullmatch(text) if 0 < len(text) <= _LONGEST else None
    if match is None:
        return None
    sign, whole, fraction, binary, exponent, decimal = match.groups()
    power = int(exponent) if exponent else _DECIMAL[decimal or ""]
    if abs(power) > _GREATEST_EXPONENT:
        return None
    value = _EXACT.scaleb(Decimal(f"{whole or 0}.{fraction or 0}"), power)
    if binary:
        value = min(_EXACT.multiply(value, Decimal(1024 ** _BINARY[binary])), _BINARY_CAP)
    value = _EXACT.normalize(_EXACT.quantize(value, _NANO))
    return value.copy_negate() if sign == "-" and value else value


def canonical_scalar(value: Any, form: Form) -> Any:
    """Return a hashable value that is equal exactly when the server would hold the same."""
    if value.__class__ is float:
        value = int(value) if value.is_integer() else value
    if form is Form.PLAIN:
        return value
    return _FORMS[form](value)


def same_scalar(one: Any, other: Any, form: Form) -> bool:
    """Compare two scalars; `True` is not `1`, `"1"` is not `1`, `1.0` is `1`."""
    if one.__class__ is other.__class__ and one == other:
        return True
    left, right = canonical_scalar(one, form), canonical_scalar(other, form)
    return bool(left == right) and (left.__class__ is bool) == (right.__class__ is bool)


def _quantity(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    parsed = parse_quantity(value if isinstance(value, str) else repr(value))
    return value if parsed is None else parsed


def _int_or_string(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        raw = base64.b64decode(_WHITE.sub("", value), validate=True)
    except (binascii.Error, ValueError):
        return value
    return base64.b64encode(raw).decode()


def _time(value: Any) -> Any:
    """Read an instant; a text without zone is none, and stays as it is."""
    if not isinstance(value, str) or "T" not in value:
        return value
    try:
        moment = datetime.fromisoformat(value)
        return value if moment.tzinfo is None else moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return value


_FORMS = {
    Form.QUANTITY: _quantity,
    Form.INT_OR_STRING: _int_or_string,
    Form.BYTES: _bytes,
    Form.TIME: _time,
}
