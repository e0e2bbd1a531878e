from drift.core.fight import Score


def _writes(rate: float, seconds: float) -> list[float]:
    """Times of the writes to an object that a rival changes `rate` times a second."""
    score, now, done = Score(), 0.0, []
    while now < seconds:
        if score.wait(now) == 0.0:
            score = score.written(now)
            done.append(now)
        now += 1.0 / rate
    return done


def test_a_single_repair_is_never_delayed() -> None:
    assert Score().wait(0.0) == 0.0
    assert Score().written(0.0).wait(0.1) == 0.0


def test_a_rival_costs_at_most_five_writes_in_any_minute() -> None:
    done = _writes(5.0, 900.0)
    assert all(sum(start <= at < start + 60.0 for at in done) <= 5 for start in done)
    assert len(done) >= 15


def test_a_score_says_how_long_to_wait() -> None:
    score = Score()
    while score.wait(0.0) == 0.0:
        score = score.written(0.0)
    wait = score.wait(0.0)
    assert 0.0 < wait < 60.0
    assert score.wait(wait + 0.001) == 0.0


def test_repair_resumes_at_full_speed_when_the_rival_stops() -> None:
    score = Score(4.0, 0.0)
    assert score.wait(600.0) == 0.0
    assert score.now(600.0) < 0.02


def test_a_clock_that_goes_back_does_no_harm() -> None:
    assert Score(2.0, 100.0).now(50.0) == 2.0
