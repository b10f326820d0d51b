"""The dynamic regression behind the seasonal detector: it learns, drifts and doubts as it says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.seasonal_level import (
    HELD_DAYS_MAX,
    LENGTH,
    begin,
    doubt,
    learn,
    mean_ahead,
    variance_ahead,
)

FIRST_DAY = 737_000
AT = 3
DRIFT = (1.6e-5, 6e-8)


def begun(mean: float, variance: float = 0.05) -> list[float]:
    memory = [0.5] * (AT + LENGTH)
    begin(memory, AT, FIRST_DAY, log_level=math.log(mean), variance=variance, season_sd=0.3)
    return memory


def taught(memory: list[float], day: int, count: float) -> None:
    mean = mean_ahead(memory, AT)
    learn(memory, AT, FIRST_DAY + day, mean, count - mean, DRIFT)


def test_it_learns_a_level_and_grows_sure_of_it() -> None:
    memory = begun(5.0)
    at_first = variance_ahead(memory, AT)
    for day, count in enumerate(np.random.default_rng(1).poisson(9.0, 400).tolist()):
        taught(memory, day, count)
    assert mean_ahead(memory, AT) == pytest.approx(9.0, rel=0.08)
    assert variance_ahead(memory, AT) < at_first / 10


def test_only_its_own_places_are_written() -> None:
    memory = begun(5.0)
    for day in range(50):
        taught(memory, day, 7.0)
    assert memory[:AT] == [0.5] * AT


def test_the_mean_runs_along_the_season_between_steps() -> None:
    days = 5 * 365
    angle = 2 * np.pi * (FIRST_DAY + np.arange(days + 60)) / 365.25
    mean = 200 * np.exp(0.5 * np.cos(angle))
    memory = begun(200.0)
    for day in range(days):
        taught(memory, day, float(mean[day]))
    for day in range(days, days + HELD_DAYS_MAX - 1):
        assert mean_ahead(memory, AT) == pytest.approx(mean[day], rel=0.02)
        taught(memory, day, float(mean[day]))


def test_days_that_teach_nothing_leave_the_mean_and_add_drift() -> None:
    memory = begun(5.0)
    mean, variance = mean_ahead(memory, AT), variance_ahead(memory, AT)
    for day in range(70):
        learn(memory, AT, FIRST_DAY + day, 0.0, 0.0, DRIFT)
    added = variance_ahead(memory, AT) - variance
    assert added == pytest.approx(70 * (DRIFT[0] + 1.7 * DRIFT[1]), rel=0.5, abs=0.05)
    assert mean_ahead(memory, AT) == pytest.approx(mean, rel=0.05)


def test_a_doubted_level_moves_at_once() -> None:
    sure, doubted = begun(10.0, 1e-4), begun(10.0, 1e-4)
    doubt(doubted, AT, FIRST_DAY, 0.25)
    for memory in (sure, doubted):
        taught(memory, 0, 30.0)
        learn(memory, AT, FIRST_DAY + 1, 1e9, 0.0, DRIFT)  # a day that forces the step
    assert doubted[AT] > sure[AT] + 0.3


@given(
    counts=st.lists(st.integers(0, 10**7), min_size=1, max_size=200),
    mean=st.floats(0.05, 10**6),
)
def test_no_count_makes_it_useless(counts: list[int], mean: float) -> None:
    memory = begun(mean)
    for day, count in enumerate(counts):
        taught(memory, day, count)
        assert 0 < mean_ahead(memory, AT) < math.inf
        assert 0 < variance_ahead(memory, AT) <= 1
    assert all(map(math.isfinite, memory))
