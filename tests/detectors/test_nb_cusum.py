"""The negative-binomial CUSUM against figures worked out independently, and its false alarms."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors.base import AreaScore, Memory, Past
from detectors.nb_cusum import NbCusum

TODAY = 740_000
LAG = 2
EIGHT_WEEKS = 56
ALPHA = 0.01
WEEKS_OF_COUNTS = st.lists(st.integers(0, 30), min_size=58, max_size=70).filter(
    lambda counts: sum(counts[-EIGHT_WEEKS - LAG : -LAG]) >= EIGHT_WEEKS / 10
)


def score(counts: Sequence[int], count: int, memory: Memory | None = None) -> AreaScore:
    """What the default chart says of `count` after `counts`; it must say something."""
    said = NbCusum(ALPHA).score_one(memory or [0.0], Past(TODAY, counts), count)
    assert said is not None
    return said


def usual(counts: Sequence[int]) -> tuple[float, float]:
    """Mean and dispersion of the next day, with numpy, weekday by weekday."""
    table = np.array(counts[-EIGHT_WEEKS - LAG : -LAG], dtype=float).reshape(8, 7)
    mean = table.mean()
    variance = ((table - table.mean(axis=0)) ** 2).sum() / 49
    squared_mean = max((table.mean(axis=0) ** 2).mean() - variance / 8, mean**2)
    dispersion = max(0.0, variance - mean) / squared_mean
    weight = 8 * mean / max(1.0, variance / mean)
    factor = (8 + weight * table[:, LAG].mean() / mean) / (8 + weight)
    return float(mean * factor), float(dispersion)


def log_probability(count: int, mean: float, dispersion: float) -> float:
    """Log of the probability of a count, Poisson or negative binomial, as textbooks write it."""
    if dispersion == 0:
        return count * math.log(mean) - mean - math.lgamma(count + 1)
    size = 1 / dispersion
    ways = math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
    return ways + size * math.log(size / (size + mean)) + count * math.log(mean / (size + mean))


def alarm_days(detector: NbCusum, counts: Sequence[int]) -> list[int]:
    """The positions at which the chart alarms, each judged before it is learned."""
    memory, alarms = detector.start(), []
    for day, count in enumerate(counts):
        past = Past(TODAY + day, counts[max(0, day - 63) : day])
        limit = detector.limit_one(memory, past)
        if limit is not None and count >= limit:
            alarms.append(day)
        memory = detector.learn_one(memory, past, count)
    return alarms


def test_a_regular_series_is_judged_as_poisson() -> None:
    said = score([4] * 58, 10)
    assert said.expected == 4
    assert said.threshold == pytest.approx(math.log(100))
    assert said.statistic == pytest.approx(10 * math.log(2) - 4)


@given(counts=WEEKS_OF_COUNTS, count=st.integers(0, 90))
def test_the_evidence_of_a_day_is_its_log_likelihood_ratio(counts: list[int], count: int) -> None:
    mean, dispersion = usual(counts)
    assume(dispersion == 0 or dispersion > 1e-4)  # else the textbook's terms cancel each other
    said = score(counts, count, [1.0])
    assert said.expected == pytest.approx(mean)
    after, before = (log_probability(count, m, dispersion) for m in (2 * mean, mean))
    expected = max(0.0, 1.0 + after - before)
    assert said.statistic == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_regular_week_is_no_over_dispersion() -> None:
    week = [9, 9, 9, 9, 9, 0, 0]
    tuesday = 58 % 7
    expected = np.mean(week) * (8 + 8 * 9) / (8 + 8 * np.mean(week))
    said = score((week * 9)[:58], 9)
    assert week[tuesday] == 9
    assert said.expected == pytest.approx(expected)
    mean = float(expected)
    assert said.statistic == pytest.approx(max(0.0, 9 * math.log(2) - mean))


def test_the_last_two_days_teach_no_baseline() -> None:
    assert score([*[4] * 60, 90, 90], 5) == score([4] * 62, 5)


def test_days_older_than_eight_weeks_are_forgotten() -> None:
    assert score([90] * 5 + [4] * 58, 5) == score([4] * 58, 5)


def test_it_speaks_after_three_weeks_and_the_days_left_out() -> None:
    detector = NbCusum(ALPHA)
    assert detector.limit_one([0.0], Past(TODAY, [1] * 22)) is None
    assert detector.limit_one([0.0], Past(TODAY, [1] * 23)) is not None
    assert detector.learn_one([0.5], Past(TODAY, [1] * 22), 99) == [0.5]


def test_evidence_adds_up_and_is_never_below_nothing() -> None:
    detector, past = NbCusum(ALPHA), Past(TODAY, [4] * 58)
    once = detector.learn_one([0.0], past, 7)
    assert once == [pytest.approx(7 * math.log(2) - 4)]
    assert detector.learn_one(once, past, 7) == [pytest.approx(2 * once[0])]
    assert detector.learn_one(once, past, 0) == [0.0]


def test_an_alarm_starts_the_chart_again() -> None:
    detector, past = NbCusum(ALPHA), Past(TODAY, [4] * 58)
    limit = detector.limit_one([0.0], past)
    assert limit is not None
    assert detector.learn_one([0.0], past, limit) == [0.0]
    assert detector.learn_one([0.0], past, limit - 1)[0] > 0


def test_evidence_lowers_the_limit() -> None:
    detector, past = NbCusum(ALPHA), Past(TODAY, [4] * 58)
    limits = [detector.limit_one([evidence], past) for evidence in (0.0, 2.0, 4.5)]
    assert limits == [13, 10, 6]  # (ln 100 + 4 - S) / ln 2 = 12.42, 9.53, 5.92


def test_an_empty_series_has_a_usual_count_above_nothing() -> None:
    said = score([0] * 58, 1)
    assert said.expected == NbCusum(ALPHA).mean_min
    assert not said.alarm


def test_a_slow_rise_is_found_that_no_single_day_shows() -> None:
    counts = [4] * 70 + [7] * 10
    assert alarm_days(NbCusum(ALPHA), counts)[0] <= 75


@pytest.mark.parametrize("mean", [0.2, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.2])
def test_false_alarms_stay_within_alpha(mean: float, dispersion: float) -> None:
    """Seeded: 3,000 judged days a setting; at most alpha of them, by the threshold's bound."""
    rng = np.random.default_rng(11)
    week = np.array([1.2, 1.1, 1.1, 1.0, 1.0, 0.8, 0.8])
    means = mean * week[np.arange(3070) % 7]
    level = rng.gamma(1 / dispersion, dispersion, 3070) if dispersion else np.ones(3070)
    alarms = alarm_days(NbCusum(ALPHA), rng.poisson(means * level).tolist())
    assert len(alarms) <= ALPHA * 3000


@pytest.mark.parametrize(
    "settings",
    [
        {"rise": 1.0},
        {"mean_min": 0.0},
        {"weekday_shape": -1.0},
        {"lag": 7},
        {"lag": -1},
        {"rise": math.inf},
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        NbCusum(ALPHA, **settings)
