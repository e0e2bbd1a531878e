import json
from collections.abc import Iterable

import msgspec
import pytest

from drift.cluster import Changed, Fresh, Listed, Listing, Stale, WatchEvent
from drift.core.errors import ClusterError, ForbiddenError, GoneError, NotFoundError
from drift.core.reasons import Reason
from drift.kube.watch import Do, WatchLimits, WatchState
from tests.kube.fake import ATTEMPT, error_event, event

LISTING = Listing((), "10")
DOWN = ClusterError("down")


def watching(limits: WatchLimits | None = None) -> WatchState:
    state = WatchState(ATTEMPT, lambda: 0.5, limits or WatchLimits())
    assert state.next_step().do is Do.LIST
    assert isinstance(state.listed(LISTING)[0], Listed)
    assert state.next_step().version == "10"
    state.opened(0.0)
    return state


def names(events: Iterable[WatchEvent]) -> list[str]:
    changes = [each for each in events if isinstance(each, Changed)]
    return [json.loads(bytes(change.object))["metadata"]["name"] for change in changes]


def test_it_watches_from_the_version_of_the_list_for_a_while() -> None:
    state = WatchState(ATTEMPT, lambda: 0.5)
    state.listed(LISTING)
    step = state.next_step()

    assert (step.do, step.version, step.delay) == (Do.WATCH, "10", 0.0)
    assert 300 <= step.seconds <= 420


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_lines_are_found_however_the_bytes_are_cut(size: int) -> None:
    state = watching()
    data = b"".join(event("ADDED", f"n{i}", str(11 + i)) for i in range(20))
    events = [each for at in range(0, len(data), size) for each in state.feed(data[at : at + size], 1.0)]

    assert names(events) == [f"n{i}" for i in range(20)]
    assert state.version == "30"


def test_an_event_is_handed_on_with_the_chunk_that_completes_it() -> None:
    state = watching()
    data = event("ADDED", "a", "11") + event("MODIFIED", "b", "12")

    assert names(state.feed(data[:-1], 1.0)) == ["a"]
    assert names(state.feed(data[-1:], 1.0)) == ["b"]


def test_a_bookmark_moves_the_position_and_is_no_event() -> None:
    state = watching()

    assert state.feed(event("BOOKMARK", "", "99"), 1.0) == []
    assert state.closed(400.0) == []
    assert state.next_step().version == "99"


def test_a_clean_end_resumes_at_once_but_not_in_a_hot_loop() -> None:
    state = watching()
    delays = []
    for now in range(5):
        state.closed(now + 0.1)
        delays.append(state.next_step().delay)
        state.opened(now + 1.0)

    assert delays[0] == 0.0
    assert delays[1:] == sorted(delays[1:])
    assert delays[1] > 0.5


@pytest.mark.parametrize("form", ["event", "answer"])
def test_a_410_lists_again_at_once_and_only_once(form: str) -> None:
    state = watching()
    if form == "event":
        assert state.feed(error_event(410, reason="Expired") + event("ADDED", "late", "12"), 1.0) == []
        assert state.ended
    else:
        assert state.failed(GoneError("too old", status=410), 1.0) == []

    step = state.next_step()
    assert (step.do, step.delay) == (Do.LIST, 0.0)
    state.listed(Listing((), "50"))
    assert state.next_step().version == "50"


def test_a_server_that_always_says_410_is_asked_more_and_more_slowly() -> None:
    state = watching()
    delays = []
    for now in range(5):
        state.failed(GoneError("too old", status=410), float(now))
        step = state.next_step()
        assert step.do is Do.LIST
        delays.append(step.delay)
        state.listed(LISTING)

    assert delays[0] == 0.0
    assert delays[-1] > 5.0


@pytest.mark.parametrize(
    "garbage",
    [b"<html>\n", b"{}\n", b"null\n", b'{"type":"ADDED"}\n', b'{"type":"ODD","object":{}}\n', b"\xff\xfe\n",
     b'{"type":"ADDED","object":\n'],
)  # fmt: skip
def test_garbage_ends_the_watch_and_resumes_from_the_last_good_version(garbage: bytes) -> None:
    state = watching()

    assert names(state.feed(event("ADDED", "a", "11") + garbage + event("ADDED", "b", "12"), 1.0)) == ["a"]
    assert state.ended
    step = state.next_step()
    assert (step.do, step.version) == (Do.WATCH, "11")
    assert step.delay == pytest.approx(0.8)


def test_a_cut_within_a_line_resumes_from_the_last_good_version() -> None:
    state = watching()
    data = event("ADDED", "a", "11") + event("ADDED", "b", "12")
    state.feed(data[:-5], 1.0)

    assert state.closed(2.0) == []
    assert state.next_step().version == "11"
    state.opened(3.0)
    assert names(state.feed(event("ADDED", "b", "12"), 3.0)) == ["b"]


def test_an_object_without_version_does_not_lose_the_position() -> None:
    state = watching()
    state.feed(event("ADDED", "a", "11") + b'{"type":"ADDED","object":{}}\n', 1.0)

    assert state.version == "10"  # behind, so nothing is lost


