"""Decaying write rate per object: notices a rival writer and bounds what it costs (promise P13).

Pure: the clock is an argument. A score grows by one with every write and decays with a half-life; above the limit the
next write must wait until the score has fallen again. So a single repair is never delayed, and a rival that writes
five times a second costs a bounded number of writes a minute.
"""

import math

import msgspec

HALF_LIFE = 60.0
LIMIT = 3.5


class Score(msgspec.Struct, frozen=True):
    """Recent writes to one object: `value` as of `at` (seconds of a monotonic clock)."""

    value: float = 0.0
    at: float = 0.0

    def now(self, at: float) -> float:
        """The decayed value."""
        return self.value * math.pow(0.5, max(0.0, at - self.at) / HALF_LIFE)

    def written(self, at: float) -> "Score":
        """The score after one more write."""
        return Score(self.now(at) + 1.0, at)

    def wait(self, at: float, limit: float = LIMIT) -> float:
        """Seconds until another write is allowed; 0 when it is."""
        value = self.now(at)
        if value + 1.0 <= limit + 1e-9:
            return 0.0
        return HALF_LIFE * math.log2(value / (limit - 1.0))
