"""JSON documents, one after the other, by the rules that kubectl reads them with."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from desired.limits import LimitError, Limits
from desired.scalars import json_number

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONGEST_NUMBER = 400


class DuplicateKeyError(ValueError):
    """One object holds a key twice."""


class NotJsonError(ValueError):
    """The text is not JSON (it may still be YAML in flow style)."""


def read_json(text: str, limits: Limits, *, duplicates: bool = False) -> Iterator[tuple[int, int, Any]]:
    """Yield (document from 1, line from 0, value). Raises LimitError, DuplicateKeyError or NotJsonError."""
    _check_size(text, limits)
    decoder = _decoder(duplicates=duplicates)
    position, line, document = _skip(text, 0), 0, 0
    seen = 0
    while position < len(text):
        document += 1
        line += text.count("\n", seen, position)
        seen = position
        value, end = _decode_one(decoder, text, position)
        _check_depth(value, limits.depth)
        yield document, line, _repair(value) if _SURROGATE.search(text, position, end) else value
        position = _skip(text, end)


def _skip(text: str, position: int) -> int:
    """Position after white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _decode_one(decoder: json.JSONDecoder, text: str, position: int) -> tuple[Any, int]:
    """Decode the value that starts here."""
    try:
        return decoder.raw_decode(text, position)
    except RecursionError:
        raise LimitError("nested too deep") from None
    except DuplicateKeyError:
        raise
    except ValueError as error:
        raise NotJsonError(str(error)) from None


def _decoder(*, duplicates: bool) -> json.JSONDecoder:
    """Build a decoder with Kubernetes' numbers."""
    return json.JSONDecoder(
        object_pairs_hook=dict if duplicates else _unique,
        parse_int=_integer,
        parse_float=_real,
        parse_constant=_constant,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of pairs with different keys."""
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise DuplicateKeyError(f"the key {twice!r} stands twice in one object; delete one")


def _integer(text: str) -> int | float:
    """Integer, or float beyond int64."""
    return json_number(int(text)) if len(text) < _LONGEST_NUMBER else _real(text)


def _real(text: str) -> int | float:
    """Float as Go writes it again."""
    return json_number(float(text))


def _constant(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(f"{text} does not exist in JSON")


def _check_size(text: str, limits: Limits) -> None:
    """Count values before anything is built: separators outside strings bound them."""
    if _separators(text) > limits.nodes and _separators(_STRING.sub("", text)) > limits.nodes:
        raise LimitError(f"more than {limits.nodes} values")


def _separators(text: str) -> int:
    """Upper bound of the number of values."""
    return sum(text.count(mark) for mark in ",:{[")


def _check_depth(value: Any, depth: int) -> None:
    """Walk level by level; no recursion."""
    level = [value]
    for _ in range(depth + 1):
        level = [item for holder in level if isinstance(holder, dict | list) for item in _items(holder)]
        if not level:
            return
    raise LimitError(f"nested deeper than {depth} levels")


def _items(holder: dict[str, Any] | list[Any]) -> list[Any]:
    """Containers directly inside a container."""
    values = holder.values() if isinstance(holder, dict) else holder
    return [value for value in values if isinstance(value, dict | list)]


def _repair(value: Any) -> Any:
    """Replace half surrogate pairs by U+FFFD, as Go does; they cannot be sent as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_repair(key): _repair(item) for key, item in value.items()}
    return [_repair(item) for item in value] if isinstance(value, list) else value
