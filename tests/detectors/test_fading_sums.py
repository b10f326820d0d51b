"""Fading sums: they fade, their statistic is a squared score, the threshold that of chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.fading_sums import LENGTH, Weights, add, long_score, statistic, threshold_of

WEIGHTS = Weights(0.6, 0.25, 0.1)
excesses = st.floats(-50, 50)


def judged(memory: list[float], excess: float, usual: float = 10.0) -> float:
    return statistic(memory, 0, WEIGHTS, excess=excess, usual=usual, dispersion=1.0, doubt=0.0)


def test_a_sum_of_constant_days_is_a_day_over_its_weight() -> None:
    memory = [0.0] * LENGTH
    for _ in range(200):
        add(memory, 0, WEIGHTS, 1.0, 10.0)
    assert memory == pytest.approx([1 / 0.6, 10 / 0.6, 4.0, 40.0, 10.0, 100.0])


def test_nothing_above_the_mean_is_no_evidence() -> None:
    assert judged([0.0] * LENGTH, -1.0) == 0.0
    assert judged([-9.0, 20.0, -9.0, 40.0, -9.0, 90.0], 3.0) == 0.0


@given(before=st.lists(excesses, max_size=30), less=excesses, more=excesses)
def test_more_is_never_less_evidence(before: list[float], less: float, more: float) -> None:
    memory = [0.0] * LENGTH
    for excess in before:
        add(memory, 0, WEIGHTS, excess, 10.0)
    low, high = judged(memory, min(less, more)), judged(memory, max(less, more))
    assert 0 <= low <= high * (1 + 1e-9)


def test_doubt_about_the_level_weighs_on_the_long_sum() -> None:
    memory = [15.0, 170.0, 40.0, 400.0, 90.0, 900.0]
    sure, unsure = (
        statistic(memory, 0, WEIGHTS, excess=5.0, usual=100.0, dispersion=1.0, doubt=doubt)
        for doubt in (0.0, 0.01)
    )
    assert unsure < sure / 2


def test_the_long_score_of_chance_is_a_standard_score() -> None:
    rng = np.random.default_rng(1)
    memory, scores = [0.0] * LENGTH, []
    for day, count in enumerate(rng.poisson(50.0, 20_000).tolist()):
        add(memory, 0, WEIGHTS, count - 50.0, 50.0)
        if day > 100:
            scores.append(long_score(memory, 0, WEIGHTS, 1.0, 0.0))
    assert float(np.mean(scores)) == pytest.approx(0.0, abs=0.1)
    assert float(np.std(scores)) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.001])
def test_chance_exceeds_the_threshold_as_often_as_alpha_says(alpha: float) -> None:
    """Seeded: 60,000 days of a large Poisson mean."""
    rng = np.random.default_rng(2)
    threshold, memory, beyond = threshold_of(alpha, WEIGHTS), [0.0] * LENGTH, 0
    days = 60_000
    for count in rng.poisson(1_000.0, days).tolist():
        excess = count - 1_000.0
        beyond += judged(memory, excess, 1_000.0) > threshold
        add(memory, 0, WEIGHTS, excess, 1_000.0)
    assert 0.6 * alpha < beyond / days < 1.6 * alpha


@given(alpha=st.floats(1e-9, 0.999), stricter=st.floats(1e-9, 0.999))
def test_a_smaller_alpha_never_has_a_lower_threshold(alpha: float, stricter: float) -> None:
    low, high = (
        threshold_of(max(alpha, stricter), WEIGHTS),
        threshold_of(min(alpha, stricter), WEIGHTS),
    )
    assert 0 <= low <= high
