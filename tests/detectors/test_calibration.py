"""Platt scaling begins as nothing, moves towards what is observed, and stays within its bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration import OFFSET_MAX, SLOPE_MAX, SLOPE_MIN, Platt, logit, sigmoid

log_odds = st.floats(-25, 25)
any_number = st.floats(allow_nan=False)


@given(log_odds=log_odds)
def test_at_the_start_it_changes_nothing(log_odds: float) -> None:
    assert Platt().probability(log_odds) == sigmoid(log_odds)


@given(log_odds=log_odds)
def test_log_odds_and_probability_are_each_others_inverse(log_odds: float) -> None:
    assert logit(sigmoid(log_odds)) == pytest.approx(log_odds, rel=1e-4, abs=1e-9)


@given(one=any_number, two=any_number)
def test_probability_rises_with_log_odds_and_never_reaches_0_or_1(one: float, two: float) -> None:
    low, high = sigmoid(min(one, two)), sigmoid(max(one, two))
    assert 0 < low <= high < 1


@given(
    examples=st.lists(
        st.tuples(any_number, st.booleans(), st.floats(0, 1, exclude_min=True)), max_size=50
    )
)
def test_it_stays_within_its_bounds_whatever_it_learns(
    examples: list[tuple[float, bool, float]],
) -> None:
    platt = Platt()
    for odds, harmed, weight in examples:
        platt = platt.learned(odds, harmed=harmed, weight=weight)
    assert SLOPE_MIN <= platt.slope <= SLOPE_MAX
    assert abs(platt.offset) <= OFFSET_MAX
    assert platt.examples == len(examples)


@pytest.mark.parametrize("harmed", [True, False])
@pytest.mark.parametrize("odds", [30.0, -30.0, 0.0])
def test_the_same_surprise_over_and_over_stops_at_the_bounds(odds: float, *, harmed: bool) -> None:
    platt = Platt()
    for _ in range(3_000):
        platt = platt.learned(odds, harmed=harmed, weight=1.0)
        assert SLOPE_MIN <= platt.slope <= SLOPE_MAX
        assert abs(platt.offset) <= OFFSET_MAX


@given(odds=log_odds, harmed=st.booleans(), weight=st.floats(0.01, 1))
def test_one_example_moves_the_probability_towards_its_label(
    odds: float, weight: float, *, harmed: bool
) -> None:
    before = Platt().probability(odds)
    after = Platt().learned(odds, harmed=harmed, weight=weight).probability(odds)
    assert after >= before if harmed else after <= before


def test_a_heavier_example_moves_it_further() -> None:
    light = Platt().learned(1.0, harmed=False, weight=0.5)
    heavy = Platt().learned(1.0, harmed=False, weight=1.0)
    assert heavy.offset == pytest.approx(2 * light.offset)


@pytest.mark.parametrize(("exaggeration", "shift"), [(3.0, 0.0), (1.0, 2.0), (2.5, 1.0)])
def test_an_over_confident_model_is_moved_towards_the_observed_rate(
    exaggeration: float, shift: float
) -> None:
    rng = np.random.default_rng(11)
    true_odds = rng.normal(-2.0, 1.0, 8_000)
    claimed = (exaggeration * true_odds + shift).tolist()
    harmed = (rng.random(8_000) < 1 / (1 + np.exp(-true_odds))).tolist()
    platt = Platt()
    for odds, harm in zip(claimed, harmed, strict=True):
        platt = platt.learned(odds, harmed=harm, weight=1.0)

    def loss(calibration: Platt) -> float:
        said = [calibration.probability(odds) for odds in claimed]
        return -sum(math.log(p if harm else 1 - p) for p, harm in zip(said, harmed, strict=True))

    observed = sum(harmed)
    raw = sum(Platt().probability(odds) for odds in claimed)
    calibrated = sum(platt.probability(odds) for odds in claimed)
    assert abs(calibrated - observed) < 0.25 * abs(raw - observed)
    assert loss(platt) < loss(Platt())
