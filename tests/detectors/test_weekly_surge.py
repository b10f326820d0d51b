"""The weekly surge: what it learns of a season, and what its evidence is worth."""

import math

import numpy as np
import pytest

from detectors.base import Memory, Past
from detectors.weekly_surge import UsualWeek, WeeklySurge, evidence, last_week

FIRST = 730_000
YEAR_DAYS = 364.0


def learned(counts: list[int], detector: WeeklySurge) -> tuple[Memory, Past]:
    memory = detector.start()
    for week, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(FIRST + 7 * week, ()), count)
    return memory, Past(FIRST + 7 * len(counts), ())


def seasonal(weeks: int, seed: int) -> tuple[list[int], list[float]]:
    """Counts with level, trend and season, and their means for one week more."""
    week = np.arange(weeks + 1)
    means = np.exp(2.0 + 0.002 * week + 0.6 * np.cos(2 * np.pi * week / 52))
    return np.random.default_rng(seed).poisson(means[:-1]).tolist(), means.tolist()


@pytest.mark.parametrize("weeks", [200, 213, 226, 239])
def test_it_learns_level_trend_and_season(weeks: int) -> None:
    detector = WeeklySurge(0.01, year_days=YEAR_DAYS)
    errors = []
    for seed in range(10):
        counts, means = seasonal(weeks, seed)
        score = detector.score_one(*learned(counts, detector), 0)
        assert score is not None
        errors.append(math.log(score.expected / means[-1]))
    assert abs(float(np.mean(errors))) < 0.1
    assert float(np.std(errors)) < 0.2


def test_a_surge_of_two_weeks_is_found_though_neither_week_is_enough() -> None:
    detector = WeeklySurge(0.05, year_days=YEAR_DAYS)
    counts, means = seasonal(200, 1)
    memory, past = learned(counts, detector)
    limit = detector.limit_one(memory, past)
    assert limit is not None
    following = Past(past.day + 7, ())
    after = detector.learn_one(memory, past, limit - 1)
    fewer = detector.limit_one(after, following)
    assert fewer is not None
    assert means[-1] < fewer < limit


def test_a_gap_of_a_week_breaks_the_surge_and_nothing_else() -> None:
    detector = WeeklySurge(0.05, year_days=YEAR_DAYS)
    counts, _ = seasonal(200, 1)
    memory, past = learned(counts, detector)
    memory = detector.learn_one(memory, past, detector_limit(detector, memory, past) - 1)
    next_week, week_after = Past(past.day + 7, ()), Past(past.day + 14, ())
    assert detector_limit(detector, memory, next_week) < detector_limit(
        detector, memory, week_after
    )


def test_after_an_alarm_it_needs_evidence_of_its_own() -> None:
    detector = WeeklySurge(0.05, year_days=YEAR_DAYS)
    counts, _ = seasonal(200, 1)
    memory, past = learned(counts, detector)
    limit = detector_limit(detector, memory, past)
    following = Past(past.day + 7, ())
    after_none = detector_limit(detector, detector.learn_one(memory, past, limit - 1), following)
    after_alarm = detector_limit(detector, detector.learn_one(memory, past, limit), following)
    assert after_none < after_alarm


def detector_limit(detector: WeeklySurge, memory: Memory, past: Past) -> int:
    limit = detector.limit_one(memory, past)
    assert limit is not None
    return limit


@pytest.mark.parametrize(("mean", "phi"), [(0.5, 1.5), (5.0, 1.2), (5.0, 4.0), (60.0, 2.0)])
def test_the_likelihood_ratio_has_mean_one_as_long_as_nothing_changed(
    mean: float, phi: float
) -> None:
    rng = np.random.default_rng(5)
    usual = UsualWeek(mean, phi - 1.0, math.sqrt(phi * mean))
    counts = rng.negative_binomial(mean / (phi - 1), 1 / phi, (20_000, 2)).tolist()
    ratios = [
        math.exp(evidence(usual, last_week(usual, mean, phi - 1.0, float(before)), count))
        for before, count in counts
    ]
    assert float(np.mean(ratios)) == pytest.approx(1.0, abs=0.25)
    assert float(np.mean(np.array(ratios) >= 20.0)) <= 0.05


def test_a_year_that_was_always_quiet_does_not_make_one_case_an_alarm() -> None:
    detector = WeeklySurge(0.01)
    limit = detector.limit_one(*learned([0] * 100, detector))
    assert limit is not None
    assert limit >= 2


@pytest.mark.parametrize(
    ("setting", "value"), [("drift", -1.0), ("drift", math.inf), ("year_days", 7.0)]
)
def test_a_setting_out_of_its_range_is_refused(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=setting):
        WeeklySurge(0.01, **{setting: value})
