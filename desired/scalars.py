"""What a YAML scalar means to Kubernetes: the rules of sigs.k8s.io/yaml (go-yaml v2, then encoding/json).

kubectl and Helm read YAML through that library, then read its JSON back into int64 or float64. Both steps are done
here at once, so that a value equals what kubectl would send: `y` is true, `1:30` a string, `1e3` the integer
1000 and 2**64 a float. Raises ValueError with a short phrase; whoever calls adds file, document and line.
"""

import base64
import binascii
import math
import re
import struct
from decimal import Decimal

Scalar = str | int | float | bool | None

_PREFIX = "tag:yaml.org,2002:"
_STR, _BOOL, _INT, _FLOAT, _NULL, _TIMESTAMP, _BINARY, _MERGE = (
    _PREFIX + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
)
_RESOLVABLE = frozenset({"", _BOOL, _INT, _FLOAT, _NULL, _TIMESTAMP})

_WORDS: dict[str, tuple[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (_BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), (_BOOL, False)),
    **dict.fromkeys(("off", "Off", "OFF"), (_BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (_NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (_FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (_FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (_FLOAT, -math.inf)),
    "<<": (_MERGE, "<<"),
}

_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_LEADING_DOT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_TIMESTAMP_FORM = re.compile(
    r"[0-9]{4}-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?",
    re.ASCII,
)

_INT64 = 2**63
_UINT64 = 2**64
_LONGEST_INTEGER = 400


def plain_value(text: str) -> Scalar:
    """Resolve an unquoted scalar without a tag. Raises ValueError for infinities and NaN."""
    found = _WORDS.get(text)
    if found is not None:
        value = found[1]
        return json_number(value) if isinstance(value, float) else value
    if text[0] not in _NUMERIC_START:
        return text
    number = _number(text)
    return text if number is None else json_number(number)


def tagged_value(text: str, tag: str) -> Scalar:
    """Resolve a scalar that carries an explicit tag. Raises ValueError where Go refuses."""
    if tag == _BINARY:
        return _binary(text)
    if tag not in _RESOLVABLE:
        return text
    found, value = _resolve(text)
    if tag not in ("", found) and not (tag == _FLOAT and found == _INT and _fits_int64(value)):
        raise ValueError(f"a {_short(found)} cannot be read as {_short(tag)}")
    if found == _TIMESTAMP:
        return text
    if tag == _FLOAT and isinstance(value, int):
        value = float(value)
    return json_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def key_text(text: str) -> str:
    """Resolve an unquoted mapping key to the JSON object key that Go makes of it."""
    found, value = _resolve(text)
    if value is None:
        raise ValueError("null is not possible as a key")
    if isinstance(value, bool):
        return "true" if value else "false"
    if found == _TIMESTAMP or isinstance(value, str):
        return text
    if isinstance(value, int):
        return _integer_key(value)
    return _float_key(value)


def json_number(value: float) -> int | float:
    """What Kubernetes reads back from the JSON that Go writes for this number.

    Whole floats are written without a fraction below 1e21, and integers beyond int64 are read as floats.
    """
    if isinstance(value, int):
        return value if _fits_int64(value) else float(value)
    if not math.isfinite(value):
        raise ValueError("infinity and NaN do not exist in JSON")
    if not value.is_integer() or abs(value) >= 1e21:
        return value
    # Go writes the shortest digits that read back as this float, not its exact value.
    whole = int(Decimal(repr(value)))
    return whole if _fits_int64(whole) else value


def _number(text: str) -> int | float | None:
    """Integer or float by Go's rules; None for a string."""
    if text[0] == ".":
        return _finite(text) if _LEADING_DOT.fullmatch(text) else None
    plain = text.replace("_", "")
    if len(plain) <= _LONGEST_INTEGER and (match := _INTEGER.fullmatch(plain)):
        value = _integer(match)
        if -_INT64 <= value < _INT64 or (not match[1] and value < _UINT64):
            return value
    return _finite(plain) if _REAL.fullmatch(plain) else None


def _integer(match: re.Match[str]) -> int:
    """Value of a matched integer literal."""
    sign, hexadecimal, binary, octal, decimal = match.groups()
    if hexadecimal:
        value = int(hexadecimal, 16)
    elif binary:
        value = int(binary, 2)
    else:
        value = int(octal, 8) if octal else int(decimal)
    return -value if sign == "-" else value


def _finite(text: str) -> float | None:
    """Read a float; Go leaves what overflows a string."""
    value = float(text)
    return value if math.isfinite(value) else None


def _resolve(text: str) -> tuple[str, Scalar]:
    """Tag and raw value of a plain scalar."""
    found = _WORDS.get(text)
    if found is not None:
        return found
    if text[0] not in _NUMERIC_START:
        return _STR, text
    if _is_timestamp(text):
        return _TIMESTAMP, text
    number = _number(text)
    if number is None:
        return _STR, text
    return (_INT if isinstance(number, int) else _FLOAT), number


def _is_timestamp(text: str) -> bool:
    """Whether Go's time.Parse would take it in one of the four forms go-yaml tries."""
    match = _TIMESTAMP_FORM.fullmatch(text)
    if match is None:
        return False
    month, day, *clock = (int(part) for part in match.groups(default="0"))
    hours, minutes = (clock[0] or clock[3]), (clock[1] or clock[4])
    return 1 <= month <= 12 and 1 <= day <= 31 and hours < 24 and minutes < 60


def _binary(text: str) -> str:
    """Decode !!binary as Go does: bytes that are not UTF-8 become U+FFFD when they are written as JSON."""
    compact = text.replace("\n", "").replace("\r", "")
    try:
        return base64.b64decode(compact, validate=True).decode("utf-8", errors="replace")
    except binascii.Error as error:
        raise ValueError("!!binary value is not base64") from error


def _integer_key(value: int) -> str:
    """Text of an integer key."""
    if not _fits_int64(value):
        raise ValueError("an integer beyond 64 bits is not possible as a key")
    return str(value)


def _float_key(value: float) -> str:
    """Text of a float key: Go formats it with %g as a 32-bit float."""
    try:
        narrow = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        narrow = math.copysign(math.inf, value)
    if math.isnan(narrow):
        return ".nan"
    if math.isinf(narrow):
        return ".inf" if narrow > 0 else "-.inf"
    return _shortest(narrow)


def _shortest(narrow: float) -> str:
    """Shortest digits that read back as this 32-bit float, in Go's %g form (six digits before the exponent)."""
    packed = struct.pack("f", narrow)
    digits = next(text for p in range(9) if struct.pack("f", float(text := f"{narrow:.{p}e}")) == packed)
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if power >= 6 or (narrow and power < -4):
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{Decimal(digits):f}"


def _fits_int64(value: object) -> bool:
    """Whether an integer survives as int64."""
    return isinstance(value, int) and -_INT64 <= value < _INT64


def _short(tag: str) -> str:
    """`!!int` instead of the long form."""
    return f"!!{tag.removeprefix(_PREFIX)}"
