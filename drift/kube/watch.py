"""What a list-and-watch does next: a pure state machine. Bytes, errors and times go in; steps and events come out.

Rules and their sources: resume from the last version seen, bookmarks included; list again only on 410 (Kubernetes
documentation, "Efficient detection of changes"). Everything else that goes wrong resumes, with back-off: a list of
a large cluster is what hurts an API server that is just coming back.
"""

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from drift.cluster import Changed, Fresh, Listed, Listing, Stale, WatchEvent
from drift.core.errors import ClusterError, DriftError, ForbiddenError, GoneError, NotFoundError, UnknownKindError
from drift.core.reasons import Reason
from drift.kube.errors import Attempt, Status, incomplete_error, status_error


class WatchLimits(msgspec.Struct, frozen=True):
    """Seconds, and bytes for `line`."""

    silence: float = 90.0  # the server sends a bookmark about once a minute
    backoff_first: float = 0.8
    backoff_most: float = 30.0
    healthy: float = 10.0  # a watch that lived this long clears the back-off
    short: float = 1.0  # a clean end before this is suspicious the second time
    patience: float = 5.0  # a failure lasting longer makes the stream stale
    proof: float = 1.0  # a restarted server accepts a watch and says 410 in the next breath
    watch_least: float = 300.0
    watch_most: float = 420.0
    line: int = 64 * 2**20


DEFAULT_LIMITS = WatchLimits()


class Do(Enum):
    """What the shell must do."""

    LIST = auto()
    WATCH = auto()


class Step(msgspec.Struct, frozen=True):
    """Wait `delay` seconds, then do it; a watch from `version`, for `seconds`."""

    do: Do
    delay: float = 0.0
    version: str = ""
    seconds: int = 0


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _Object(msgspec.Struct, frozen=True):
    metadata: _Meta


class _Line(msgspec.Struct, frozen=True, eq=False):
    type: str
    object: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)
_OBJECT = msgspec.json.Decoder(_Object)
_STATUS = msgspec.json.Decoder(Status)
_STALE_FAILURES = 3
_BACKWARD_BOOKMARKS = 2
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)


