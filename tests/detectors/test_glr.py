"""The GLR chart against a search over onsets and factors, and how it begins anew."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Past
from detectors.glr import Day, NbGlr, glr, likelihood_ratio

TODAY = 740_000

some_days = st.lists(
    st.builds(
        Day,
        st.integers(0, 30).map(float),
        st.floats(0.2, 10.0),
        st.sampled_from([0.0, 0.05, 0.7]),
    ),
    min_size=1,
    max_size=10,
)


def log_probability(count: float, mean: float, dispersion: float) -> float:
    """Log of the probability of a count, as textbooks write it."""
    if dispersion == 0:
        return count * math.log(mean) - mean - math.lgamma(count + 1)
    size = 1 / dispersion
    ways = math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
    return ways + size * math.log(size / (size + mean)) + count * math.log(mean / (size + mean))


@given(days=some_days, log_rise=st.floats(0.0, 3.0))
def test_the_ratio_is_that_of_the_probabilities(days: list[Day], log_rise: float) -> None:
    rise = math.exp(log_rise)
    expected = sum(log_probability(x, rise * m, d) - log_probability(x, m, d) for x, m, d in days)
    assert likelihood_ratio(days, log_rise) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(days=some_days)
def test_no_onset_and_no_factor_explains_more(days: list[Day]) -> None:
    most = glr(days)
    rises = np.linspace(0.0, 7.0, 141)
    tried = [
        likelihood_ratio(days[first:], float(rise)) for first in range(len(days)) for rise in rises
    ]
    assert most >= max(tried) - 1e-9
    # Half a step of the search costs at most its square times half the cases.
    assert most <= max(tried) + 0.025**2 * (1 + sum(day.cases for day in days))


def test_days_as_usual_are_no_evidence() -> None:
    assert glr([Day(4.0, 4.0, 0.0)] * 5) == 0.0
    assert glr([Day(3.0, 4.0, 0.1)] * 5) == 0.0
    assert glr([]) == 0.0


def alarm_days(detector: NbGlr, counts: Sequence[int]) -> list[int]:
    memory, alarms = detector.start(), []
    for day, count in enumerate(counts):
        past = Past(TODAY + day, counts[max(0, day - 63) : day])
        limit = detector.limit_one(memory, past)
        if limit is not None and count >= limit:
            alarms.append(day)
        memory = detector.learn_one(memory, past, count)
    return alarms


def test_a_small_rise_that_lasts_is_found() -> None:
    counts = [4] * 60 + [8] * 6
    [first, *_] = alarm_days(NbGlr(0.001), counts)
    assert 61 <= first <= 65


def test_after_an_alarm_it_needs_evidence_of_its_own() -> None:
    detector, usual = NbGlr(0.001), [4] * 60
    memory = detector.start()
    for day in range(60):
        memory = detector.learn_one(memory, Past(TODAY + day, usual[:day]), 4)
    past = Past(TODAY + 60, usual)
    surge = detector.learn_one(memory, past, 40)
    assert surge == detector.start()
    calm = detector.score_one(surge, Past(TODAY + 61, [*usual, 40]), 4)
    assert calm is not None
    assert calm.statistic == 0.0


@pytest.mark.parametrize("window", [0, 21])
def test_a_window_out_of_range_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match="window"):
        NbGlr(0.01, window=window)
