"""Counts with a season: what is usual today by level, season, weekday and holiday, and what rises.

The successor of `gamma_poisson`. A day's mean is level x season x weekday x holiday, all learned
online: level and season by a dynamic Poisson regression (`seasonal_level`), weekday and holiday
factors by gamma beliefs. What came above the mean is added up with three memories, of about two,
four and ten days, and the likelihood ratios of the sums against their expectations are judged
together: the short one sees a rise at once, the long one on the days of it when few come.

Rules: of `past` only the day is used. A surge teaches little, so that it does not become the usual;
what lasts for `shift_days` is the usual from then on. On a day that is closed (the weekend or
holiday of a five-day service) nothing is learned of the level and the sums stay. Zero never alarms.

Source: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., chapter 11.
"""

from dataclasses import dataclass, field
from math import inf, log, sqrt
from typing import NamedTuple

from detectors import fading_sums
from detectors.base import AreaScore, Memory, Past
from detectors.fading_sums import Weights, long_score, statistic, threshold_of
from detectors.holidays import NO_HOLIDAYS, WEEK, Holidays
from detectors.seasonal_level import LENGTH, begin, doubt, learn, mean_ahead, variance_ahead

VERSION = 1.0
DAYS_MIN = 14
# Places in the memory: days on end of a high (above 0) or low long sum, whether a holiday waits for
# its next working day, squares and means for the dispersion, the fading sums, then counts and what
# was expected by weekday, on holidays and on working days after one; last the level and season.
_VERSION, _DAYS, _SHIFTED, _WAITING, _SQUARES, _MEANS, _SUMS = range(7)
_COUNTS = _SUMS + fading_sums.LENGTH
_HOLIDAY, _AFTER = WEEK, WEEK + 1
_EXPECTED = _COUNTS + WEEK + 2
_LEVEL = _EXPECTED + WEEK + 2
_LENGTH = _LEVEL + LENGTH

_CLOSED = 0.05
"""A weekday or holiday with less than this share of the usual is closed."""
_MEAN_MIN = 1e-3
_DISPERSION, _DISPERSION_WEIGHT = 1.2, 10.0
"""Prior of variance / mean, and its weight as a sum of means."""
_DISPERSION_MIN, _DISPERSION_MAX = 1.001, 100.0
_ERROR_SD_MAX, _ERROR_MORE, _SQUARE_SHARE = 2.0, 2.0, 0.9205
"""An error teaches the dispersion at most 2 standard deviations and 2 reports; 0.9205 is what the
former leaves of a normal variance, the latter leaves sparse counts their tail."""
_EXCESS_SD_MAX = 8.0
"""A day adds at most this many standard deviations to the sums."""
_TEACH_SD_MIN = 0.5
_SHIFT_SCORE, _SHIFT_VARIANCE = 2.0, 0.25


class _Day(NamedTuple):
    """A day before its count is known."""

    mean: float
    dispersion: float
    variance: float
    """Of the count, with what is doubtful in the day's factor, not in the level."""
    doubt: float
    """Variance of the log of level and season, which all days share."""
    closed: bool
    slot: int
    """Which factor the day teaches: its weekday's, or that of holidays or of days after them."""
    without: float
    """The mean without that factor."""
    waiting: float
    """Whether a holiday waits for its working day, once this day is over."""


