"""What every area detector in the registry owes, whatever its method: one suite for all of them.

A detector added to `detectors.registry` is tested here by its entry alone.
"""

import json
import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.base import AreaDetector, Memory, Past
from detectors.registry import AREA_DETECTORS, UnknownDetectorError, make_area_detectors

FIRST_DAY = date(2026, 1, 5).toordinal()
PAST_DAYS_MAX = 63
"""What the owner of a series keeps: nine weeks."""
COUNT_MAX = 10**6
MEMORY_FLOATS_MAX = 64
ALPHAS = (0.01, 0.001)
STRICTER = 1e-6

each_detector = pytest.mark.parametrize("name", AREA_DETECTORS)
each_alpha = pytest.mark.parametrize("alpha", ALPHAS)

small_counts = st.integers(0, 12)
any_counts = st.one_of(small_counts, st.integers(0, COUNT_MAX))
series = st.one_of(
    st.lists(small_counts, min_size=30, max_size=80),
    st.lists(any_counts, min_size=14, max_size=80),
    st.builds(lambda count, days: [count] * days, any_counts, st.integers(30, 80)),
    st.builds(lambda count, days: [0, count] * days, any_counts, st.integers(15, 40)),
)


def past_of(counts: Sequence[int], day: int) -> Past:
    """The days before the one at position `day` of a series, as its owner hands them over."""
    return Past(FIRST_DAY + day, list(counts[max(0, day - PAST_DAYS_MAX) : day]))


def learn(detector: AreaDetector, counts: Sequence[int]) -> tuple[Memory, Past]:
    """What is remembered after a series, and the past of the day that follows it."""
    memory = detector.start()
    for day, count in enumerate(counts):
        memory = detector.learn_one(memory, past_of(counts, day), count)
    return memory, past_of(counts, len(counts))


def alarm_days(detector: AreaDetector, counts: Sequence[int]) -> list[int]:
    """The positions in a series at which the detector alarms, each judged before it is learned."""
    memory, alarms = detector.start(), []
    for day, count in enumerate(counts):
        score = detector.score_one(memory, past_of(counts, day), count)
        if score is not None and score.alarm:
            alarms.append(day)
        memory = detector.learn_one(memory, past_of(counts, day), count)
    return alarms


@each_detector
def test_it_bears_the_name_it_is_registered_under(name: str) -> None:
    assert AREA_DETECTORS[name](0.01).name == name


