"""Daily counts: late reports find their day, learned days stand, verdict and limit agree."""

import math
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.area_series import (
    Families,
    SeriesConfig,
    add_count,
    judge_day,
    least_of,
    limit_of,
    new_series,
    roll_to,
)
from detectors.base import Past
from detectors.registry import AREA_DETECTORS, make_area_detectors
from schemas.state import AreaSeries, Risen
from schemas.versioned import AREA_SERIES

FIRST = 739_000
CONFIG = SeriesConfig()
ALPHA = 0.05
EACH_ALONE: Families = tuple(make_area_detectors([name], ALPHA) for name in AREA_DETECTORS)
EARS = make_area_detectors(["ears_c1", "ears_c2", "ears_c3"], ALPHA)
AS_SHIPPED: Families = (
    EARS,
    make_area_detectors(["nb_cusum"], ALPHA),
    make_area_detectors(["gamma_poisson"], ALPHA),
)
family_sets = st.sampled_from((EACH_ALONE, AS_SHIPPED))
daily_counts = st.lists(st.one_of(st.integers(0, 4), st.integers(0, 40)), min_size=1, max_size=90)
long_counts = st.lists(st.integers(0, 4), min_size=10, max_size=90)


def series_of(counts: list[int], config: SeriesConfig = CONFIG) -> AreaSeries:
    """A series that was told its counts day by day, from FIRST on."""
    series = new_series(FIRST, FIRST, config)
    for offset, count in enumerate(counts):
        roll_to(series, FIRST + offset, config)
        add_count(series, FIRST + offset, count)
    return series


@settings(max_examples=60)
@given(
    counts=daily_counts,
    families=family_sets,
    agree=st.integers(1, 6),
    extra=st.integers(0, 60),
    back=st.integers(0, 3),
)
def test_a_day_is_a_surge_exactly_when_its_count_reaches_the_limit(
    counts: list[int], families: Families, agree: int, extra: int, back: int
) -> None:
    config = SeriesConfig(agree_min=agree)
    series = series_of(counts, config)
    day = max(FIRST, series.day - back)
    add_count(series, day, extra)
    count = series.counts[len(series.counts) - 1 - (series.day - day)]
    limit = limit_of(series, day, families, config)
    verdict = judge_day(series, day, families, config)
    assert (verdict is not None) == (count >= limit)
    if verdict is not None:
        assert (verdict.day, verdict.count, verdict.limit) == (day, count, limit)
        assert len(verdict.detectors) >= agree


@settings(max_examples=40)
@given(counts=daily_counts, families=family_sets, agree=st.integers(1, 3))
def test_the_limit_is_the_least_count_that_is_a_surge(
    counts: list[int], families: Families, agree: int
) -> None:
    config = SeriesConfig(agree_min=agree)
    series = series_of(counts, config)
    limit = limit_of(series, series.day, families, config)
    if math.isinf(limit):
        series.counts[-1] = 10**6
        assert judge_day(series, series.day, families, config) is None
        return
    assert limit >= least_of(series, series.day, config)
    series.counts[-1] = int(limit)
    assert judge_day(series, series.day, families, config) is not None
    series.counts[-1] = int(limit) - 1
    assert judge_day(series, series.day, families, config) is None


@pytest.mark.parametrize(("usual", "least"), [(0, 3), (1, 6), (4, 12), (9, 20), (100, 132)])
def test_a_day_stands_out_three_deviations_of_chance_above_four_weeks(
    usual: int, least: int
) -> None:
    series = series_of([*[1_000] * 5, *[usual] * 28, 0])
    assert least_of(series, series.day, CONFIG) == least


def test_where_the_same_weekdays_are_quieter_less_stands_out() -> None:
    weeks = [10, 10, 10, 10, 10, 0, 0] * 6
    saturday = series_of([*weeks[:-2], 0])
    monday = series_of([*weeks, 0])
    assert least_of(saturday, saturday.day, CONFIG) < least_of(monday, monday.day, CONFIG)


def test_a_day_that_does_not_stand_out_by_itself_is_no_surge_whatever_detectors_say() -> None:
    one_voice = SeriesConfig(agree_min=1)
    series = series_of([*[100] * 60, 131])
    past = Past(series.day, series.counts[:-1])
    assert any((d.limit_one([], past) or 0) in range(101, 131) for d in EARS)
    assert limit_of(series, series.day, (EARS,), one_voice) == 132
    assert judge_day(series, series.day, (EARS,), one_voice) is None
    add_count(series, series.day, 1)
    assert judge_day(series, series.day, (EARS,), one_voice) is not None


def test_a_surge_after_quiet_weeks_is_found_and_says_by_whom() -> None:
    series = series_of([1, 0, 2, 1, 1, 0, 1] * 6 + [15])
    verdict = judge_day(series, series.day, AS_SHIPPED, CONFIG)
    assert isinstance(verdict, Risen)
    assert {"nb_cusum", "gamma_poisson"} <= set(verdict.detectors)
    assert verdict.expected < 3 < verdict.limit <= 15 == verdict.count


def test_the_first_surge_of_an_area_that_was_quiet_for_weeks_counts() -> None:
    series = new_series(FIRST - 50, FIRST, CONFIG)
    add_count(series, FIRST, 8)
    assert judge_day(series, FIRST, AS_SHIPPED, CONFIG) is not None
    unknown = new_series(FIRST, FIRST, CONFIG)
    add_count(unknown, FIRST, 8)
    assert judge_day(unknown, FIRST, AS_SHIPPED, CONFIG) is None


