"""Daily counts of one kind in one area, and what the detectors make of them.

Rules: a day is learned only once it can no longer change (the allowed lateness has passed), so late
and out-of-order arrival leaves no trace in what a detector remembers; days in between are folded in
provisionally whenever a day is judged. Days without a report are zeros, filled in when the series
is next touched, and learning waits until a day is judged: a quiet series costs nothing. A surge
needs the agreement of several families of detectors (within a family they err together), on a day
whose count stands out by itself: at least `count_min`, and three standard deviations of pure chance
above the four weeks before, drawn half-way to their same weekdays where those are quieter.
"""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Annotated

from msgspec import Meta

from detectors.base import AreaDetector, Memory, Past
from schemas.closed import Closed
from schemas.state import AreaSeries, Risen

_WEEK = 7
_USUAL_DAYS = 4 * _WEEK
_STANDING_OUT = 3.0
Families = tuple[tuple[AreaDetector, ...], ...]


class SeriesConfig(Closed, frozen=True):
    """Bounds of a series and how many families of detectors must agree.

    Detectors remember from `warm_days` before the block of `block_days` in which a judged day lies.
    `ring_days` leaves every day that is learned its full eight weeks before it, so that what the
    ring has let go by then makes no difference.
    """

    ring_days: Annotated[int, Meta(ge=21, le=400)] = 112
    lateness_days: Annotated[int, Meta(ge=0, le=14)] = 2
    block_days: Annotated[int, Meta(ge=7, le=100)] = 28
    warm_days: Annotated[int, Meta(ge=18, le=100)] = 21
    count_min: Annotated[int, Meta(ge=1)] = 3
    agree_min: Annotated[int, Meta(ge=1)] = 2


def new_series(since: int, day: int, config: SeriesConfig) -> AreaSeries:
    """Return a series opened on local day ordinal `day`, with zeros since the county is counted.

    A cell that was quiet since counting began was quiet, not unknown: its first surge must count.
    """
    days = min(day - since + 1, config.ring_days)
    return AreaSeries(day, [0] * days, day - days, {})


def roll_to(series: AreaSeries, day: int, config: SeriesConfig) -> None:
    """Open `day` as the newest day; the days between had no report. Earlier days change nothing."""
    gap = day - series.day
    if gap > 0:
        series.counts.extend([0] * min(gap, config.ring_days))
        del series.counts[: -config.ring_days]
        series.day = day


def add_count(series: AreaSeries, day: int, change: int) -> int:
    """Change the count of an open day and return it; -1 for a day not in the ring, or learned."""
    index = len(series.counts) - 1 - series.day + day
    if index < 0 or day <= series.learned_day:
        return -1
    series.counts[index] = count = series.counts[index] + change
    return count


def least_of(series: AreaSeries, day: int, config: SeriesConfig) -> int:
    """Return the least count that stands out on `day`; cheap, it comes before any detector.

    The quantile of a Poisson count at three standard deviations (a chance of about one in a
    thousand), by Cornish and Fisher's expansion (1938) with its term for skewness.
    """
    end = len(series.counts) - 1 - (series.day - day)
    before = series.counts[max(0, end - _USUAL_DAYS) : end]
    same_weekday = before[len(before) % _WEEK :: _WEEK]
    mean = _mean(before)
    usual = min(mean, (mean + _mean(same_weekday)) / 2)
    quantile = usual + _STANDING_OUT * math.sqrt(usual) + (_STANDING_OUT**2 - 1) / 6
    return max(config.count_min, int(quantile) + 1)


def _mean(counts: Sequence[int]) -> float:
    return sum(counts) / len(counts) if counts else 0.0


def count_on(series: AreaSeries, day: int) -> int:
    """Return the count of a day; 0 for one that is not in the ring."""
    index = len(series.counts) - 1 - (series.day - day)
    return series.counts[index] if 0 <= index < len(series.counts) else 0