@each_detector
@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf])
def test_a_rate_that_is_no_probability_is_refused(name: str, alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        make_area_detectors([name], alpha)


@each_detector
@pytest.mark.parametrize("count", [-1, math.nan, math.inf])
def test_a_count_that_is_none_is_not_learned(name: str, count: float) -> None:
    detector = AREA_DETECTORS[name](0.01)
    memory, past = learn(detector, [1] * 70)
    with pytest.raises(ValueError, match="daily count"):
        detector.learn_one(memory, past, count)  # type: ignore[arg-type]  # what a float could bring


@each_detector
@given(counts=series, count=any_counts)
def test_neither_memory_nor_past_is_changed(name: str, counts: list[int], count: int) -> None:
    detector = AREA_DETECTORS[name](0.01)
    memory, past = learn(detector, counts)
    memory_before, counts_before = list(memory), list(past.counts)
    learned = detector.learn_one(memory, past, count)
    detector.score_one(memory, past, count)
    detector.limit_one(memory, past)
    assert (memory, past.counts) == (memory_before, counts_before)
    assert learned is not memory


@each_detector
@given(counts=series, count=any_counts)
def test_it_says_the_same_again_as_another_instance_would(
    name: str, counts: list[int], count: int
) -> None:
    first, second = AREA_DETECTORS[name](0.01), AREA_DETECTORS[name](0.01)
    memory, past = learn(first, counts)
    assert first == second
    assert learn(second, counts) == (memory, past)
    assert first.score_one(memory, past, count) == second.score_one(memory, past, count)
    assert first.limit_one(memory, past) == second.limit_one(memory, past)


@each_detector
@given(counts=series, count=any_counts)
def test_memory_is_a_short_list_of_numbers_that_survives_json(
    name: str, counts: list[int], count: int
) -> None:
    detector = AREA_DETECTORS[name](0.01)
    memory, past = learn(detector, counts)
    assert len(memory) == len(detector.start()) <= MEMORY_FLOATS_MAX
    assert all(type(number) is float and math.isfinite(number) for number in memory)
    restored: Memory = json.loads(json.dumps(memory))
    assert [number.hex() for number in restored] == [number.hex() for number in memory]
    assert detector.score_one(restored, past, count) == detector.score_one(memory, past, count)


@each_detector
@given(counts=series, few=any_counts, more=any_counts)
@example(counts=[10] * 70, few=0, more=1)
def test_more_reports_never_score_less(name: str, counts: list[int], few: int, more: int) -> None:
    detector = AREA_DETECTORS[name](0.01)
    memory, past = learn(detector, counts)
    low = detector.score_one(memory, past, min(few, more))
    high = detector.score_one(memory, past, max(few, more))
    assert (low is None) == (high is None)
    if low and high:
        assert low.statistic <= high.statistic
        assert (low.threshold, low.expected) == (high.threshold, high.expected)
        assert all(map(math.isfinite, (*low, *high)))


@each_detector
@each_alpha
@given(counts=series)
@example(counts=[0] * 80)
@example(counts=[COUNT_MAX] * 80)
@example(counts=[0, COUNT_MAX] * 40)
def test_the_limit_is_the_least_count_that_alarms(
    name: str, alpha: float, counts: list[int]
) -> None:
    detector = AREA_DETECTORS[name](alpha)
    memory, past = learn(detector, counts)
    limit = detector.limit_one(memory, past)
    if limit is None:
        assert detector.score_one(memory, past, COUNT_MAX) is None
        return
    at, below = (detector.score_one(memory, past, count) for count in (limit, limit - 1))
    assert limit >= 1
    assert at is not None
    assert below is not None
    assert at.alarm
    assert not below.alarm


@each_detector
@each_alpha
def test_nothing_is_said_of_the_first_days(name: str, alpha: float) -> None:
    detector = AREA_DETECTORS[name](alpha)
    memory = detector.start()
    for day in range(7):
        past = past_of([0] * day, day)
        assert detector.limit_one(memory, past) is None
        assert detector.score_one(memory, past, COUNT_MAX) is None
        memory = detector.learn_one(memory, past, 0)


@each_detector
def test_something_is_said_after_nine_weeks(name: str) -> None:
    detector = AREA_DETECTORS[name](0.01)
    assert detector.limit_one(*learn(detector, [2] * PAST_DAYS_MAX)) is not None


@each_detector
@pytest.mark.parametrize("alpha", [0.01, 0.001, 0.0001])
@pytest.mark.parametrize("days", [30, 63, 400])
def test_one_report_after_none_at_all_is_no_surge(name: str, alpha: float, days: int) -> None:
    detector = AREA_DETECTORS[name](alpha)
    limit = detector.limit_one(*learn(detector, [0] * days))
    assert limit is not None
    assert limit >= 2


@each_detector
@given(counts=series)
def test_a_smaller_alpha_never_lowers_the_limit(name: str, counts: list[int]) -> None:
    detector, stricter = AREA_DETECTORS[name](0.01), AREA_DETECTORS[name](STRICTER)
    memory, past = learn(detector, counts)
    limit, stricter_limit = detector.limit_one(memory, past), stricter.limit_one(memory, past)
    assert (limit is None) == (stricter_limit is None)
    if limit is not None and stricter_limit is not None:
        assert limit <= stricter_limit


@each_detector
@pytest.mark.parametrize("mean", [2, 8, 40])
@pytest.mark.parametrize("dispersion", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_a_fivefold_week_is_found_while_it_lasts(
    name: str, mean: int, dispersion: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    means = np.full(97, mean)
    means[90:] *= 5
    level = rng.gamma(1 / dispersion, dispersion, 97) if dispersion else np.ones(97)
    alarms = alarm_days(AREA_DETECTORS[name](0.001), rng.poisson(means * level).tolist())
    assert any(day >= 90 for day in alarms)


@pytest.mark.parametrize("names", [["ears_c4"], ["ears_c1", "c1"], [""]])
def test_an_unknown_name_is_answered_with_the_known_ones(names: list[str]) -> None:
    with pytest.raises(UnknownDetectorError, match=r"ears_c1.*nb_cusum"):
        make_area_detectors(names, 0.01)


def test_detectors_come_in_the_order_asked_for() -> None:
    names = sorted(AREA_DETECTORS, reverse=True)
    assert [detector.name for detector in make_area_detectors(names, 0.01)] == names
