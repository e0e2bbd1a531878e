"""Budgets: how much may be written in a while, and the breaker that holds everything when too much drifts at once.

Pure: the clock is an argument; the window slides. A single later drift is not starved by a storm: the breaker looks at
the share of the scope that is drifted, and opens only above both the share and a minimum number.
"""

from collections import deque

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`per_minute`, `per_hour`: repairs, 0 for no limit. `max_share`: share of the scope that may drift at once.

    `breaker_minimum`: the breaker stays closed below this number of drifted objects. 1 as `max_share` switches it off.
    `max_shrink`: share of a source's objects that one revision may drop and still be pruned.
    """

    per_minute: int = 0
    per_hour: int = 0
    max_share: float = 1.0
    breaker_minimum: int = 10
    max_shrink: float = 0.5


class Ledger:
    """Times of the last repairs (seconds of a monotonic clock)."""

    def __init__(self, limits: Limits) -> None:
        """Begin without repairs."""
        self._limits = limits
        self._times: deque[float] = deque()

    def spend(self, now: float) -> None:
        """Note one repair."""
        self._times.append(now)
        while self._times and self._times[0] <= now - 3600.0:
            self._times.popleft()

    def wait(self, now: float) -> float:
        """Seconds until another repair fits; 0 when it does."""
        return max(
            self._wait_in(now, 60.0, self._limits.per_minute),
            self._wait_in(now, 3600.0, self._limits.per_hour),
        )

    def _wait_in(self, now: float, span: float, limit: int) -> float:
        if limit <= 0:
            return 0.0
        recent = [at for at in self._times if at > now - span]
        return 0.0 if len(recent) < limit else recent[-limit] + span - now


class Breaker(msgspec.Struct, frozen=True):
    """Whether mass drift holds everything. `open_since` is Unix seconds, 0 while closed."""

    open_since: float = 0.0
    drifted: int = 0
    scope: int = 0
    resumed_until: float = 0.0

    def judged(self, drifted: int, scope: int, limits: Limits, now: float) -> "Breaker":
        """The breaker after a look at the whole scope: opens on mass drift, closes by `resumed` alone."""
        if now < self.resumed_until:
            return msgspec.structs.replace(self, open_since=0.0, drifted=drifted, scope=scope)
        tripped = drifted >= limits.breaker_minimum and drifted > limits.max_share * scope
        since = self.open_since or (now if tripped else 0.0)
        return msgspec.structs.replace(
            self, open_since=since, drifted=max(drifted, self.drifted if since else 0), scope=scope
        )

    def resumed(self, now: float, seconds: float = 600.0) -> "Breaker":
        """Go on: the breaker stays closed for a while whatever drifts."""
        return Breaker(resumed_until=now + seconds)

    @property
    def message(self) -> str:
        """What to tell the user."""
        return (
            f"{self.drifted} of {self.scope} objects drifted at once: nothing is repaired until somebody looks; "
            "go on with: drift resume --everything"
        )
