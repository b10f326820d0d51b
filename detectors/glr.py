"""Negative-binomial GLR: has the count risen, by whatever factor, some time in the last two weeks?

A CUSUM is told by what factor to look; the generalised likelihood ratio finds factor and onset that
explain the last days best, so that a jump of one day and a slow rise of ten are both seen.

Rules: the memory is what is known of each day of the window, newest last: its count, usual mean and
usual dispersion (a mean of 0 where no day is known). It is emptied after an alarm: the next alarm
then needs evidence of its own. The usual day comes from `past.counts` alone (`detectors.usual`).
The figures are those of `glrnb` in R surveillance 1.20.3 with M = `window` - 1 and a change in the
intercept, given the same means and dispersion; the tests compare them.

Source: Höhle and Paul (2008), Computational Statistics and Data Analysis 52:4357-4368,
doi:10.1016/j.csda.2008.02.015.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log, log1p
from typing import NamedTuple

from detectors.base import AreaScore, Memory, Past
from detectors.usual import Baseline

_PLACES = 3
_PRECISION = 1e-9
_STEPS_MAX = 100
_LOG_RISE_MAX = 50.0


class Day(NamedTuple):
    """A day that was counted, and what was usual: variance = mean + dispersion mean^2."""

    cases: float
    mean: float
    dispersion: float


def likelihood_ratio(days: Sequence[Day], log_rise: float) -> float:
    """Return the log-likelihood ratio of "risen by e^log_rise on all these days", in nats."""
    rise, total = exp(log_rise), 0.0
    for count, mean, dispersion in days:
        if dispersion == 0.0:
            total += log_rise * count - (rise - 1.0) * mean
            continue
        spread = dispersion * mean
        growth = log1p((rise - 1.0) * spread / (1.0 + spread))
        total += log_rise * count - (count + 1.0 / dispersion) * growth
    return total


def glr(days: Sequence[Day]) -> float:
    """Return the greatest log-likelihood ratio of a rise that lasts from any of the days to now.

    Args:
        days: what was counted, oldest first, today last; usual means above 0.

    Returns:
        The maximum over the first day of the rise and over its factor, 1 or more; 0 or more, in
        nats. O(n) for Poisson days, O(n^2) a step of Newton's else.
    """
    return max(_ratios(days), default=0.0)


def _ratios(days: Sequence[Day]) -> Iterator[float]:
    cases = usual = log_rise = 0.0
    poisson = True
    for first in range(len(days) - 1, -1, -1):
        count, mean, dispersion = days[first]
        cases, usual = cases + count, usual + mean
        poisson = poisson and dispersion == 0.0
        if poisson:
            yield cases * log(cases / usual) - (cases - usual) if cases > usual else 0.0
        else:
            log_rise = _likeliest(days[first:], log_rise)
            yield likelihood_ratio(days[first:], log_rise)


def _slope(days: Sequence[Day], log_rise: float) -> tuple[float, float]:
    """Return the score of the log rise, and its information."""
    rise, score, information = exp(log_rise), 0.0, 0.0
    for count, mean, dispersion in days:
        risen = rise * mean
        spread = 1.0 + dispersion * risen
        score += (count - risen) / spread
        information += risen * (1.0 + dispersion * count) / (spread * spread)
    return score, information


def _likeliest(days: Sequence[Day], start: float) -> float:
    """Return the log rise of greatest likelihood, 0 or more: Newton, kept in a bracket."""
    low, high = 0.0, _LOG_RISE_MAX
    if _slope(days, low)[0] <= 0.0:
        return 0.0
    log_rise = min(max(start, low), high)
    for _ in range(_STEPS_MAX):
        score, information = _slope(days, log_rise)
        low, high = (log_rise, high) if score > 0.0 else (low, log_rise)
        step = log_rise + score / information if information > 0.0 else high
        following = step if low < step < high else 0.5 * (low + high)
        if abs(following - log_rise) < _PRECISION:
            return following
        log_rise = following
    return log_rise


@dataclass(frozen=True, slots=True)
class NbGlr:
    """GLR chart; the unit of its statistic is nats of evidence.

    The statistic is `glr` of the last `window` days, the threshold ln(1 / alpha). No bound
    holds for a fitted factor; on simulated clean counts of mean 0.2 to 20, Poisson or over-
    dispersed, 0.2 to 0.6 % of days alarm at `alpha` 0.01. Calibrate it on clean history where a
    rate must be met. Cost: about 0.2 ms a day.

    Args:
        alpha: nominal false-alarm probability per series and day, between 0 and 1.
        window: days that a rise may have lasted, 1 to 20.
        mean_min: least usual count a day, above 0. At 0.05 one report alone is 2.05 nats.
        weekday_shape: as in `detectors.usual`.
        lag: as in `detectors.usual`.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    window: int = 14
    mean_min: float = 0.05
    weekday_shape: float = 8.0
    lag: int = 2
    _baseline: Baseline = field(init=False, repr=False)
    _threshold: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        if not 1 <= self.window <= 20:  # noqa: PLR2004  # 60 floats, what a memory may have
            raise ValueError(f"window must be 1 to 20 days, it is {self.window}")
        baseline = Baseline(self.mean_min, self.weekday_shape, self.lag).checked()
        object.__setattr__(self, "_baseline", baseline)  # derived; the class is frozen
        object.__setattr__(self, "_threshold", -log(self.alpha))

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "nb_glr"

    def start(self) -> Memory:
        """Return an empty window."""
        return [0.0] * (_PLACES * (self.window - 1))

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return the window after the day; empty after an alarm, as it was while days are too few.

        Raises ValueError for a count below 0 or not a number, which would stay for a window.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        usual = self._baseline.usual(past)
        if usual is None:
            return memory.copy()
        today = Day(float(count), *usual)
        if glr([*_known(memory), today]) > self._threshold:
            return self.start()
        return [*memory[_PLACES:], *today] if memory else []

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 3 weeks and `lag` days known."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        days = _known(memory)
        return AreaScore(
            glr([*days, Day(float(count), *usual)]), self._bound(days, usual), usual.mean
        )

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, by search; None as `score_one`."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        days = _known(memory)
        bound = self._bound(days, usual)
        low, high = 0, 1 + int(2 * usual.mean)
        while not glr([*days, Day(float(high), *usual)]) > bound:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if glr([*days, Day(float(middle), *usual)]) > bound:
                high = middle
            else:
                low = middle
        return high

    def _bound(self, days: list[Day], usual: Sequence[float]) -> float:
        """Return the threshold, or what a day without a report has where that is greater."""
        return max(self._threshold, glr([*days, Day(0.0, *usual)]))


def _known(memory: Memory) -> list[Day]:
    """Return the days of the window that are known, oldest first."""
    days = (Day(*memory[place : place + _PLACES]) for place in range(0, len(memory), _PLACES))
    return [day for day in days if 0.0 < day.mean < inf]
