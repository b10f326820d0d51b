"""EARS C1, C2 and C3 against figures worked out by hand and by an independent formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.base import AreaScore, Past
from detectors.ears import Ears, Method

TODAY = 740_000
BARELY = 1e-9
"""A least sigma that no baseline of ours is below, unless it is constant."""

Z = {0.001: 3.090232306167813, 0.01: 2.3263478740408408, 0.025: 1.959963984540054}
"""Upper points of the standard normal, from tables: `qnorm(1 - alpha)` in R."""

days_of_counts = st.lists(st.integers(0, 40), min_size=11, max_size=30)


def window(counts: Sequence[int], today: int, lag: int) -> NDArray[np.int64]:
    """The 7 days that end `lag` days before the day at position `today`."""
    return np.array(counts[today - lag - 7 : today - lag])


def c_value(counts: Sequence[int], today: int, lag: int, min_sigma: float) -> float:
    """C1 (lag 0) or C2 (lag 2) of the day at position `today`, by the definition."""
    baseline = window(counts, today, lag)
    return float((counts[today] - baseline.mean()) / max(baseline.std(ddof=1), min_sigma))


def score(detector: Ears, counts: Sequence[int], count: int) -> AreaScore:
    """What the detector says of `count` after `counts`; it must say something."""
    said = detector.score_one([], Past(TODAY, counts), count)
    assert said is not None
    return said


def test_c1_compares_with_the_seven_days_before() -> None:
    said = score(Ears(Method.C1, 0.01, min_sigma=0.5), [99, 1, 2, 3, 4, 5, 6, 7], 10)
    assert said.expected == 4
    assert said.statistic == pytest.approx(6 / (28 / 6) ** 0.5, abs=1e-12)
    assert said.threshold == pytest.approx(Z[0.01], abs=1e-12)
    assert said.alarm


def test_c2_leaves_the_last_two_days_out() -> None:
    said = score(Ears(Method.C2, 0.01, min_sigma=0.5), [99, 1, 2, 3, 4, 5, 6, 7, 50, 60], 10)
    assert said.expected == 4
    assert said.statistic == pytest.approx(6 / (28 / 6) ** 0.5, abs=1e-12)


def test_c3_adds_what_the_last_two_days_were_too_much() -> None:
    # Baselines of all three days are flat: mean 2, sigma at its least, 1.
    said = score(Ears(Method.C3, 0.01), [2] * 9 + [5, 4], 4)
    assert said.statistic == pytest.approx((4 - 2) + (5 - 2 - 1) + (4 - 2 - 1), abs=1e-12)
    assert said.alarm
    assert not score(Ears(Method.C2, 0.01), [2] * 9 + [5, 4], 4).alarm


def test_c3_carries_nothing_from_quiet_days() -> None:
    counts = [2] * 9 + [0, 3]
    c2, c3 = (score(Ears(method, 0.01), counts, 3) for method in (Method.C2, Method.C3))
    assert c3 == c2


@given(counts=days_of_counts, count=st.integers(0, 60), alpha=st.sampled_from([0.001, 0.025]))
def test_c1_and_c2_are_the_textbook_formula(counts: list[int], count: int, alpha: float) -> None:
    for method, lag in ((Method.C1, 0), (Method.C2, 2)):
        said = score(Ears(method, alpha, min_sigma=0.5), counts, count)
        expected = c_value([*counts, count], len(counts), lag, 0.5)
        assert said.statistic == pytest.approx(expected, abs=1e-9)
        assert said.threshold == pytest.approx(Z[alpha], abs=1e-9)


@given(counts=days_of_counts, count=st.integers(0, 60), alpha=st.sampled_from([0.001, 0.025]))
def test_the_limit_is_the_first_count_above_the_upper_bound(
    counts: list[int], count: int, alpha: float
) -> None:
    z = Z[alpha]
    for method, lag in ((Method.C1, 0), (Method.C2, 2)):
        baseline = window(counts, len(counts), lag)
        bound = baseline.mean() + z * max(baseline.std(ddof=1), 1.0)
        assert Ears(method, alpha).limit_one([], Past(TODAY, counts)) == np.floor(bound) + 1


@given(counts=days_of_counts, count=st.integers(0, 60), alpha=st.sampled_from([0.001, 0.025]))
def test_c3_is_the_bound_of_the_manual_of_earsc(
    counts: list[int], count: int, alpha: float
) -> None:
    today = len(counts)
    carried = sum(max(0.0, c_value(counts, today - ago, 2, 0.5) - 1) for ago in (1, 2))
    baseline = window(counts, today, 2)
    sigma = max(baseline.std(ddof=1), 0.5)
    bound = max(0.0, baseline.mean() + sigma * (Z[alpha] - carried))
    limit = Ears(Method.C3, alpha, min_sigma=0.5).limit_one([], Past(TODAY, counts))
    assert limit is not None
    assert limit - 1 <= bound + 1e-9
    assert bound < limit + 1e-9


@given(counts=days_of_counts, count=st.integers(0, 60))
def test_the_bound_of_the_code_of_earsc_can_be_had_from_a_c3_score(
    counts: list[int], count: int
) -> None:
    """R's code has today's count where its manual has the mean; a port test needs R's figure."""
    alpha, min_sigma, today = 0.025, 0.5, len(counts)
    carried = sum(max(0.0, c_value(counts, today - ago, 2, min_sigma) - 1) for ago in (1, 2))
    sigma = max(window(counts, today, 2).std(ddof=1), min_sigma)
    z = Z[alpha]
    bound_in_r = max(0.0, count + sigma * (z - carried))
    c2 = score(Ears(Method.C2, alpha, min_sigma=min_sigma), counts, count)
    c3 = score(Ears(Method.C3, alpha, min_sigma=min_sigma), counts, count)
    ours = max(0.0, count + sigma * (c2.threshold - (c3.statistic - c2.statistic)))
    assert ours == pytest.approx(bound_in_r, abs=1e-9)


