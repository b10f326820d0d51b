"""The seasonal detector: what it learns to expect, what moves it, and what must not."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.base import AreaScore, Memory, Past
from detectors.ears import Ears, Method
from detectors.holidays import NO_HOLIDAYS, Holidays, holidays_of
from detectors.seasonal_gamma_poisson import SeasonalGammaPoisson

FIRST_DAY = date(2020, 1, 6).toordinal()  # a Monday
YEARS = 5 * 364
FIVE_DAYS = np.array([1.3, 1.1, 1.0, 1.0, 0.9, 0.0, 0.0])
Floats = NDArray[np.float64]


def learn(detector: SeasonalGammaPoisson, counts: Sequence[int]) -> Memory:
    memory = detector.start()
    for day, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(FIRST_DAY + day, ()), count)
    return memory


def score(detector: SeasonalGammaPoisson, memory: Memory, day: int, count: int = 1) -> AreaScore:
    said = detector.score_one(memory, Past(FIRST_DAY + day, ()), count)
    assert said is not None
    return said


def alarms(detector: SeasonalGammaPoisson, counts: Sequence[int]) -> list[int]:
    memory, found = detector.start(), []
    for day, count in enumerate(counts):
        past = Past(FIRST_DAY + day, ())
        said = detector.score_one(memory, past, count)
        if said is not None and said.alarm:
            found.append(day)
        memory = detector.learn_one(memory, past, count)
    return found


def yearly(days: int, mean: float, size: float = 0.6) -> Floats:
    """A mean with a season that peaks in winter."""
    angle = 2 * np.pi * (FIRST_DAY + np.arange(days)) / 365.25
    return np.asarray(mean * np.exp(size * np.cos(angle)))


def test_the_season_is_expected_in_the_year_that_comes() -> None:
    mean = yearly(YEARS + 364, 12.0)
    counts = np.random.default_rng(1).poisson(mean).tolist()
    detector = SeasonalGammaPoisson(0.01)
    memory = detector.start()
    errors = []
    for day, count in enumerate(counts):
        if day >= YEARS:
            errors.append(score(detector, memory, day).expected / mean[day] - 1)
        memory = detector.learn_one(memory, Past(FIRST_DAY + day, ()), count)
    assert float(np.abs(errors).mean()) < 0.06
    assert abs(float(np.mean(errors))) < 0.02


def test_a_five_day_service_is_expected_to_be_empty_at_weekends() -> None:
    mean = 20 * FIVE_DAYS[np.arange(YEARS) % 7]
    detector = SeasonalGammaPoisson(0.01)
    memory = learn(detector, np.random.default_rng(2).poisson(mean).tolist())
    usual = [score(detector, memory, YEARS + day).expected for day in range(7)]
    assert usual == pytest.approx((20 * FIVE_DAYS).tolist(), rel=0.08, abs=0.6)


def test_a_closed_weekend_changes_neither_level_nor_evidence() -> None:
    mean = 20 * FIVE_DAYS[np.arange(YEARS) % 7]
    counts = np.random.default_rng(3).poisson(mean).tolist()
    counts[-3:] = [45, 0, 0]  # a Friday with a surge, and the weekend after it
    detector = SeasonalGammaPoisson(0.01)
    friday, sunday = learn(detector, counts[:-2]), learn(detector, counts)
    assert score(detector, sunday, YEARS, 26).statistic == pytest.approx(
        score(detector, friday, YEARS, 26).statistic, rel=0.02
    )


def holidays_now_and_then(days: int) -> Holidays:
    first = date.fromordinal(FIRST_DAY)
    # The ninth day of each twelve weeks is a Tuesday.
    return holidays_of(first + timedelta(days=day) for day in range(8, days, 84))


def test_a_holiday_that_is_known_does_not_alarm() -> None:
    days = YEARS
    calendar = holidays_now_and_then(days)
    mean = np.full(days, 60.0)
    known = np.isin(FIRST_DAY + np.arange(days), list(calendar.days))
    mean[known] *= 2.0
    counts = np.random.default_rng(4).poisson(mean).tolist()
    told = alarms(SeasonalGammaPoisson(0.001, calendar), counts)
    untold = alarms(SeasonalGammaPoisson(0.001, NO_HOLIDAYS), counts)
    holidays = set(np.flatnonzero(known).tolist())
    assert len(holidays & set(untold)) > 0.6 * len(holidays)
    assert len(holidays & set(told)) <= 1
    assert len(told) < 0.004 * days


def test_the_first_working_day_after_a_long_weekend_is_the_day_after_the_holiday() -> None:
    days = YEARS
    first = date.fromordinal(FIRST_DAY)
    calendar = holidays_of(
        first + timedelta(days=day) for day in range(4, days + 28, 28)
    )  # Fridays
    mean = 20 * FIVE_DAYS[np.arange(days) % 7]
    mean[4::28] = 0.0
    mean[7::28] *= 1.5
    detector = SeasonalGammaPoisson(0.01, calendar)
    memory = learn(detector, np.random.default_rng(5).poisson(mean).tolist())
    # 1,820 days are 65 times four weeks: the holiday of the next is on its fifth day.
    for day in range(7):
        memory = detector.learn_one(
            memory, Past(FIRST_DAY + days + day, ()), [26, 22, 20, 20, 0, 0, 0][day]
        )
    assert score(detector, memory, days + 7).expected == pytest.approx(39.0, rel=0.1)


def test_a_surge_does_not_become_the_usual() -> None:
    detector = SeasonalGammaPoisson(0.01)
    counts = np.random.default_rng(6).poisson(10.0, 728).tolist()
    before = score(detector, learn(detector, counts), 728).expected
    after = score(detector, learn(detector, [*counts, *[40] * 14]), 742).expected
    assert after < 1.4 * before


@pytest.mark.parametrize("changed", [0.4, 2.5])
def test_what_lasts_is_the_usual_after_two_months(changed: float) -> None:
    detector = SeasonalGammaPoisson(0.01)
    rng = np.random.default_rng(7)
    counts = [*rng.poisson(10.0, 728).tolist(), *rng.poisson(10.0 * changed, 63).tolist()]
    expected = score(detector, learn(detector, counts), 791).expected
    assert expected == pytest.approx(10.0 * changed, rel=0.2)


def test_a_small_rise_of_a_fortnight_is_found_by_the_long_memory() -> None:
    """Seeded: 60 series, half as much again for 14 days; the days of it that alarm."""
    rng = np.random.default_rng(8)
    both = single = 0
    for _ in range(60):
        mean = np.full(400, 12.0)
        mean[386:] *= 1.5
        counts = rng.poisson(mean).tolist()
        both += len([day for day in alarms(SeasonalGammaPoisson(0.01), counts) if day >= 386])
        for day in range(386, 400):
            said = Ears(Method.C2, 0.0005).score_one(
                [], Past(day, counts[day - 14 : day]), counts[day]
            )
            single += said is not None and said.alarm
    assert both > 3 * single


@pytest.mark.parametrize("mean", [0.3, 3.0, 30.0])
@pytest.mark.parametrize("dispersion", [1.0, 2.0])
def test_false_alarms_are_about_alpha(mean: float, dispersion: float) -> None:
    """Seeded: 4,000 judged days at alpha 0.01; evidence lasts, so alarms come in runs."""
    rng = np.random.default_rng(9)
    more = dispersion - 1.0
    levels = rng.gamma(mean / more, more, 4_100) if more else np.full(4_100, mean)
    found = alarms(SeasonalGammaPoisson(0.01), rng.poisson(levels).tolist())
    assert sum(day >= 100 for day in found) / 4_000 < 0.025


def test_a_rise_is_seen_before_its_first_day_is_over() -> None:
    detector = SeasonalGammaPoisson(0.01)
    memory = learn(detector, np.random.default_rng(10).poisson(24.0, 728).tolist())
    past = Past(FIRST_DAY + 728, ())
    noon, whole = (detector.score_part(memory, past, 30, share) for share in (0.5, 1.0))
    assert noon is not None
    assert whole is not None
    assert noon.alarm
    assert not whole.alarm
    assert noon.expected == pytest.approx(whole.expected / 2)


def test_the_whole_of_a_day_is_judged_as_the_day() -> None:
    detector = SeasonalGammaPoisson(0.01)
    memory, past = learn(detector, [3] * 100), Past(FIRST_DAY + 100, ())
    for count in range(20):
        assert detector.score_part(memory, past, count, 1.0) == detector.score_one(
            memory, past, count
        )


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    detector = SeasonalGammaPoisson(0.01)
    with pytest.raises(ValueError, match="share"):
        detector.score_part(detector.start(), Past(FIRST_DAY, ()), 1, share)


counts_of_any_kind = st.lists(
    st.one_of(st.integers(0, 5), st.integers(0, 10**6)), min_size=20, max_size=300
)


@given(counts=counts_of_any_kind, jumps=st.lists(st.integers(1, 400), min_size=20, max_size=300))
def test_any_counts_and_any_gaps_leave_numbers_that_can_be_used(
    counts: list[int], jumps: list[int]
) -> None:
    calendar = Holidays(frozenset(range(FIRST_DAY, FIRST_DAY + 10_000, 9)))
    detector = SeasonalGammaPoisson(0.01, calendar)
    memory, day = detector.start(), FIRST_DAY
    for count, jump in zip(counts, jumps, strict=False):
        memory = detector.learn_one(memory, Past(day, ()), count)
        day += jump
    assert all(map(math.isfinite, memory))
    said = detector.score_one(memory, Past(day, ()), 1)
    if said is not None:
        assert math.isfinite(said.statistic)
        assert said.expected > 0


def test_a_memory_of_another_version_is_refused() -> None:
    detector = SeasonalGammaPoisson(0.01)
    memory = learn(detector, [1] * 30)
    memory[0] = 99.0
    with pytest.raises(ValueError, match=r"version 99\.0"):
        detector.score_one(memory, Past(FIRST_DAY + 30, ()), 1)
    with pytest.raises(ValueError, match=r"version 99\.0"):
        detector.learn_one(memory, Past(FIRST_DAY + 30, ()), 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"level_sd": 0.0},
        {"season_sd": math.nan},
        {"pattern_days": 7.0},
        {"weekday_shape": -1.0},
        {"short": 1.0},
        {"medium": math.nan},
        {"long": 0.0},
        {"teach_sd": 0.4},
        {"shift_days": math.inf},
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        SeasonalGammaPoisson(0.01, **settings)
