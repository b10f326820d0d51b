"""Discounted gamma-Poisson level with day-of-week factors: how surprising is today's count?

The level of a series drifts and its weekdays differ. This detector keeps a gamma belief about the
level that fades over weeks, learns a factor for each day of the week and the over-dispersion over
half a year, and asks how likely a count as high as today's was by its negative-binomial prediction.

Rules: all is learned online and kept in the memory; of `past` only the day of the week is used.
Counts are whole numbers of 0 or more, which the owner of the series guarantees. A day teaches no
more than `teach_sd` standard deviations above its mean, so that a surge does not become the usual.

Sources: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., chapters 6 and
14 (discounting, gamma-Poisson); Press et al. (2007), Numerical Recipes, 3rd ed., section 6.4 (the
incomplete beta function as a continued fraction, by the modified Lentz method).
"""

from dataclasses import dataclass, field
from math import ceil, exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import NamedTuple

from detectors.base import AreaScore, Memory, Past

WEEK = 7
DAYS_MIN = 14
# Places in the memory: days learned (at most DAYS_MIN), shape and rate of the gamma belief, sums
# for the dispersion, then by day of the week the counts and what the level alone expected.
_DAYS, _SHAPE, _RATE, _EXCESS, _SQUARES, _COUNTS = range(6)
_EXPECTED = _COUNTS + WEEK
_LENGTH = _EXPECTED + WEEK

_LEVEL_SHAPE = 0.5
"""Jeffreys' prior of a Poisson mean; it stays while the days fade, so a silent level is not 0."""
_DISPERSION_MIN = 1e-3
_DISPERSION_MAX = 10.0
_SQUARE_MAX = 4.0
"""A squared error teaches at most this many variances, or a surge would hide behind the dispersion
that it teaches itself."""
_SQUARE_SHARE = 0.9205
"""E min(z^2, 4) of a standard normal z: what that bound leaves of a variance."""
_LN_10 = log(10.0)
_PRECISION = 1e-14
_TERMS_MAX = 10_000
_NEWTON_STEPS = 2


class Predicted(NamedTuple):
    """Negative-binomial prediction of a day: variance = mean + mean^2 / size."""

    mean: float
    size: float