def test_a_line_of_64_mib_is_the_end_of_patience() -> None:
    state = watching(WatchLimits(line=1000))
    assert state.feed(b"x" * 900, 1.0) == []
    assert not state.ended

    state.feed(b"x" * 200, 1.0)
    assert state.ended


def test_an_outage_is_tried_at_most_every_4_s_and_ends_within_60_s() -> None:
    state = watching()
    now, attempts, delays = 0.0, 0, []
    while now < 600:
        state.failed(DOWN, now)
        delays.append(state.next_step().delay)
        now += delays[-1]
        attempts += 1

    assert attempts <= 600 / 4
    assert max(delays) < 45
    assert delays[0] < 1.1


def test_a_failure_becomes_stale_when_it_lasts_and_fresh_when_it_ends() -> None:
    state = watching()

    assert state.failed(DOWN, 0.0) == []
    assert state.failed(DOWN, 1.0) == []
    assert state.failed(DOWN, 3.0) == [Stale("down", "ClusterUnreachable")]
    assert state.failed(DOWN, 9.0) == []
    state.opened(20.0)
    assert state.timeout == 1.0
    assert state.waited(21.0) == [Fresh("10")]
    assert state.timeout == 90.0


def test_one_slow_failure_is_stale_too() -> None:
    state = watching()

    assert state.failed(DOWN, 0.0) == []
    assert len(state.failed(DOWN, 6.0)) == 1


def test_what_was_never_listed_is_stale_with_the_first_failure() -> None:
    state = WatchState(ATTEMPT, lambda: 0.5)
    state.next_step()

    assert state.failed(ForbiddenError("no right", status=403), 0.0) == [Stale("no right", "Forbidden")]
    assert state.next_step().do is Do.LIST
    assert isinstance(state.listed(LISTING)[0], Listed)
    state.opened(1.0)
    assert state.timeout == 90.0


def test_a_kind_that_went_away_is_listed_when_it_is_back() -> None:
    state = watching()

    events = state.failed(NotFoundError("gone", status=404), 1.0)
    assert [type(each) for each in events] == [Stale]
    assert state.next_step().do is Do.LIST


def test_silence_is_stale_and_resumes_at_once() -> None:
    state = watching()

    assert state.waited(90.0)[0] == Stale(
        "watch configmaps: nothing came for 90 s; connecting again", Reason.TIMEOUT.value
    )
    step = state.next_step()
    assert (step.do, step.delay, step.version) == (Do.WATCH, 0.0, "10")
    state.opened(90.1)
    fresh, bookmark = state.feed(event("BOOKMARK", "", "12"), 90.2), state.feed(event("BOOKMARK", "", "13"), 91.0)
    assert (fresh, bookmark) == ([Fresh("10")], [])


def test_a_server_back_from_an_outage_that_forgot_the_version_is_never_fresh() -> None:
    state = watching()
    for now in range(4):
        state.failed(DOWN, float(now))
    state.next_step()
    state.opened(60.0)

    assert state.feed(error_event(410), 60.0) == []
    step = state.next_step()
    assert (step.do, step.delay) == (Do.LIST, 0.0)


def test_a_healthy_watch_clears_the_back_off() -> None:
    state = watching()
    for now in range(4):
        state.failed(DOWN, float(now))
    state.next_step()
    state.opened(10.0)
    state.failed(DOWN, 60.0)

    assert state.next_step().delay == pytest.approx(0.8)


def test_a_flapping_watch_does_not_clear_it() -> None:
    state = watching()
    for now in range(6):
        state.failed(DOWN, now + 0.5)
        state.opened(now + 0.9)
    state.failed(DOWN, 7.0)

    assert state.next_step().delay > 20


def test_retry_after_is_honoured_within_bounds() -> None:
    state = watching()
    state.failed(ClusterError("busy", status=429, retry_after=7.0), 1.0)
    assert state.next_step().delay == 7.0
    state.failed(ClusterError("busy", status=429, retry_after=86_400.0), 2.0)
    assert state.next_step().delay == 30.0


def test_other_error_events_resume() -> None:
    state = watching()
    state.feed(event("ADDED", "a", "11") + error_event(504), 1.0)

    assert (state.next_step().do, state.version) == (Do.WATCH, "11")


def test_a_history_that_went_back_is_listed_again() -> None:
    state = watching()
    ended = []
    for version in ("5", "6"):
        state.feed(event("BOOKMARK", "", version), 60.0)
        ended.append(state.ended)

    assert ended == [False, True]
    assert state.next_step().do is Do.LIST


def test_an_older_event_does_not_move_the_position_back() -> None:
    state = watching()
    state.feed(event("ADDED", "a", "20"), 1.0)
    assert state.version == "20"
    state.feed(event("ADDED", "a", "15"), 2.0)

    assert state.version == "20"


def test_an_event_keeps_the_servers_bytes() -> None:
    state = watching()
    raw = b'{"metadata":{"resourceVersion":"11"},"x":1.50}'
    [change] = state.feed(b'{"type":"DELETED","object":' + raw + b"}\n", 1.0)

    assert isinstance(change, Changed)
    assert (change.type, bytes(change.object)) == ("DELETED", raw)
    assert isinstance(change.object, msgspec.Raw)