@dataclass(frozen=True, slots=True)
class SeasonalGammaPoisson:
    """Three fading sums; the unit of the statistic is that of a squared standard score.

    It is that of `fading_sums.statistic` for a count above 0. The threshold of `alpha` is that of
    independent standard scores (`threshold_of`); counts are neither, so where false alarms are paid
    for, thresholds are set from clean history (`detectors.evidence`).

    Args:
        alpha: false-alarm probability per series and day, between 0 and 1.
        holidays: the calendar; without one, holidays are days like others.
        level_sd: standard deviation of the level's drift a day, in its log, 0 to 1.
        season_sd: prior standard deviation of the first harmonic, in its log, 0 to 10.
        pattern_days: effective memory of weekdays and dispersion, above 7 days.
        weekday_shape: prior weight of a weekday's factor, in reports, above 0.
        short: weight of the short sum, between 0 and 1.
        medium: weight of the one between, between 0 and 1.
        long: weight of the long sum, between 0 and 1.
        teach_sd: standard deviations above its mean, plus one report, that a day can teach; while
            the long sum is above its mean, less by its standard score, down to 0.5.
        shift_days: days on end of a long sum beyond 2 standard scores (to one side) after which the
            level is doubted and the sums begin again, above 1.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    holidays: Holidays = field(default=NO_HOLIDAYS, repr=False)
    level_sd: float = 0.004
    season_sd: float = 0.3
    pattern_days: float = 730.0
    weekday_shape: float = 6.0
    short: float = 0.6
    medium: float = 0.25
    long: float = 0.1
    teach_sd: float = 2.5
    shift_days: float = 28.0
    weights: Weights = field(init=False, repr=False)
    _threshold: float = field(init=False, repr=False)
    _keep: float = field(init=False, repr=False)
    _keep_weekday: float = field(init=False, repr=False)
    _drift: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for setting, least, most in (
            ("alpha", 0.0, 1.0),
            ("level_sd", 0.0, 1.0),
            ("season_sd", 0.0, 10.0),
            ("pattern_days", float(WEEK), inf),
            ("weekday_shape", 0.0, inf),
            ("short", 0.0, 1.0),
            ("medium", 0.0, 1.0),
            ("long", 0.0, 1.0),
            ("teach_sd", _TEACH_SD_MIN, inf),
            ("shift_days", 1.0, inf),
        ):
            value = getattr(self, setting)
            if not least < value < most:
                raise ValueError(f"{setting} must lie between {least} and {most}, it is {value}")
        set_once = object.__setattr__  # the way into a frozen dataclass for what is derived
        weights = Weights(self.short, self.medium, self.long)
        set_once(self, "weights", weights)
        set_once(self, "_threshold", threshold_of(self.alpha, weights))
        set_once(self, "_keep", 1.0 - 1.0 / self.pattern_days)
        set_once(self, "_keep_weekday", 1.0 - WEEK / self.pattern_days)
        set_once(self, "_drift", (self.level_sd**2, (self.level_sd / 16.0) ** 2))

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "seasonal_gamma_poisson"

    def start(self) -> Memory:
        """Return the memory before the first day."""
        memory = [0.0] * _LENGTH
        memory[_VERSION] = VERSION
        return memory

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return what is known after the day, 57 floats.

        Raises ValueError for a count that is none, and for a memory of another version.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        if memory[_DAYS] < DAYS_MIN:
            return self._begin(memory, past.day, count)
        day = self._day(memory, past.day)
        after = memory.copy()
        after[_WAITING] = day.waiting
        sd = sqrt(day.variance + day.mean * day.mean * day.doubt)
        if count or not day.closed:
            self._add(after, past.day, day, min(count - day.mean, _EXCESS_SD_MAX * sd))
        teach = max(self.teach_sd - max(0.0, self._long_score(memory, day)), _TEACH_SD_MIN)
        taught = min(float(count), 1.0 + day.mean + teach * sd)
        slot, keep = day.slot, self._keep_weekday if day.slot < WEEK else 1.0
        after[_COUNTS + slot] = keep * memory[_COUNTS + slot] + taught
        after[_EXPECTED + slot] = keep * memory[_EXPECTED + slot] + day.without
        information = score = 0.0
        if not day.closed:
            information, score = day.mean / day.dispersion, (taught - day.mean) / day.dispersion
            error = min(abs(count - day.mean), _ERROR_SD_MAX * sd + _ERROR_MORE)
            squared = error * error / _SQUARE_SHARE - (sd * sd - day.mean * day.dispersion)
            after[_SQUARES] = self._keep * memory[_SQUARES] + squared
            after[_MEANS] = self._keep * memory[_MEANS] + day.mean
        learn(after, _LEVEL, past.day, information, score, self._drift)
        return after

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 14 days learned."""
        return self.score_part(memory, past, count, 1.0)

    def score_part(self, memory: Memory, past: Past, count: int, share: float) -> AreaScore | None:
        """Judge the `count` so far on a day of which `share` (0 to 1, above 0) has passed.

        `share` is the part of a usual day's reports that has come by now. The statistic has the
        unit and threshold of a whole day. Raises ValueError for another share.
        """
        if not 0.0 < share <= 1.0:
            raise ValueError(f"share must be above 0 and at most 1, it is {share}")
        if memory[_DAYS] < DAYS_MIN:
            return None
        day = self._day(memory, past.day)
        mean = max(day.mean * share, _MEAN_MIN)
        day = day._replace(mean=mean, variance=day.variance * mean / day.mean)
        return AreaScore(self._statistic(memory, day, count), self._threshold, day.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, by search on the statistic; None as `score_one`."""
        if memory[_DAYS] < DAYS_MIN:
            return None
        day = self._day(memory, past.day)
        low, high = 0, max(1, int(day.mean))
        while self._statistic(memory, day, high) <= self._threshold:
            low, high = high, 2 * high + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._statistic(memory, day, middle) > self._threshold:
                high = middle
            else:
                low = middle
        return high

    def _begin(self, memory: Memory, ordinal: int, count: int) -> Memory:
        """Gather the first days; the last of them makes the first guess at everything."""
        after = memory.copy()
        after[_DAYS] += 1.0
        weekday = self.holidays.weekday(ordinal)
        after[_COUNTS + weekday] += count
        after[_EXPECTED + weekday] += 1.0
        if after[_DAYS] == DAYS_MIN:
            total = sum(after[_COUNTS : _COUNTS + WEEK]) + 0.5
            level = total / DAYS_MIN
            for slot in range(_EXPECTED, _EXPECTED + WEEK):
                after[slot] *= level
            variance = self._dispersion(after) / total
            begin(
                after,
                _LEVEL,
                ordinal + 1,
                log_level=log(level),
                variance=variance,
                season_sd=self.season_sd,
            )
        return after

    def _day(self, memory: Memory, ordinal: int) -> _Day:
        """Return what is known of a day beforehand."""
        if memory[_VERSION] != VERSION:
            raise ValueError(f"this memory is of version {memory[_VERSION]}, not {VERSION}")
        base = without = mean_ahead(memory, _LEVEL)
        dispersion = self._dispersion(memory)
        prior = self.weekday_shape * dispersion
        slot = self.holidays.weekday(ordinal)
        known = prior + memory[_EXPECTED + slot]
        factor = (prior + memory[_COUNTS + slot]) / known
        unsure = dispersion / known
        holiday = ordinal in self.holidays.days
        waiting = memory[_WAITING] if factor < _CLOSED else 0.0
        if holiday or (memory[_WAITING] and factor >= _CLOSED):
            slot = _HOLIDAY if holiday else _AFTER
            waiting = float(holiday)
            without *= factor
            known = dispersion + memory[_EXPECTED + slot]
            special = (dispersion + memory[_COUNTS + slot]) / known
            factor *= special
            unsure += dispersion / known
        mean = max(base * factor, _MEAN_MIN)
        variance = mean * (dispersion + mean * min(unsure, 1.0))
        doubt = variance_ahead(memory, _LEVEL)
        return _Day(mean, dispersion, variance, doubt, factor < _CLOSED, slot, without, waiting)

    def _dispersion(self, memory: Memory) -> float:
        """Return variance / mean of the counts, their mean known."""
        found = memory[_SQUARES] + _DISPERSION_WEIGHT * _DISPERSION
        found /= memory[_MEANS] + _DISPERSION_WEIGHT
        return min(max(found, _DISPERSION_MIN), _DISPERSION_MAX)

    def _statistic(self, memory: Memory, day: _Day, count: int) -> float:
        if count == 0:
            return 0.0
        return statistic(
            memory,
            _SUMS,
            self.weights,
            excess=count - day.mean,
            usual=day.variance / day.dispersion,
            dispersion=day.dispersion,
            doubt=day.doubt,
        )

    def _long_score(self, memory: Memory, day: _Day) -> float:
        return long_score(memory, _SUMS, self.weights, day.dispersion, day.doubt)

    def _add(self, after: Memory, ordinal: int, day: _Day, excess: float) -> None:
        """Take a day into the sums; doubt the level once the long one stays away from 0."""
        fading_sums.add(after, _SUMS, self.weights, excess, day.variance / day.dispersion)
        score, days = self._long_score(after, day), after[_SHIFTED]
        if score > _SHIFT_SCORE:
            days = max(days, 0.0) + 1.0
        elif score < -_SHIFT_SCORE:
            days = min(days, 0.0) - 1.0
        else:
            days = 0.0
        if abs(days) >= self.shift_days:
            doubt(after, _LEVEL, ordinal + 1, _SHIFT_VARIANCE)
            after[_SUMS:_COUNTS] = [0.0] * fading_sums.LENGTH
            days = 0.0
        after[_SHIFTED] = days
