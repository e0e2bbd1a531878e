"""Decaying write rate per object: notices a rival writer and bounds what it costs (promise P13).

Pure: the clock is an argument. A score grows by one with every write and decays with a half-life; above the limit the
next write must wait until the score has fallen again. So a few repairs in a row are never delayed, and a rival that
writes five times a second costs four writes at once and then one in half a minute: never more than five in any minute.
"""

import math

import msgspec

HALF_LIFE = 73.0
LIMIT = 4.0


class Score(msgspec.Struct, frozen=True):
    """Recent writes to one object: `value` as of `at` (seconds of a monotonic clock)."""

    value: float = 0.0
    at: float = 0.0

    def now(self, at: float) -> float:
        """The decayed value."""
        return self.value * math.pow(0.5, max(0.0, at - self.at) / HALF_LIFE)

    def written(self, at: float, writes: int = 1) -> "Score":
        """The score after some more writes."""
        return Score(self.now(at) + writes, at)

    def wait(self, at: float, writes: int = 1) -> float:
        """Seconds until so many more writes are allowed; 0 when they are."""
        value, room = self.now(at), LIMIT - min(writes, LIMIT - 1.0)
        return 0.0 if value <= room + 1e-9 else HALF_LIFE * math.log2(value / room)
