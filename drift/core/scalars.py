"""Scalars in one canonical form, so that equal values are equal in Python.

Quantities follow apimachinery's `resource.Quantity` grammar (decimal SI, binary SI, exponent).
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from drift.core.schema import Form

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([KMGTPE]i)|([eE][+-]?[0-9]+)|([numkMGTPE]?))", re.ASCII
)
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,9})", re.ASCII)
_WHITE = re.compile(r"\s+")
_NANO = Decimal(10) ** -9


def parse_quantity(text: str) -> Decimal | None:
    """Return the exact value, rounded up to nano as the server does; None when it is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, binary, exponent, decimal = match.groups()
    value = Decimal(number)
    if binary:
        value *= Decimal(1024) ** _BINARY[binary]
    elif exponent:
        value = value.scaleb(int(exponent[1:])) if abs(int(exponent[1:])) < 100 else value
    else:
        value = value.scaleb(_DECIMAL[decimal])
    return _round_up(value)


def _round_up(value: Decimal) -> Decimal:
    if value % _NANO == 0:
        return value.normalize() if value else Decimal(0)
    rounded = value.quantize(_NANO, rounding="ROUND_UP")
    return rounded.normalize()


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
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return value


_FORMS = {
    Form.QUANTITY: _quantity,
    Form.INT_OR_STRING: _int_or_string,
    Form.BYTES: _bytes,
    Form.TIME: _time,
}