def limit_of(series: AreaSeries, day: int, families: Families, config: SeriesConfig) -> float:
    """Return the smallest count on `day` that is a surge; infinity while too little is known."""
    _learn_before(series, day, families, config)
    past = _past(series, day)
    limits = sorted(_limit_of_family(series, day, family, past) for family in families)
    if len(limits) < config.agree_min:
        return math.inf
    return float(max(limits[config.agree_min - 1], least_of(series, day, config)))


def _limit_of_family(
    series: AreaSeries, day: int, family: Sequence[AreaDetector], past: Past
) -> float:
    limits = [d.limit_one(_memory(series, d, day), past) for d in family]
    return min((limit for limit in limits if limit is not None), default=math.inf)


def judge_day(
    series: AreaSeries, day: int, families: Families, config: SeriesConfig
) -> Risen | None:
    """Return what the detectors say about `day`, or None where it is no surge."""
    count = count_on(series, day)
    if count < least_of(series, day, config):
        return None
    _learn_before(series, day, families, config)
    alarms = _alarms(series, day, count, families)
    if len({position for position, _, _ in alarms}) < config.agree_min:
        return None
    limit = limit_of(series, day, families, config)
    return Risen(day, count, _usual(alarms), limit, tuple(name for _, name, _ in alarms))


def expected_at(series: AreaSeries, day: int, limit: float, families: Families) -> float:
    """Return the usual count of a day as a verdict at its `limit` would give it.

    To be asked after `limit_of`, with the finite limit it gave.
    """
    return _usual(_alarms(series, day, int(limit), families))


def _alarms(
    series: AreaSeries, day: int, count: int, families: Families
) -> list[tuple[int, str, float]]:
    """Return who would alarm at a count: place of the family, name, the usual count."""
    past = _past(series, day)
    alarms: list[tuple[int, str, float]] = []
    for position, family in enumerate(families):
        for detector in family:
            score = detector.score_one(_memory(series, detector, day), past, count)
            if score is not None and score.alarm:
                alarms.append((position, detector.name, score.expected))
    return alarms


def _usual(alarms: Sequence[tuple[int, str, float]]) -> float:
    return sorted(expected for _, _, expected in alarms)[len(alarms) // 2]


def _past(series: AreaSeries, day: int) -> Past:
    kept = len(series.counts) - 1 - (series.day - day)
    return Past(day, series.counts[:kept])


def _memory(series: AreaSeries, detector: AreaDetector, day: int) -> Memory:
    """Return a detector's memory as of the day before `day`, open days folded in."""
    memory = series.memory.get(detector.name)
    if memory is None:
        return detector.start()
    for open_day in range(series.learned_day + 1, day):
        memory = detector.learn_one(memory, _past(series, open_day), count_on(series, open_day))
    return memory


def _learn_before(
    series: AreaSeries, judged: int, families: Families, config: SeriesConfig
) -> None:
    """Let the detectors learn the days that can no longer change, before they judge a day.

    What is remembered is a fold over the counts from an anchor that the judged day alone decides,
    so neither the order of arrival nor how often a day was judged leaves a trace. The anchor moves
    on by blocks; most series are quiet and are asked about once in many weeks, and learning their
    zeros day by day would cost more than all else.
    """
    final = judged - 2 - config.lateness_days
    block = judged // config.block_days
    kept_since = series.day - len(series.counts) + 1
    first = max(kept_since, block * config.block_days - config.warm_days)
    remembering = [d for d in chain.from_iterable(families) if d.start()]
    same_block = (series.learned_day + 2 + config.lateness_days) // config.block_days == block
    known = set(series.memory) == {detector.name for detector in remembering}
    if not (same_block and known and series.learned_day >= first - 1):
        series.memory = {detector.name: detector.start() for detector in remembering}
        series.learned_day = first - 1
    for day in range(series.learned_day + 1, final + 1):
        past, count = _past(series, day), count_on(series, day)
        for detector in remembering:
            series.memory[detector.name] = detector.learn_one(
                series.memory[detector.name], past, count
            )
        series.learned_day = day
