"""What every weekly detector owes, whatever its method: the contract of areas, week by week.

A detector added to `WEEKLY_DETECTORS` is tested here by its entry alone. Farrington needs five
years of weeks, so series are long and examples few.
"""

import json
import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import AreaDetector, Memory, Past
from detectors.registry import WEEKLY_DETECTORS

FIRST_WEEK = date(2020, 1, 6).toordinal()
WEEKS = 290
COUNT_MAX = 10**6
MEMORY_FLOATS_MAX = 300

each_detector = pytest.mark.parametrize("name", WEEKLY_DETECTORS)
few_examples = settings(max_examples=15, deadline=None)

any_count = st.one_of(st.integers(0, 12), st.integers(0, COUNT_MAX))
series = st.one_of(
    st.builds(
        lambda mean, seed: np.random.default_rng(seed).poisson(mean, WEEKS).tolist(),
        st.sampled_from([0.05, 0.5, 3, 40, 1_000]),
        st.integers(0, 1_000),
    ),
    st.builds(
        lambda seed: np.random.default_rng(seed).negative_binomial(0.3, 0.05, WEEKS).tolist(),
        st.integers(0, 1_000),
    ),
    st.builds(lambda count: [count] * WEEKS, any_count),
    st.builds(lambda count: [0, count] * (WEEKS // 2), any_count),
    st.builds(lambda before, after: [before] * 250 + [after] * 40, any_count, any_count),
)


def learn(detector: AreaDetector, counts: Sequence[int]) -> tuple[Memory, Past]:
    """What is remembered after a series, and the past of the week that follows it."""
    memory = detector.start()
    for week, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(FIRST_WEEK + 7 * week, ()), count)
    return memory, Past(FIRST_WEEK + 7 * len(counts), ())


@each_detector
def test_it_bears_the_name_it_is_registered_under(name: str) -> None:
    assert WEEKLY_DETECTORS[name](0.01).name == name


@each_detector
@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf])
def test_a_rate_that_is_no_probability_is_refused(name: str, alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        WEEKLY_DETECTORS[name](alpha)


@each_detector
@pytest.mark.parametrize("count", [-1, math.nan, math.inf, -math.inf])
def test_a_count_that_is_none_is_not_learned(name: str, count: float) -> None:
    detector = WEEKLY_DETECTORS[name](0.01)
    memory, past = learn(detector, [1] * WEEKS)
    with pytest.raises(ValueError, match="count"):
        detector.learn_one(memory, past, count)  # type: ignore[arg-type]  # what a float could bring


@each_detector
@few_examples
@given(counts=series, count=any_count)
def test_memory_is_a_bounded_list_of_numbers_that_survives_json(
    name: str, counts: list[int], count: int
) -> None:
    detector = WEEKLY_DETECTORS[name](0.01)
    memory, past = learn(detector, counts)
    assert len(memory) == len(detector.start()) <= MEMORY_FLOATS_MAX
    assert all(type(number) is float and math.isfinite(number) for number in memory)
    restored: Memory = json.loads(json.dumps(memory))
    assert restored == memory
    assert detector.score_one(restored, past, count) == detector.score_one(memory, past, count)


@each_detector
@few_examples
@given(counts=series, few=any_count, more=any_count)
def test_more_cases_never_score_less_and_memory_stays(
    name: str, counts: list[int], few: int, more: int
) -> None:
    detector = WEEKLY_DETECTORS[name](0.01)
    memory, past = learn(detector, counts)
    before = list(memory)
    low = detector.score_one(memory, past, min(few, more))
    high = detector.score_one(memory, past, max(few, more))
    assert (low is None) == (high is None)
    if low and high:
        assert low.statistic <= high.statistic
        assert (low.threshold, low.expected) == (high.threshold, high.expected)
        assert all(map(math.isfinite, (*low, *high)))
    assert detector.learn_one(memory, past, few) is not memory
    assert memory == before


@each_detector
@pytest.mark.parametrize("alpha", [0.01, 0.0001])
@few_examples
@given(counts=series)
def test_the_limit_is_the_least_count_that_alarms(
    name: str, alpha: float, counts: list[int]
) -> None:
    detector = WEEKLY_DETECTORS[name](alpha)
    memory, past = learn(detector, counts)
    limit = detector.limit_one(memory, past)
    if limit is None:
        assert detector.score_one(memory, past, COUNT_MAX) is None
        return
    at, below = (detector.score_one(memory, past, count) for count in (limit, limit - 1))
    assert limit >= 1
    assert at is not None
    assert at.alarm
    assert below is not None
    assert not below.alarm


@each_detector
def test_nothing_is_said_of_the_first_half_year(name: str) -> None:
    detector = WEEKLY_DETECTORS[name](0.01)
    memory, past = learn(detector, [0] * 25)
    assert detector.limit_one(memory, past) is None
    assert detector.score_one(memory, past, COUNT_MAX) is None


@each_detector
def test_something_is_said_after_five_years_and_a_half(name: str) -> None:
    detector = WEEKLY_DETECTORS[name](0.01)
    assert detector.limit_one(*learn(detector, [2] * WEEKS)) is not None


@each_detector
@pytest.mark.parametrize("alpha", [0.01, 0.0001])
def test_one_case_after_none_at_all_is_no_surge(name: str, alpha: float) -> None:
    detector = WEEKLY_DETECTORS[name](alpha)
    limit = detector.limit_one(*learn(detector, [0] * WEEKS))
    assert limit is not None
    assert limit >= 2


@each_detector
@few_examples
@given(counts=series)
def test_a_smaller_alpha_never_lowers_the_limit(name: str, counts: list[int]) -> None:
    detector, stricter = WEEKLY_DETECTORS[name](0.01), WEEKLY_DETECTORS[name](1e-6)
    memory, past = learn(detector, counts)
    limit, stricter_limit = detector.limit_one(memory, past), stricter.limit_one(memory, past)
    assert (limit is None) == (stricter_limit is None)
    if limit is not None and stricter_limit is not None:
        assert limit <= stricter_limit


@each_detector
@pytest.mark.parametrize("mean", [2, 8, 40])
@pytest.mark.parametrize("dispersion", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_eight_times_as_many_for_three_weeks_is_found(
    name: str, mean: int, dispersion: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    level = rng.gamma(1 / dispersion, dispersion, WEEKS) if dispersion else np.ones(WEEKS)
    means = np.full(WEEKS, float(mean)) * level
    means[-3:] *= 8
    counts: list[int] = rng.poisson(means).tolist()
    detector = WEEKLY_DETECTORS[name](0.001)
    memory, past = learn(detector, counts[:-3])
    found = []
    for count in counts[-3:]:
        limit = detector.limit_one(memory, past)
        assert limit is not None
        found.append(count >= limit)
        memory = detector.learn_one(memory, past, count)
        past = Past(past.day + 7, ())
    assert any(found)
