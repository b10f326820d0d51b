"""Farrington flexible: is this week above what the same weeks of the last years lead one to expect?

The method of the public-health agencies: a quasi-Poisson regression on five years of weeks, with a
factor for ten seasons of the year and a trend, earlier outbreaks weighted down, and a bound from
the negative binomial with the fitted mean and dispersion.

Rules: weekly. The memory is the counts of the last weeks, oldest first, -1 where none was learned;
`past.counts` is not used. Every fit starts anew, from the counts alone, so equal counts give equal
bounds. Figures are those of `farringtonFlexible` in R surveillance 1.20.3 with the setting of
Noufaily: trend=TRUE, pThresholdTrend=1, reweight=TRUE, thresholdMethod="nbPlugin"; the tests
compare them. It is R's iteration that is repeated: a season without a case has no finite estimate
in either, and the two must stop at the same step.

Sources: Noufaily et al. (2013), Statistics in Medicine 32:1206-1222, doi:10.1002/sim.5595;
Farrington et al. (1996), Journal of the Royal Statistical Society A 159:547-563; Salmon, Schumacher
and Höhle (2016), Journal of Statistical Software 70(10), doi:10.18637/jss.v070.i10.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from math import exp, inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.base import AreaScore, Memory, Past
from detectors.gamma_poisson import Predicted, log_tail

Floats = NDArray[np.float64]

WEEK = 7
WEEKS_A_YEAR = 52
YEARS_OF_TREND = 3
_UNKNOWN = -1.0
_NO_CASE_MEAN = 1e-9
"""A baseline without a case has no estimate and R no answer; here it leaves `cases_min` to say."""
_STEPS_MAX = 25
_PRECISION = 1e-8
_PHI_POISSON = 1.0 + 1e-6
"""The least dispersion of the bound: nearer to Poisson the size eats up the digits of its tail."""


class Bound(NamedTuple):
    """What a baseline says of a week: mean, variance over mean (at least 1), and upper bound."""

    mean: float
    phi: float
    upper: int


class _Fit(NamedTuple):
    """A quasi-Poisson regression, as `glm` leaves it."""

    coefficients: Floats
    means: Floats
    phi: float
    leverage: Floats
    converged: bool


@dataclass(frozen=True, slots=True)
class Farrington:
    """The bound of a week's count; the unit of its statistic is cases.

    The count is above the bound when it is above the upper `alpha` point of a negative binomial
    with mean mu and variance phi mu (Poisson at phi 1). mu and phi are fitted to the last `years`
    years without the latest `guard` weeks: by ln mu = season + trend, seasons being the weeks
    within `half_window` of this week of the year, and `seasons` - 1 equal parts of the rest. Weeks
    whose scaled Anscombe residual s is above `outlier` get a second look with weight s^-2. The
    trend is left out if it would lift mu above all counts of the baseline.

    Cost: 2 to 4 regressions a week, about 5 ms, and `years` x 52 floats of memory. That is for one
    judgement a week and series, not for one an event.

    Args:
        alpha: false-alarm probability per series and week, between 0 and 1.
        years: years of the baseline, 3 to 10.
        half_window: weeks on either side of this week of the year, 1 to 12.
        seasons: levels of the season, 2 to 20.
        guard: latest weeks that are no baseline, `half_window` to 51.
        outlier: residuals above it are weighted down, above 0.
        cases_min: no alarm with fewer cases in the last 4 weeks. R's default is 5; Noufaily's
            setting is 0, at which one case after five silent years alarms.
        calendar: weeks of earlier years are found by date, as R does for series with dates;
            otherwise 52 weeks are a year.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    years: int = 5
    half_window: int = 3
    seasons: int = 10
    guard: int = 26
    outlier: float = 2.58
    cases_min: int = 5
    calendar: bool = True
    _weeks: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        for setting, least, most in (
            ("years", YEARS_OF_TREND, 10),
            ("half_window", 1, 12),
            ("seasons", 2, 20),
            ("guard", self.half_window, 51),
            ("cases_min", 0, 1_000_000),
        ):
            value = getattr(self, setting)
            if not least <= value <= most:
                raise ValueError(f"{setting} must be {least} to {most}, it is {value}")
        if not 0 < self.outlier < inf:
            raise ValueError(f"outlier must be finite and above 0, it is {self.outlier}")
        longest = self.years * WEEKS_A_YEAR + self.half_window
        # Ten calendar years have at most 2 weeks more than 52 a year for each 8 years begun, and 1.
        extra = 1 + self.years // 5 if self.calendar else 0
        object.__setattr__(self, "_weeks", longest + extra)

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "farrington"

    def start(self) -> Memory:
        """Return the memory without a week."""
        return [_UNKNOWN] * self._weeks

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:  # noqa: ARG002  # the contract; the memory has all
        """Return the last weeks, 264 floats by default.

        Raises ValueError for a count below 0 or not a number.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a weekly count is 0 or more, and finite, not {count}")
        return [*memory[1:], float(count)]

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with too few weeks known, or if no regression converges."""
        bound = self.bound(memory, past.day)
        if bound is None:
            return None
        return AreaScore(float(count), float(self._threshold(memory, bound)), bound.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms; None as `score_one`."""
        bound = self.bound(memory, past.day)
        return None if bound is None else self._threshold(memory, bound) + 1

    def _threshold(self, memory: Memory, bound: Bound) -> int:
        return max(bound.upper, self.cases_min - 1 - int(sum(memory[-3:])))

    def bound(self, memory: Memory, day: int) -> Bound | None:
        """Return what the weeks in the memory say of the week that begins on `day`."""
        season = self._seasons(day)
        ages = [age for age in range(len(season) - 1, self.guard, -1) if season[age]]
        if len(season) - 1 > len(memory) or memory[-len(season) + 1] == _UNKNOWN:
            return None
        counts = np.array([memory[-age] for age in ages])
        groups = np.array([season[age] for age in ages])
        weeks = -np.array(ages, dtype=float)
        predicted = _predict(counts, groups, weeks, self.seasons, self.outlier)
        if predicted is None:
            return None
        mean, phi = predicted
        return Bound(mean, phi, _upper(mean, phi, self.alpha))

    def _seasons(self, day: int) -> list[int]:
        """Return the season of a week by its age in weeks: `seasons` is that of this week."""
        now, wide = self.seasons, self.half_window
        ages = self._anniversaries(day)
        season = [0] * (ages[-1] + wide + 1)
        for later, age in pairwise(ages):
            season[age - wide : age + wide + 1] = [now] * (2 * wide + 1)
            part, rest = divmod(age - later - 2 * wide - 1, now - 1)
            week = age - wide - 1
            for number in range(1, now):
                for _ in range(part + (number <= rest)):
                    season[week] = number
                    week -= 1
        return season

    def _anniversaries(self, day: int) -> list[int]:
        """Return the ages in weeks of this week and of those a year or more ago, newest first."""
        if not self.calendar:
            return [WEEKS_A_YEAR * year for year in range(self.years + 1)]
        return [_weeks_since(date.fromordinal(day), year) for year in range(self.years + 1)]


def _weeks_since(day: date, years: int) -> int:
    """Return the whole weeks from nearest the date some years ago; R goes from 29 Feb to 1 March.

    R moves a date to this weekday: in the date's own week (Sunday first) or the week next to it,
    whichever is nearer.
    """
    leap = (day.month, day.day) == (2, 29)
    then = date(day.year - years, 3, 1) if leap and years else day.replace(year=day.year - years)
    if leap and years and years % 4 == 0:
        then = day.replace(year=day.year - years)
    in_week = then - timedelta(days=then.isoweekday() % WEEK - day.isoweekday() % WEEK)
    other = in_week + timedelta(days=-WEEK if in_week > then else WEEK)
    nearest = in_week if abs(in_week - then) <= abs(other - then) else other
    return (day - nearest).days // WEEK


def _predict(
    counts: Floats, groups: NDArray[np.int64], weeks: Floats, now: int, outlier: float
) -> tuple[float, float] | None:
    """Return mean and phi of week 0 in season `now`; None if no regression converges."""
    if not counts.any():
        return _NO_CASE_MEAN, 1.0
    levels = sorted({*groups.tolist()})
    flags = np.array([[float(group == level) for level in levels[1:]] for group in groups])
    plain = np.hstack([np.ones((len(counts), 1)), flags])
    week_now = [1.0, *(float(level == now) for level in levels[1:])]
    # As R names it the weeks count from the first one; only the zero of the trend depends on it.
    trended = np.insert(plain, 1, weeks, axis=1)
    fit = _reweighted(trended, counts, outlier)
    if fit is not None:
        mean = _mean_at(fit.coefficients, [week_now[0], 0.0, *week_now[1:]])
        if mean <= counts.max():
            return mean, fit.phi
    fit = _reweighted(plain, counts, outlier)
    return None if fit is None else (_mean_at(fit.coefficients, week_now), fit.phi)


def _mean_at(coefficients: Floats, terms: Sequence[float]) -> float:
    return exp(float(np.dot(coefficients, terms)))


def _reweighted(terms: Floats, counts: Floats, outlier: float) -> _Fit | None:
    """Return the second fit, outliers weighted down by the first; None if that did not converge."""
    first = _regress(terms, counts, np.ones(len(counts)))
    if not first.converged:
        return None
    means = first.means
    residual = 1.5 * (counts ** (2 / 3) * means ** (-1 / 6) - means**0.5)
    residual /= np.sqrt(first.phi * (1.0 - first.leverage))
    high = residual > outlier
    weights = np.ones(len(counts))
    weights[high] = residual[high] ** -2
    return _regress(terms, counts, weights * (len(counts) / weights.sum()))


def _regress(terms: Floats, counts: Floats, prior: Floats) -> _Fit:
    """Fit ln mean = terms x coefficients by Fisher scoring, from mean = count + 0.1 as `glm`."""
    means = counts + 0.1
    log_means = np.log(means)
    deviance, converged = _deviance(counts, means, prior), False
    coefficients, weights, basis = np.zeros(terms.shape[1]), means, terms
    for _ in range(_STEPS_MAX):
        weights = prior * means
        root = np.sqrt(weights)
        basis, triangle = np.linalg.qr(root[:, None] * terms)
        working = log_means + (counts - means) / means
        coefficients = np.linalg.solve(triangle, basis.T @ (root * working))
        log_means = terms @ coefficients
        means = np.exp(log_means)
        before, deviance = deviance, _deviance(counts, means, prior)
        if abs(deviance - before) / (abs(deviance) + 0.1) < _PRECISION:
            converged = True
            break
    # Weights of the last step, residuals after it: so has `summary.glm` its dispersion.
    spread = float((weights * ((counts - means) / means) ** 2).sum())
    phi = max(spread / (len(counts) - terms.shape[1]), 1.0)
    return _Fit(coefficients, means, phi, (basis**2).sum(axis=1), converged)


def _deviance(counts: Floats, means: Floats, prior: Floats) -> float:
    ratio = np.where(counts > 0, counts, means) / means
    return 2.0 * float((prior * (counts * np.log(ratio) - (counts - means))).sum())


def _upper(mean: float, phi: float, alpha: float) -> int:
    """Return the least count that a share `alpha` of chance at most is above."""
    size = mean / (max(phi, _PHI_POISSON) - 1.0)
    predicted, log_alpha = Predicted(mean, size), log(alpha)
    low, high = -1, 0
    while log_tail(predicted, high + 1)[0] > log_alpha:
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        if log_tail(predicted, middle + 1)[0] > log_alpha:
            low = middle
        else:
            high = middle
    return high
