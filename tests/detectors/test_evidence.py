"""Evidence: surprise is the chance on clean days, and thresholds keep their promise on others."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.evidence import (
    DAYS_PER_MONTH,
    CalibrationError,
    alerts_of,
    combined,
    tail_of,
    threshold_for,
)

finite = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("surprise", [1.0, 2.0, 3.0, 4.0])
def test_surprise_is_the_chance_of_days_that_were_not_calibrated_on(surprise: float) -> None:
    rng = np.random.default_rng(1)
    tail = tail_of(rng.chisquare(2, 20_000).tolist())
    statistic = -2 * math.log(10**-surprise)  # the quantile of a chi-square of 2 degrees
    assert tail.surprise(statistic) == pytest.approx(surprise, rel=0.07)


def test_detectors_of_different_units_are_on_one_scale() -> None:
    rng = np.random.default_rng(2)
    values = rng.exponential(1.0, 5_000)
    small, large = tail_of(values.tolist()), tail_of((40 * values).tolist())
    assert small.surprise(3.0) == pytest.approx(large.surprise(120.0))


@given(
    clean=st.lists(finite, min_size=100, max_size=150, unique=True),
    values=st.tuples(finite, finite),
)
def test_more_is_never_less_surprising(clean: list[float], values: tuple[float, float]) -> None:
    tail = tail_of(clean)
    low, high = tail.surprise(min(values)), tail.surprise(max(values))
    assert 0 <= low <= high < math.inf


@pytest.mark.parametrize(
    ("clean", "message"),
    [
        ([1.0] * 99, "99 clean days"),
        ([1.0] * 200, "all statistics"),
        ([*range(200), math.nan], "not a finite number"),
        ([*range(200), math.inf], "not a finite number"),
    ],
)
def test_history_that_cannot_calibrate_is_refused(clean: list[float], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        tail_of(clean)


def test_the_greatest_surprise_speaks_for_a_cell() -> None:
    assert combined([1.0, 3.0, 2.0]) == 3.0
    assert combined([]) == 0.0


@pytest.mark.parametrize(
    ("values", "begun"),
    [
        ([0, 5, 5, 0, 5, 0, 0, 0, 5], [1, 8]),
        ([5, 0, 0, 0, 5], [0, 4]),
        ([5, 0, 0, 5, 0, 0, 5], [0]),
        ([4, 4, 4], []),
        ([], []),
    ],
)
def test_alarms_that_follow_each_other_are_one_alert(values: list[float], begun: list[int]) -> None:
    assert alerts_of(values, 4.0, quiet_days=3) == begun


@pytest.mark.parametrize("a_month", [0.5, 1.0, 4.0])
def test_other_clean_history_raises_as_many_alerts_as_promised(a_month: float) -> None:
    """Seeded: 30 cells of different size, ten years to calibrate, ten to count."""
    rng = np.random.default_rng(3)
    scales = np.linspace(1, 4, 30)[:, None]
    clean, other = (scales * rng.exponential(1.0, (30, 3_650)) for _ in range(2))
    threshold = threshold_for(clean.tolist(), a_month)
    found = sum(len(alerts_of(cell, threshold, 7)) for cell in other.tolist())
    promised = a_month * 3_650 / DAYS_PER_MONTH
    assert found == pytest.approx(promised, abs=3 * math.sqrt(2 * promised))


def test_the_threshold_is_the_least_that_keeps_the_promise() -> None:
    cells = np.random.default_rng(4).exponential(1.0, (5, 304)).round(3).tolist()
    threshold = threshold_for(cells, 1.0)
    below = max(value for cell in cells for value in cell if value < threshold)
    assert sum(len(alerts_of(cell, threshold, 7)) for cell in cells) <= 10
    assert sum(len(alerts_of(cell, below, 7)) for cell in cells) > 10


@pytest.mark.parametrize("cells", [[], [[]], [[1.0] * 30]])
def test_a_history_too_short_for_one_alert_is_refused(cells: list[list[float]]) -> None:
    with pytest.raises(CalibrationError, match="give at least 30"):
        threshold_for(cells, 1.0)