class WatchState:
    """State of one list-and-watch. Every method takes the time and returns at once.

    When `ended` is set, this watch is of no more use: ask `next_step`.
    """

    def __init__(self, attempt: Attempt, random: Callable[[], float], limits: WatchLimits = DEFAULT_LIMITS) -> None:
        self._attempt = attempt
        self._random = random
        self._limits = limits
        self._must_list = True
        self._version = ""
        self._newest: msgspec.Raw | None = None  # decoded only when a watch ends
        self._backward = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._opened: float | None = None
        self._failures = 0
        self._failing_since: float | None = None
        self._short_ends = 0
        self._delay = 0.0
        self._stale: Stale | None = None
        self._proving = False
        self._was_gone = False
        self.ended = False

    @property
    def version(self) -> str:
        """The resourceVersion that has been seen."""
        if self._newest is not None:
            try:
                seen = _OBJECT.decode(self._newest).metadata.resource_version
            except _UNREADABLE:
                seen = ""
            self._newest = None
            if seen and not _is_before(seen, self._version):
                self._version = seen
        return self._version

    def next_step(self) -> Step:
        """Say what comes next, and how long to wait before it."""
        delay, self._delay = self._delay, 0.0
        if self._must_list:
            return Step(Do.LIST, delay)
        span = self._limits.watch_most - self._limits.watch_least
        return Step(Do.WATCH, delay, self.version, int(self._limits.watch_least + span * self._random()))

    def listed(self, listing: Listing) -> list[WatchEvent]:
        """A complete list came."""
        self._must_list = False
        self._version, self._newest, self._backward = listing.resource_version, None, 0
        self._stale, self._proving = None, False
        return [Listed(listing.items, listing.resource_version)]

    @property
    def timeout(self) -> float:
        """How many seconds to wait for bytes before calling `waited`."""
        return self._limits.proof if self._proving else self._limits.silence

    def opened(self, now: float) -> None:
        """The server accepted the watch (HTTP 200). Whether it has a gap shows in what comes first."""
        self._opened = now
        self._pending, self._pending_size = [], 0
        self._proving = self._stale is not None
        self.ended = False

    def feed(self, chunk: bytes, now: float) -> list[WatchEvent]:
        """Bytes of the watch."""
        events: list[WatchEvent] = []
        head, newline, rest = chunk.partition(b"\n")
        self._keep(head)
        if newline:
            lines = rest.split(b"\n")
            first, self._pending, self._pending_size = b"".join(self._pending), [], 0
            self._keep(lines.pop())
            for line in (first, *lines):
                if line and not self._read(line, events, now):
                    return events
        if self._pending_size > self._limits.line:
            events += self.failed(incomplete_error(self._attempt, "a line is over the limit"), now)
        return events

    def closed(self, now: float) -> list[WatchEvent]:
        """The server ended the watch in good order."""
        if self._pending_size:
            return self.failed(incomplete_error(self._attempt, "the watch was cut within a line"), now)
        is_short = self._end(now) < self._limits.short
        self._short_ends = self._short_ends + 1 if is_short else 0
        if self._short_ends > 1:
            self._delay = self._backoff()
        return []

    def waited(self, now: float) -> list[WatchEvent]:
        """Nothing came for `timeout` seconds: a new watch proves itself so, an old one is dead or held back."""
        if self._proving:
            return self._prove()
        self._end(now)
        words = f"{self._attempt.words}: nothing came for {self._limits.silence:.0f} s; connecting again"
        return self._mark_stale(ClusterError(words, reason=Reason.TIMEOUT))

    def failed(self, error: DriftError, now: float) -> list[WatchEvent]:
        """A list or a watch failed, or was cut."""
        self._end(now)
        if isinstance(error, GoneError) and not self._was_gone:
            self._must_list = self._was_gone = True  # at once: one list per incident
            return []
        if isinstance(error, GoneError | NotFoundError | UnknownKindError):
            self._must_list = True  # a kind that comes back has lost its objects
        retry_after = error.retry_after if isinstance(error, ClusterError) else None
        self._delay = max(self._backoff(), min(retry_after or 0.0, self._limits.backoff_most))
        self._failing_since = now if self._failing_since is None else self._failing_since
        return self._mark_stale(error) if self._is_lasting(error, now) else []

    def _is_lasting(self, error: DriftError, now: float) -> bool:
        if self._must_list or isinstance(error, ForbiddenError):
            return True
        since = self._failing_since if self._failing_since is not None else now
        return self._failures >= _STALE_FAILURES or now - since >= self._limits.patience

    def _prove(self) -> list[WatchEvent]:
        if not self._proving:
            return []
        self._stale, self._proving, self._failing_since = None, False, None
        return [Fresh(self.version)]

    def _mark_stale(self, error: DriftError) -> list[WatchEvent]:
        stale = Stale(str(error), error.reason.value)
        is_news = self._stale is None or self._stale.reason != stale.reason
        self._stale = stale
        return [stale] if is_news else []

    def _end(self, now: float) -> float:
        """End the watch; return how long it lived. A healthy life clears what went wrong before it."""
        self.ended = True
        self._pending, self._pending_size = [], 0
        life = now - self._opened if self._opened is not None else 0.0
        if self._opened is not None and life >= self._limits.healthy:
            self._failures, self._failing_since, self._was_gone = 0, None, False
        self._opened, self._proving = None, False
        return life

    def _backoff(self) -> float:
        delay = min(self._limits.backoff_first * 2.0 ** min(self._failures, 16), self._limits.backoff_most)
        self._failures += 1
        return delay * (0.75 + 0.5 * self._random())

    def _keep(self, part: bytes) -> None:
        if part:
            self._pending.append(part)
            self._pending_size += len(part)

    def _read(self, line: bytes, events: list[WatchEvent], now: float) -> bool:
        """Read one line; False where the watch must end."""
        try:
            event = _LINE.decode(line)
        except _UNREADABLE:
            events += self.failed(incomplete_error(self._attempt, "the watch sent what is no event"), now)
            return False
        match event.type:
            case "ADDED" | "MODIFIED" | "DELETED":
                events += self._prove()
                self._newest = event.object
                events.append(Changed(event.type, event.object))
                return True
            case "BOOKMARK":
                events += self._prove()
                return self._bookmark(event.object)
            case "ERROR":
                events += self.failed(self._error(event.object), now)
                return False
            case _:
                events += self.failed(incomplete_error(self._attempt, "the watch sent an unknown event"), now)
                return False

    def _bookmark(self, raw: msgspec.Raw) -> bool:
        """Take the position. Bookmarks that go back mean another history (a restored etcd): list again."""
        before = self.version
        try:
            seen = _OBJECT.decode(raw).metadata.resource_version
        except _UNREADABLE:
            return True
        self._backward = self._backward + 1 if _is_before(seen, before) else 0
        if self._backward >= _BACKWARD_BOOKMARKS:
            self._must_list = self.ended = True
            return False
        self._newest = raw
        return True

    def _error(self, raw: msgspec.Raw) -> ClusterError:
        try:
            status = _STATUS.decode(raw)
        except _UNREADABLE:
            return incomplete_error(self._attempt, "the watch sent an unreadable error")
        return status_error(self._attempt, status.code or 500, status)


def _is_before(version: str, other: str) -> bool:
    """Whether one resourceVersion is older; False where they are no numbers, as aggregated servers may have it."""
    return version.isdecimal() and other.isdecimal() and int(version) < int(other)
