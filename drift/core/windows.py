"""Maintenance windows: on which days and between which times something may be written, in a named time zone.

Pure: the time is an argument. A window whose end is before its start runs over midnight and belongs to the day on
which it starts. Across a change of summer time, wall-clock times count, as an operator reads them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from drift.core.errors import UsageError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL_DAY = ("00:00", "24:00")


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`days`: mon to sun, empty means every day. `start`, `end`: HH:MM. `disruptive_only`: other writes always may."""

    days: tuple[str, ...] = ()
    start: str = _ALL_DAY[0]
    end: str = _ALL_DAY[1]
    timezone: str = "UTC"
    disruptive_only: bool = False

    def open_at(self, now: float) -> bool:
        """Whether `now` (Unix seconds) lies in the window."""
        local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(self.timezone))
        return any(begin <= local < end for begin, end in self._around(local))

    def next_open(self, now: float) -> float:
        """Seconds until it opens; 0 when it is open."""
        if self.open_at(now):
            return 0.0
        local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(self.timezone))
        begins = [begin for begin, _ in self._around(local, days=8) if begin > local]
        # Aware times of one zone subtract as wall clocks: go through UTC to count real seconds.
        return min(
            ((begin.astimezone(UTC) - local.astimezone(UTC)).total_seconds() for begin in begins), default=3600.0
        )

    def _around(self, local: datetime, days: int = 1) -> Iterable[tuple[datetime, datetime]]:
        """Windows that begin between yesterday and `days` days ahead."""
        zone = ZoneInfo(self.timezone)
        for offset in range(-1, days + 1):
            day = local.date() + timedelta(days=offset)
            if self.days and _DAYS[day.weekday()] not in {_day(name) for name in self.days}:
                continue
            begin, length = parse_clock(self.start), _length(self.start, self.end)
            at = datetime.combine(day, time(0), zone) + timedelta(minutes=begin)
            yield at, at + timedelta(minutes=length)


def check_window(window: Window) -> Window:
    """Return the window as it is. Raises UsageError that names what cannot be read."""
    for name in window.days:
        _day(name)
    for clock in (window.start, window.end):
        parse_clock(clock)
    try:
        ZoneInfo(window.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"window: no time zone is called {window.timezone!r}; write one like Europe/Berlin") from error
    return window


def parse_clock(text: str) -> int:
    """`HH:MM` -> minutes since midnight; `24:00` is the end of the day."""
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2:
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= 24 * 60:
            return total
    raise UsageError(f"window: {text!r} is no time of day; write HH:MM, 00:00 to 24:00")


def _length(start: str, end: str) -> int:
    begin, stop = parse_clock(start), parse_clock(end)
    return stop - begin if stop > begin else stop - begin + 24 * 60


def _day(name: str) -> str:
    short = name.strip().lower()[:3]
    if short not in _DAYS:
        raise UsageError(f"window: {name!r} is no day; write one of {', '.join(_DAYS)}")
    return short


def any_open(windows: Iterable[Window], now: float, *, disruptive: bool) -> tuple[bool, float]:
    """Whether something may be written now, and if not, in how many seconds a window opens. No windows: always."""
    binding = [window for window in windows if disruptive or not window.disruptive_only]
    if not binding or any(window.open_at(now) for window in binding):
        return True, 0.0
    return False, min(window.next_open(now) for window in binding)
