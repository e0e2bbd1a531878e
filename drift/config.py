"""Ignore rules and repair rules from files: read strictly; an error names file, entry, field and what may stand.

Pure: the CLI reads the file and hands in how YAML is decoded.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from drift.core.errors import UsageError
from drift.core.policy import Policy, check_policy
from drift.core.rules import CHANGES, IgnoreRule, Rule, Selector

__all__ = ["Decode", "load_ignore_rules", "load_policy", "load_rules", "normalize_time"]

Decode = Callable[[bytes, str], list[Any]]
_Entry = TypeVar("_Entry", bound=Selector)

_WHAT = {"array": "a list of strings", "str": "a string", "object": "a mapping of strings"}
_BAD_ESCAPE = re.compile(r"~(?![01])")
_TYPE_FAULT = re.compile(r"Expected `(?P<want>\w+)[^`]*`, got `(?P<got>\w+)`(?: - at `(?P<path>[^`]*)`)?")
_MISSING_FIELD = re.compile(r"missing required field `(?P<name>[^`]+)`")
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?")


def load_ignore_rules(data: bytes, file: str, decode: Decode) -> tuple[IgnoreRule, ...]:
    """Return the entries of one ignore file. Raises UsageError, or DecodeError where it is no YAML."""
    return tuple(_ignore_rule(entry, place) for place, entry in _entries(data, file, decode))


def load_rules(data: bytes, file: str, decode: Decode) -> tuple[Rule, ...]:
    """Return the entries of one rules file, first match first. Raises UsageError or DecodeError."""
    return tuple(_rule(entry, place) for place, entry in _entries(data, file, decode))


def load_policy(data: bytes, file: str, decode: Decode) -> Policy:
    """Return the policy of one file; an empty one limits nothing. Raises UsageError or DecodeError."""
    documents = decode(data, file)
    if len(documents) > 1:
        raise UsageError(f"{file}: must be one YAML document, got {len(documents)}")
    if not documents:
        return Policy()
    if not isinstance(documents[0], Mapping):
        raise UsageError(f"{file}: must be a mapping with {', '.join(Policy.__struct_fields__)}")
    try:
        return check_policy(msgspec.convert(documents[0], Policy))
    except msgspec.ValidationError as error:
        raise UsageError(f"{file}: {_explained(str(error))}") from None
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None


def normalize_time(text: str) -> str:
    """RFC 3339 date (its first moment in UTC) or date-time as `2026-08-01T00:00:00Z`. Raises ValueError."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(text)
    parsed = datetime.fromisoformat(text.upper())
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entries(data: bytes, file: str, decode: Decode) -> Iterator[tuple[str, Any]]:
    """Yield (place, entry) of every list in the file; an empty file has none."""
    number = 0
    for document in decode(data, file):
        if not isinstance(document, list):
            raise UsageError(f"{file}: must be a YAML list of rules, got {_named(document)}")
        for entry in document:
            number += 1
            yield f"{file}: entry {number}", entry


def _ignore_rule(entry: Any, place: str) -> IgnoreRule:
    rule = _convert(entry, IgnoreRule, place)
    if not any((rule.kinds, rule.names, rule.namespaces, rule.labels, rule.paths, rule.owners)):
        raise UsageError(f"{place}: would ignore everything: give kinds, names, namespaces, labels, paths or owners")
    if not rule.expires:
        return rule
    try:
        return msgspec.structs.replace(rule, expires=normalize_time(rule.expires))
    except ValueError:
        allowed = "an RFC 3339 date or date-time with zone, such as 2026-08-01 or 2026-08-01T12:00:00Z"
        raise UsageError(f"{place}: field expires: {rule.expires!r} is not {allowed}") from None


def _rule(entry: Any, place: str) -> Rule:
    rule = _convert(entry, Rule, place)
    for change in rule.changes:
        if change not in CHANGES:
            raise UsageError(f"{place}: field changes: {change!r} is not one of {', '.join(CHANGES)}")
    return rule


def _convert(entry: Any, kind: type[_Entry], place: str) -> _Entry:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{place}: must be a mapping with {_fields(kind)}, got {_named(entry)}")
    for name in entry:
        if name not in kind.__struct_fields__:
            raise UsageError(f"{place}: unknown field {name}: allowed are {_fields(kind)}")
    try:
        rule = msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{place}: {_explained(str(error))}") from None
    for path in rule.paths:
        _check_pointer(path, place)
    return rule


def _check_pointer(path: str, place: str) -> None:
    if not path.startswith("/"):
        raise UsageError(f"{place}: field paths: {path!r} is no JSON Pointer: it must start with / (/spec/replicas)")
    if _BAD_ESCAPE.search(path):
        raise UsageError(f"{place}: field paths: {path!r} is no JSON Pointer: write ~0 for ~ and ~1 for / in a name")


def _explained(message: str) -> str:
    """Say in our words what msgspec found."""
    missing = _MISSING_FIELD.search(message)
    if missing:
        return f"field {missing['name']} is missing"
    found = _TYPE_FAULT.search(message)
    if found is None:
        return message
    path = (found["path"] or "").removeprefix("$.").removeprefix("$")
    want = _WHAT.get(found["want"], found["want"])
    return f"field {path}: must be {want}, got {_GOT.get(found['got'], found['got'])}"


_GOT = {
    "array": "a list",
    "str": "a string",
    "object": "a mapping",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}


def _named(content: Any) -> str:
    names = {dict: "object", list: "array", str: "str", int: "int", float: "float", bool: "bool"}
    return _GOT[names.get(type(content), "null")]


def _fields(kind: type[Selector]) -> str:
    return ", ".join(kind.__struct_fields__)