@dataclass(frozen=True, slots=True)
class GammaPoisson:
    """Surprise of a count; the unit of its statistic is -log10 of a probability.

    With level ~ Gamma(a, b) and weekday factor f, the prediction has mean f a / b and size
    `1 / (dispersion + 1 / a)`. The statistic is -log10 P(X >= count), the threshold -log10(alpha).
    A day fades the sums by `1 - 1 / memory_days` and adds its count to a and f to b. The factor is
    the mean of a gamma belief of mean 1, fed on that weekday; the dispersion is a ratio of moments
    of one-day-ahead errors, bounded, so it holds what the level misses too. On simulated counts the
    false-alarm rate is below `alpha` where they are few (whole counts) or Poisson, near it at
    dispersion 0.1, and up to twice it at 0.3 to 0.5.

    Args:
        alpha: false-alarm probability per series and day, between 0 and 1. At 0.01 or less, one
            report after weeks without any never alarms (the prior shape 0.5 sees to it).
        memory_days: effective memory of the level, above 1 day.
        pattern_days: effective memory of weekday factors and dispersion, above 7 days.
        weekday_shape: prior shape of a factor; about the number of reports on such days at which
            data and prior weigh the same.
        dispersion: prior dispersion, above 0.
        dispersion_weight: its weight, as a sum of squared daily means.
        teach_sd: standard deviations above its mean, plus one report, that a day can teach.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    memory_days: float = 42.0
    pattern_days: float = 182.0
    weekday_shape: float = 6.0
    dispersion: float = 0.1
    dispersion_weight: float = 10.0
    teach_sd: float = 3.0
    _keep: float = field(init=False, repr=False)
    _keep_pattern: float = field(init=False, repr=False)
    _keep_weekday: float = field(init=False, repr=False)
    _threshold: float = field(init=False, repr=False)
    _z: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        for setting, least in (
            ("memory_days", 1.0),
            ("pattern_days", float(WEEK)),
            ("weekday_shape", 0.0),
            ("dispersion", 0.0),
            ("dispersion_weight", 0.0),
            ("teach_sd", 0.0),
        ):
            value = getattr(self, setting)
            if not least < value < inf:
                raise ValueError(f"{setting} must be finite and above {least}, it is {value}")
        set_once = object.__setattr__  # the way into a frozen dataclass for what is derived
        set_once(self, "_keep", 1.0 - 1.0 / self.memory_days)
        set_once(self, "_keep_pattern", 1.0 - 1.0 / self.pattern_days)
        set_once(self, "_keep_weekday", 1.0 - WEEK / self.pattern_days)
        set_once(self, "_threshold", -log(self.alpha) / _LN_10)
        set_once(self, "_z", -NormalDist().inv_cdf(self.alpha))

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "gamma_poisson"

    def start(self) -> Memory:
        """Return the prior."""
        memory = [0.0] * _LENGTH
        memory[_SHAPE] = _LEVEL_SHAPE
        return memory

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return what is known after the day, 19 floats.

        Raises ValueError for a count below 0 or not a number, which would stay for ever.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        learned = memory.copy()
        weekday = past.day % WEEK
        dispersion = self._dispersion(memory)
        factor = self._factor(memory, weekday, dispersion)
        taught = float(count)
        if memory[_DAYS] < DAYS_MIN:
            learned[_DAYS] += 1.0
        else:
            shape = memory[_SHAPE]
            mean = factor * shape / memory[_RATE]
            variance = mean + mean * mean * (dispersion + 1.0 / shape)
            error = taught - mean
            taught = min(taught, 1.0 + mean + self.teach_sd * sqrt(variance))
            squared = min(error * error, _SQUARE_MAX * variance) / _SQUARE_SHARE
            keep = self._keep_pattern
            learned[_EXCESS] = keep * memory[_EXCESS] + squared - mean
            learned[_SQUARES] = keep * memory[_SQUARES] + mean * mean
        keep = self._keep
        learned[_SHAPE] = keep * memory[_SHAPE] + (1.0 - keep) * _LEVEL_SHAPE + taught
        learned[_RATE] = keep * memory[_RATE] + factor
        keep = self._keep_weekday
        learned[_COUNTS + weekday] = keep * memory[_COUNTS + weekday] + taught
        level = learned[_SHAPE] / learned[_RATE]
        learned[_EXPECTED + weekday] = keep * memory[_EXPECTED + weekday] + level
        return learned

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 14 days learned."""
        predicted = self._predict(memory, past)
        if predicted is None:
            return None
        surprise = -log_tail(predicted, count)[0] / _LN_10
        return AreaScore(surprise, self._threshold, predicted.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, by search on the tail; None as `score_one`."""
        predicted = self._predict(memory, past)
        if predicted is None:
            return None
        guess = self._guess(predicted)
        step = 1
        if self._alarms(predicted, guess):
            high, low = guess, guess - 1
            while self._alarms(predicted, low):
                step *= 2
                high, low = low, max(0, low - step)
        else:
            low, high = guess, guess + 1
            while not self._alarms(predicted, high):
                step *= 2
                low, high = high, high + step
        while high - low > 1:
            middle = (low + high) // 2
            if self._alarms(predicted, middle):
                high = middle
            else:
                low = middle
        return high

    def _alarms(self, predicted: Predicted, count: int) -> bool:
        return -log_tail(predicted, count)[0] / _LN_10 > self._threshold

    def _guess(self, predicted: Predicted) -> int:
        """Return about the limit: a normal quantile corrected for skewness, then Newton's steps."""
        mean, size = predicted
        z, growth = self._z, mean / size
        skewed = (1.0 + 2.0 * growth) * (z * z - 1.0) / 6.0
        guess = max(1.0, mean + z * sqrt(mean * (1.0 + growth)) + skewed)
        for _ in range(_NEWTON_STEPS):
            tail, ratio = log_tail(predicted, ceil(guess))
            step = (tail / _LN_10 + self._threshold) * _LN_10 * ratio
            guess = max(1.0, ceil(guess) + step)
            if -1.0 < step < 1.0:
                break
        return ceil(guess)

    def _predict(self, memory: Memory, past: Past) -> Predicted | None:
        """Return the prediction for the day `past.day`, None with too few days learned."""
        if memory[_DAYS] < DAYS_MIN:
            return None
        shape = memory[_SHAPE]
        dispersion = self._dispersion(memory)
        factor = self._factor(memory, past.day % WEEK, dispersion)
        return Predicted(factor * shape / memory[_RATE], 1.0 / (dispersion + 1.0 / shape))

    def _dispersion(self, memory: Memory) -> float:
        weight = self.dispersion_weight
        found = (memory[_EXCESS] + weight * self.dispersion) / (memory[_SQUARES] + weight)
        return min(max(found, _DISPERSION_MIN), _DISPERSION_MAX)

    def _factor(self, memory: Memory, weekday: int, dispersion: float) -> float:
        """Return the day-of-week factor; over-dispersed reports weigh as fewer."""
        rate = memory[_RATE]
        level = memory[_SHAPE] / rate if rate else 0.0
        prior = self.weekday_shape * (1.0 + dispersion * level)
        return (prior + memory[_COUNTS + weekday]) / (prior + memory[_EXPECTED + weekday])


def log_tail(predicted: Predicted, count: int) -> tuple[float, float]:
    """Return ln P(X >= count) and P(X >= count) / P(X = count) (0 where it is of no use).

    P(X >= k) is the incomplete beta function I_p(k, size), p = mean / (mean + size), whose leading
    factor is P(X = k). Below about the mean it is had from the lower tail, so that no digits are
    lost on either side and a higher count always has a smaller tail.
    """
    if count <= 0:
        return 0.0, 0.0
    mean, size = predicted
    chance = mean / (mean + size)
    odds = mean / size
    log_point = lgamma(count + size) - lgamma(size) - lgamma(count + 1.0)
    log_point += count * log(chance) - size * log1p(odds)
    if chance < (count + 1.0) / (count + size + 2.0):
        ratio = _beta_fraction(float(count), size, chance)
        return log_point + log(ratio), ratio
    lower = _beta_fraction(size, float(count), 1.0 / (1.0 + odds)) * count / size
    return log1p(-exp(log_point + log(lower))), 0.0


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of I_x(a, b), for x < (a + 1) / (a + b + 2)."""
    c = 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    product = d
    for j in range(1, _TERMS_MAX):
        even = a + 2 * j
        term = j * (b - j) * x / ((even - 1.0) * even)
        d = 1.0 / (1.0 + term * d)
        c = 1.0 + term / c
        product *= d * c
        term = -(a + j) * (a + b + j) * x / (even * (even + 1.0))
        d = 1.0 / (1.0 + term * d)
        c = 1.0 + term / c
        change = d * c
        product *= change
        if -_PRECISION < change - 1.0 < _PRECISION:
            break
    return product
