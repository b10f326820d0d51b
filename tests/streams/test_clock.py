"""A stage's clock: the earliest of its sources, never backwards, not stopped by a dead one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Tick
from schemas.times import DAY_US, HOUR_US, MINUTE_US
from streams.clock import StageClock, idle_us_in
from tests.builders import NOW_US

SOURCES = ("hotline/0", "incident/0", "grid/0")
IDLE_US = 6 * HOUR_US

ticks = st.lists(
    st.builds(
        Tick,
        st.sampled_from(SOURCES),
        st.integers(0, 24 * 60).map(lambda minutes: NOW_US + minutes * MINUTE_US),
    ),
    max_size=30,
)
close_ticks = st.lists(
    st.builds(Tick, st.sampled_from(SOURCES), st.integers(NOW_US, NOW_US + IDLE_US)), max_size=30
)


def clock_after(*told: Tick) -> StageClock:
    clock = StageClock(SOURCES, IDLE_US)
    for tick in told:
        clock.advance(tick)
    return clock


@given(told=ticks)
def test_time_never_goes_back_and_says_when_it_moves(told: list[Tick]) -> None:
    clock = StageClock(SOURCES, IDLE_US)
    for tick in told:
        before = clock.now_us
        moved = clock.advance(tick)
        assert clock.now_us >= before
        assert moved is (clock.now_us > before)


@given(told=close_ticks)
def test_with_no_source_idle_it_is_the_earliest_of_the_latest_of_all(told: list[Tick]) -> None:
    clock = clock_after(*told)
    latest = {
        source: max((tick.at_us for tick in told if tick.source == source), default=0)
        for source in SOURCES
    }
    assert clock.now_us == min(latest.values())
    assert clock.idle_sources() == ()


@given(told=ticks)
def test_it_is_never_ahead_of_a_source_that_is_not_idle(told: list[Tick]) -> None:
    clock = StageClock(SOURCES, IDLE_US)
    for tick in told:
        if clock.advance(tick):
            latest = [
                max(
                    (t.at_us for t in told[: told.index(tick) + 1] if t.source == source), default=0
                )
                for source in SOURCES
                if source not in clock.idle_sources()
            ]
            assert clock.now_us == min(latest)


@given(told=close_ticks, data=st.data())
def test_the_order_of_ticks_leaves_no_trace(told: list[Tick], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(told))
    assert clock_after(*shuffled).now_us == clock_after(*told).now_us


def test_time_is_nought_before_every_source_has_spoken() -> None:
    clock = clock_after(Tick("grid/0", NOW_US), Tick("hotline/0", NOW_US + 1))
    assert clock.now_us == 0
    assert clock.advance(Tick("incident/0", NOW_US + 2))
    assert clock.now_us == NOW_US


def test_a_source_that_never_speaks_stops_time_no_longer_than_an_idle_one() -> None:
    clock = clock_after(Tick("grid/0", NOW_US), Tick("hotline/0", NOW_US))
    both = (Tick("grid/0", NOW_US + IDLE_US), Tick("hotline/0", NOW_US + IDLE_US))
    assert [clock.advance(tick) for tick in both] == [False, False]
    assert clock.idle_sources() == ()
    assert clock.advance(Tick("grid/0", NOW_US + IDLE_US + 1))
    assert clock.now_us == NOW_US + IDLE_US
    assert clock.idle_sources() == ("incident/0",)


def test_an_idle_source_is_left_out_visibly_and_counts_again_when_it_speaks() -> None:
    clock = clock_after(*(Tick(source, NOW_US) for source in SOURCES))
    late_us = NOW_US + IDLE_US + 1
    clock.advance(Tick("grid/0", late_us))
    assert (clock.now_us, clock.idle_sources()) == (late_us, ("hotline/0", "incident/0"))

    clock.advance(Tick("hotline/0", late_us - 10))
    assert clock.idle_sources() == ("incident/0",)
    assert not clock.advance(Tick("grid/0", late_us + 100))
    assert clock.advance(Tick("hotline/0", late_us + 50))
    assert clock.now_us == late_us + 50


def test_a_source_exactly_at_the_bound_is_not_idle() -> None:
    clock = clock_after(*(Tick(source, NOW_US) for source in SOURCES))
    assert not clock.advance(Tick("grid/0", NOW_US + IDLE_US))
    assert clock.idle_sources() == ()


def test_a_tick_of_an_unknown_source_is_refused_and_moves_nothing() -> None:
    clock = clock_after(*(Tick(source, NOW_US) for source in SOURCES))
    with pytest.raises(ValueError, match="'elsewhere', which is not a source"):
        clock.advance(Tick("elsewhere", NOW_US + 1))
    assert clock.now_us == NOW_US


def test_a_clock_without_sources_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one source"):
        StageClock(())


def test_in_a_history_no_source_is_ever_idle_and_live_one_is_after_hours() -> None:
    live, history = (StageClock(["a", "b"], idle_us_in(space)) for space in ("", "calls"))
    for clock in (live, history):
        clock.advance(Tick("a", 1))
        clock.advance(Tick("b", 1))
        clock.advance(Tick("a", 30 * DAY_US))
    assert live.now_us == 30 * DAY_US
    assert history.now_us == 1
    assert history.slowest() == ("b", 1)


def test_a_tick_told_for_several_sources_counts_for_each() -> None:
    clock = StageClock(["a", "b", "c"])
    assert not clock.advance(Tick("a", 5, ("b",)))
    assert clock.advance(Tick("c", 7))
    assert clock.now_us == 5


def test_a_clock_goes_on_from_its_reading() -> None:
    clock = StageClock(["a", "b"])
    clock.advance(Tick("a", 5, ("b",)))
    again = StageClock(["b", "new"])
    again.set_to(clock.reading())
    assert again.now_us == 5
    assert again.slowest() == ("new", 0)
