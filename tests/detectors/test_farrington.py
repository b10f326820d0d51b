"""Farrington flexible: which weeks it compares, and what earlier outbreaks do to it."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from detectors.base import Memory, Past
from detectors.farrington import Farrington

MONDAY = date(2026, 3, 2).toordinal()


def remembered(detector: Farrington, counts: list[int]) -> Memory:
    memory = detector.start()
    for week, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(MONDAY - 7 * (len(counts) - week), ()), count)
    return memory


def test_the_same_weeks_of_earlier_years_are_the_season_of_this_week() -> None:
    seasons = Farrington(0.01, calendar=False)._seasons(MONDAY)
    same = [age for age in range(27, len(seasons)) if seasons[age] == 10]
    assert same == [52 * year + week for year in range(1, 6) for week in range(-3, 4)]


def test_the_rest_of_the_year_is_nine_parts_as_equal_as_can_be() -> None:
    seasons = Farrington(0.01, calendar=False)._seasons(MONDAY)
    one_year = seasons[56:101]
    assert [one_year.count(part) for part in range(1, 10)] == [5] * 9
    assert one_year == sorted(one_year, reverse=True)


def test_by_calendar_it_compares_with_the_same_date_of_earlier_years() -> None:
    ages = Farrington(0.01)._anniversaries(MONDAY)
    days = [date.fromordinal(MONDAY - 7 * age) for age in ages]
    assert all(day.weekday() == 0 for day in days)
    assert [day.year for day in days] == [2026, 2025, 2024, 2023, 2022, 2021]
    assert all(abs((day - day.replace(month=3, day=2)).days) <= 3 for day in days)


def test_a_29_february_has_its_anniversaries() -> None:
    leap = date(2028, 2, 29).toordinal()
    days = [date.fromordinal(leap - 7 * age) for age in Farrington(0.01)._anniversaries(leap)]
    assert all(day.weekday() == date(2028, 2, 29).weekday() for day in days)
    assert all(abs((day - date(day.year, 3, 1)).days) <= 4 for day in days)


def test_an_earlier_outbreak_hardly_lifts_the_bound() -> None:
    rng = np.random.default_rng(3)
    counts: list[int] = rng.poisson(5, 280).tolist()
    detector = Farrington(0.01)
    calm = detector.bound(remembered(detector, counts), MONDAY)
    counts[120:124] = [60, 80, 70, 40]
    after = detector.bound(remembered(detector, counts), MONDAY)
    assert calm is not None
    assert after is not None
    assert after.upper <= calm.upper + 5
    assert after.mean == pytest.approx(calm.mean, rel=0.25)


def test_the_latest_half_year_is_no_baseline() -> None:
    rng = np.random.default_rng(4)
    counts: list[int] = rng.poisson(5, 280).tolist()
    detector = Farrington(0.01)
    before = detector.bound(remembered(detector, counts), MONDAY)
    counts[-26:] = [50] * 26
    assert detector.bound(remembered(detector, counts), MONDAY) == before


def test_it_waits_for_enough_cases() -> None:
    counts = [0, 1, 0, 0] * 70
    detector = Farrington(0.05)
    memory = remembered(detector, [*counts, 0, 0, 0])
    assert detector.limit_one(memory, Past(MONDAY, ())) == 5
    waiting = remembered(detector, [*counts, 1, 1, 1])
    assert detector.limit_one(waiting, Past(MONDAY, ())) == 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("years", 2),
        ("half_window", 0),
        ("seasons", 1),
        ("guard", 2),
        ("cases_min", -1),
        ("outlier", 0),
    ],
)
def test_a_setting_out_of_its_range_is_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        Farrington(0.01, **{setting: value})