@pytest.mark.parametrize(("method", "days"), [(Method.C1, 7), (Method.C2, 9), (Method.C3, 11)])
def test_it_speaks_from_the_first_day_with_a_full_baseline(method: Method, days: int) -> None:
    detector = Ears(method, 0.01)
    assert detector.limit_one([], Past(TODAY, [1] * (days - 1))) is None
    assert detector.limit_one([], Past(TODAY, [1] * days)) is not None


def test_a_least_sigma_of_one_half_lets_two_reports_after_none_alarm() -> None:
    none = Past(TODAY, [0] * 11)
    assert Ears(Method.C1, 0.001, min_sigma=0.5).limit_one([], none) == 2
    assert Ears(Method.C1, 0.001).limit_one([], none) == 4


def test_the_alarm_is_strict() -> None:
    half = Ears(Method.C1, 0.5)
    assert not score(half, [3] * 7, 3).alarm
    assert score(half, [3] * 7, 4).alarm


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.999])
def test_no_report_is_never_an_alarm_however_many_false_ones_are_allowed(alpha: float) -> None:
    for method in Method:
        detector = Ears(method, alpha)
        assert not score(detector, [0] * 9 + [100, 100], 0).alarm
    c3 = Ears(Method.C3, alpha)
    assert c3.limit_one([], Past(TODAY, [0] * 9 + [100, 100])) == 1


def test_large_counts_lose_no_digits() -> None:
    large = 10**9
    near, far = [1, 2, 3, 4, 5, 6, 7], [large + count for count in (1, 2, 3, 4, 5, 6, 7)]
    detector = Ears(Method.C1, 0.01)
    assert score(detector, far, large + 10).statistic == score(detector, near, 10).statistic


def test_another_length_of_baseline_can_be_had() -> None:
    detector = Ears(Method.C2, 0.01, baseline=3, min_sigma=BARELY)
    said = score(detector, [1, 2, 6, 99, 99], 6)
    assert said.statistic == pytest.approx(3 / 7**0.5, abs=1e-12)


@pytest.mark.parametrize(
    "settings",
    [{"baseline": 2}, {"min_sigma": 0.0}, {"min_sigma": -1.0}, {"min_sigma": float("nan")}],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Ears(Method.C1, 0.01, **settings)