reports = st.lists(st.tuples(st.integers(0, 119), st.integers(0, 2)), max_size=40)
"""Each report's day, and by how many days it arrives late."""


def arrived(reports_of_day: list[tuple[int, int]], last: int) -> AreaSeries:
    """A series told of reports as they arrive, asked about its newest day after each."""
    series = new_series(FIRST - 30, FIRST, CONFIG)
    for day, _ in reports_of_day:
        roll_to(series, FIRST + day, CONFIG)
        assert add_count(series, FIRST + day, 1) != -1
        limit_of(series, series.day, EACH_ALONE, CONFIG)
    roll_to(series, last, CONFIG)
    limit_of(series, last, EACH_ALONE, CONFIG)
    return series


@settings(max_examples=30)
@given(told=reports, data=st.data())
def test_every_order_of_arrival_within_the_lateness_leaves_the_same_counts_and_memory(
    told: list[tuple[int, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(told))
    late = arrived(sorted(shuffled, key=lambda one: one[0] + one[1]), FIRST + 120)
    punctual = arrived(sorted(told), FIRST + 120)
    assert late == punctual
    kept = [day for day, _ in told if day > 120 - CONFIG.ring_days]
    assert sum(late.counts) == len(kept)


@given(counts=daily_counts, gap=st.integers(1, 200))
def test_a_quiet_gap_is_zeros_however_it_is_gone_through(counts: list[int], gap: int) -> None:
    at_once, by_day = series_of(counts), series_of(counts)
    roll_to(at_once, at_once.day + gap, CONFIG)
    for _ in range(gap):
        roll_to(by_day, by_day.day + 1, CONFIG)
    assert at_once == by_day
    assert at_once.counts[-gap:] == [0] * min(gap, CONFIG.ring_days)
    assert len(at_once.counts) == min(len(counts) + gap, CONFIG.ring_days)
    assert at_once.counts == [*counts, *[0] * gap][-CONFIG.ring_days :]


@given(counts=long_counts, back=st.integers(0, 12) | st.integers(0, 100))
def test_a_late_count_changes_an_open_day_and_never_a_learned_one(
    counts: list[int], back: int
) -> None:
    series = series_of(counts)
    limit_of(series, series.day, EACH_ALONE, CONFIG)
    before, day = deepcopy(series), series.day - back
    answer = add_count(series, day, 1)
    index = len(series.counts) - 1 - back
    if index < 0 or day <= series.learned_day:
        assert answer == -1
        assert series == before
    else:
        assert answer == before.counts[index] + 1
        before.counts[index] += 1
        assert series == before


@settings(max_examples=40)
@given(counts=daily_counts)
def test_a_day_within_the_lateness_is_never_learned(counts: list[int]) -> None:
    series = series_of(counts)
    limit_of(series, series.day, EACH_ALONE, CONFIG)
    for day in range(max(FIRST, series.day - CONFIG.lateness_days), series.day + 1):
        assert add_count(series, day, 1) != -1


@settings(max_examples=40)
@given(counts=daily_counts, families=family_sets)
def test_asking_twice_answers_the_same_and_remembers_the_same(
    counts: list[int], families: Families
) -> None:
    series = series_of(counts)
    limit = limit_of(series, series.day, families, CONFIG)
    asked_once = deepcopy(series)
    assert limit_of(series, series.day, families, CONFIG) == limit
    judge_day(series, series.day, families, CONFIG)
    assert series == asked_once


@settings(max_examples=40)
@given(counts=daily_counts, families=family_sets)
def test_a_series_restored_from_its_bytes_judges_as_before(
    counts: list[int], families: Families
) -> None:
    series = series_of(counts)
    limit = limit_of(series, series.day, families, CONFIG)
    restored = AREA_SERIES.decode(AREA_SERIES.encode(series))
    assert restored == series
    assert limit_of(restored, series.day, families, CONFIG) == limit


def test_the_ring_is_bounded_and_days_before_it_are_no_surge() -> None:
    series = series_of([50] * (CONFIG.ring_days + 37))
    assert len(series.counts) == CONFIG.ring_days
    gone = series.day - CONFIG.ring_days
    assert judge_day(series, gone, AS_SHIPPED, CONFIG) is None
    assert add_count(series, gone, 1) == -1


def test_an_earlier_day_opens_nothing() -> None:
    series = series_of([1, 2, 3])
    before = deepcopy(series)
    roll_to(series, FIRST, CONFIG)
    assert series == before


@pytest.mark.parametrize("agree", [len(EACH_ALONE) + 1, len(EACH_ALONE) + 2])
def test_more_voices_than_there_are_families_never_agree(agree: int) -> None:
    config = SeriesConfig(agree_min=agree)
    series = series_of([0] * 60 + [1_000], config)
    assert limit_of(series, series.day, EACH_ALONE, config) == math.inf
    assert judge_day(series, series.day, EACH_ALONE, config) is None


def test_the_day_after_tells_the_same_of_a_day_that_was_told_late() -> None:
    told = [(54, 0), (54, 0), (102, 0), (117, 0), (116, 1)]
    assert arrived(told, FIRST + 120) == arrived(sorted(told), FIRST + 120)
