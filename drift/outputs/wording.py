"""Words for one difference: who, how long ago, and values short enough for a line.

Everything here returns text that is neutralised (P26): field managers and values come from the live cluster.
"""

import json
from datetime import UTC, datetime
from typing import Any

from drift.core.ownership import Owner
from drift.core.redact import MASK, printable

LONGEST = 60
_CONTEXT = 16  # characters kept before the first one that differs
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_NOT_RECORDED = "who: not recorded"


def who(owner: Owner | None, now: str) -> str:
    """`kubectl (scale), 14m ago`; says so when managedFields does not tell."""
    if owner is None:
        return _NOT_RECORDED
    name = f"{owner.manager} ({owner.subresource})" if owner.subresource else owner.manager
    since = age(owner.time, now)
    return printable(f"{name}, {since}" if since else name)


def age(time: str, now: str) -> str:
    """`14m ago` between two RFC 3339 times; "" when one is missing or makes no sense."""
    then, current = _parsed(time), _parsed(now)
    if then is None or current is None:
        return ""
    seconds = int((current - then).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return "just now"  # also a server whose clock is ahead


def _parsed(time: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(time)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def change(desired: Any, live: Any) -> str:
    """`2 -> 5`; for texts of several lines the first line that differs."""
    if isinstance(desired, str) and isinstance(live, str) and "\n" in desired + live:
        return _changed_line(desired.split("\n"), live.split("\n"))
    before, after = _pair(_json(desired), _json(live))
    return f"{before} -> {after}"


def value(content: Any) -> str:
    """One value as compact JSON, cut."""
    return _cut(_json(content))


def _changed_line(before: list[str], after: list[str]) -> str:
    shared = min(len(before), len(after))
    index = next((number for number in range(shared) if before[number] != after[number]), shared)
    left, right = _pair(_line(before, index), _line(after, index))
    same_length = len(before) == len(after)
    more = not same_length or before[index + 1 :] != after[index + 1 :]
    return f"line {index + 1}: {left} -> {right}{' (and more)' if more else ''}"


def _line(lines: list[str], index: int) -> str:
    return _json(lines[index]) if index < len(lines) else "(none)"


def _json(content: Any) -> str:
    """Compact JSON that is safe to print; masked values stand without quotes."""
    if isinstance(content, str) and content.startswith(f"{MASK} ("):
        return printable(content)
    return printable(json.dumps(content, ensure_ascii=False))


def _pair(before: str, after: str) -> tuple[str, str]:
    """Cut both so that what differs stays in sight: image digests differ at their end."""
    start = _shared(before, after) - _CONTEXT
    if start <= 0 or max(len(before), len(after)) <= LONGEST:
        return _cut(before), _cut(after)
    return _cut(f"...{before[start:]}"), _cut(f"...{after[start:]}")


def _shared(before: str, after: str) -> int:
    """Length of the common beginning."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
