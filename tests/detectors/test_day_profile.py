"""The profile of a day: shares add up, learn, and stay bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.day_profile import HOURS, DayProfile

hours = st.floats(0, HOURS)
learned = st.lists(st.tuples(st.integers(0, HOURS - 1), st.integers(0, 10_000)), max_size=60)


def test_before_anything_is_known_all_hours_are_alike() -> None:
    profile = DayProfile()
    assert profile.share_between(profile.start(), 0, 6) == pytest.approx(0.25)


def test_a_busy_evening_is_learned() -> None:
    profile = DayProfile()
    known = profile.start()
    for hour in (19, 20, 21):
        known = profile.learn_one(known, hour, 200)
    assert profile.share_between(known, 19, 22) == pytest.approx(603 / 624)
    assert profile.share_between(known, 0, 12) < 0.02


@given(learned=learned, edges=st.tuples(hours, hours, hours))
def test_shares_of_parts_add_up_to_the_share_of_the_whole(
    learned: list[tuple[int, int]], edges: tuple[float, float, float]
) -> None:
    profile = DayProfile(memory_reports=1_000.0)
    known = profile.start()
    for hour, count in learned:
        known = profile.learn_one(known, hour, count)
    begin, middle, end = sorted(edges)
    parts = profile.share_between(known, begin, middle) + profile.share_between(known, middle, end)
    assert parts == pytest.approx(profile.share_between(known, begin, end), abs=1e-9)
    assert profile.share_between(known, 0, HOURS) == pytest.approx(1.0)
    assert sum(known) <= 1_000.0 * (1 + 1e-9)


@pytest.mark.parametrize(("hour", "count"), [(-1, 1), (24, 1), (3, -1)])
def test_an_hour_or_count_that_is_none_is_refused(hour: int, count: int) -> None:
    profile = DayProfile()
    with pytest.raises(ValueError, match="an hour is 0 to 23"):
        profile.learn_one(profile.start(), hour, count)


@pytest.mark.parametrize(("begin", "end"), [(-1.0, 3.0), (5.0, 4.0), (0.0, 24.5)])
def test_hours_that_are_none_have_no_share(begin: float, end: float) -> None:
    profile = DayProfile()
    with pytest.raises(ValueError, match="hours run from 0"):
        profile.share_between(profile.start(), begin, end)


@pytest.mark.parametrize("settings", [{"reports_min": 0.0}, {"memory_reports": 24.0}])
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        DayProfile(**settings)
