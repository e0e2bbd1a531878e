"""Rules: which objects and differences something applies to, and which strategy repairs them.

First match wins. An empty list of names means "any". Names, namespaces and owners are shell patterns (`*`), paths are
JSON Pointers in which `*` stands for any one token and `**` for any rest.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from drift.core.objects import ObjectRef
from drift.core.paths import tokens_of

CHANGES = ("missing", "modified", "dropped")


class Selector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which objects and which of their differences; every given list must match."""

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    paths: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


class Rule(Selector, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Choose `strategy` for what matches. `changes`: missing, modified, dropped; empty: what the strategy is for."""

    strategy: str
    changes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}


class IgnoreRule(Selector, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hide what matches, and keep repair from touching it. `reason` is for the reader."""

    reason: str = ""
    expires: str = ""


DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(changes=("missing",), strategy="recreate"),
    Rule(changes=("modified",), strategy="revert"),
    Rule(changes=("dropped",), strategy="observe"),
)


def matches_object(selector: Selector, ref: ObjectRef, labels: Mapping[str, str]) -> bool:
    """Whether the object part of a selector matches."""
    return (
        _kind_matches(selector.kinds, ref)
        and _any(selector.names, ref.name)
        and _any(selector.namespaces, ref.namespace)
        and all(labels.get(key) == value for key, value in selector.labels.items())
    )


def matches_difference(selector: Selector, pointer: str, owner: str) -> bool:
    """Whether the path and owner part of a selector matches a difference."""
    return (not selector.paths or any(pointer_matches(path, pointer) for path in selector.paths)) and _any(
        selector.owners, owner
    )


def whole_object(selector: Selector) -> bool:
    """Whether a selector speaks of objects as a whole, not of single differences."""
    return not selector.paths and not selector.owners


def pointer_matches(pattern: str, pointer: str) -> bool:
    """Whether a pointer lies at or below a pattern."""
    wanted, given = tokens_of(pattern), tokens_of(pointer)
    for index, token in enumerate(wanted):
        if token == "**":
            return True
        if index >= len(given) or not (token in {"*", given[index]} or fnmatchcase(given[index], token)):
            return False
    return True


def active(rule: IgnoreRule, now: str) -> bool:
    """Whether a rule has not expired at `now` (RFC 3339; "" for a question without a time).

    A time that cannot be read leaves the rule active: what it protects must not be written to by mistake.
    """
    end, moment = _moment(rule.expires), _moment(now)
    return end is None or moment is None or moment < end


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _kind_matches(kinds: tuple[str, ...], ref: ObjectRef) -> bool:
    names = {ref.kind.lower(), f"{ref.kind}.{ref.group}".lower() if ref.group else ref.kind.lower()}
    return not kinds or any(fnmatchcase(name, kind.lower()) for kind in kinds for name in names)


def _any(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)
