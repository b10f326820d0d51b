"""Weekly surge: what a week should bring, learned online, and the evidence that it brought more.

What is usual follows level, trend and two yearly waves, learned by one step a week (a dynamic
generalised linear model), so that nothing is ever refitted. The evidence is a likelihood ratio:
as usual, against a surge of some size that began this week or last. So a surge of two weeks is seen
as one, and how sure the usual count is counts too: a young series must show more.

Rules: weekly. `past.day` is the first day of the week; `past.counts` is not used. A week that was
never learned is a gap, and no zero. After an alarm the next one needs evidence of its own. More
cases never have less evidence; no case is no alarm.

Sources: West, Harrison and Migon (1985), Journal of the American Statistical Association 80:73-83,
doi:10.1080/01621459.1985.10477131 (the online model: conjugate step, linear Bayes update); the
likelihood ratio averaged over sizes and onsets has mean 1 as long as nothing has changed, so by
Markov's inequality it exceeds 1 / alpha with probability alpha at most (Robbins 1970, Annals of
Mathematical Statistics 41:1397-1409, uses such mixtures).
"""

from dataclasses import dataclass, field
from math import cos, exp, inf, lgamma, log, log1p, pi, sin, sqrt
from typing import NamedTuple

from detectors.base import AreaScore, Memory, Past

WEEKS_MIN = 26
_TERMS = 6
_PAIRS = _TERMS * (_TERMS + 1) // 2
# Places in the memory: weeks learned (at most WEEKS_MIN), first day, squared errors and means for
# the dispersion, last week's day, count, mean and excess, then coefficients and their covariance.
_WEEKS, _FIRST_DAY, _SQUARES, _MEANS, _LAST_DAY, _LAST_COUNT, _LAST_MEAN, _LAST_EXCESS = range(8)
_COEFFICIENTS = 8
_COVARIANCE = _COEFFICIENTS + _TERMS
_LENGTH = _COVARIANCE + _PAIRS

_WEEK = 7
_TREND_DAYS = 728.0
"""The trend is per two years, so that its prior is about as wide as the waves'."""
_PRIOR_SDS = (2.0, 0.15, 0.7, 0.7, 0.35, 0.35)
"""Prior standard deviations, on the log scale: level, trend, first wave, second wave."""
_LOG_MEAN_MAX = 16.0
_PHI_PRIOR, _PHI_WEIGHT = 1.5, 10.0
_PHI_KEEP = 1.0 - 1.0 / 150.0
_SQUARE_MAX, _SQUARE_SHARE = 4.0, 0.9205
"""As in `detectors.gamma_poisson`: a surge must not hide behind the dispersion that it teaches."""
_TEACH_SD = 2.5
_EXCESS_MIN = 1e-4
_SIZES = (1.0, 1.5)
"""Weekly size of a surge, in standard deviations of a usual week: small ones are the hard ones."""
_ONSET_NOW = 0.35
NO_LAST_WEEK = (-inf,) * len(_SIZES)
"""The ratios of a last week that is not known, or was an alarm."""
_STEEP, _STEEP_SHARE = 4.0, 0.05
"""A twentieth of the weight is on a steep rise by a factor: its evidence has no ceiling, that of
added cases has when counts are very over-dispersed."""


class UsualWeek(NamedTuple):
    """The in-control week: `mean`, variance `mean (1 + excess)`, and `sd` at a known mean."""

    mean: float
    excess: float
    sd: float


@dataclass(frozen=True, slots=True)
class WeeklySurge:
    """Evidence for a surge in weekly counts; the unit of its statistic is nats.

    Counts are taken as negative binomial, variance `phi` times the mean, with
    log mean = level + trend + two yearly waves. phi is a ratio of moments of one-week-ahead errors,
    bounded each; the variance of a prediction also has what the coefficients leave open. The ratio
    adds `size * sd` cases a week at the same phi (which keeps it rising in the count), from this
    week (weight 0.35) or from last week (0.65). ln of their mean is the statistic, ln(1 / alpha)
    the threshold, or the statistic of a week without a case where that is greater.

    `alpha` holds for a known usual distribution, and is then rather too strict. Calibrate it on
    clean history where a rate must be met. Cost: about 50 µs a week, whatever the history.

    Args:
        alpha: bound of the false-alarm probability per series and week, between 0 and 1.
        drift: variance that a week adds to the level, on the log scale, 0 or more.
        year_days: length of the waves in days, above 7.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    drift: float = 1e-4
    year_days: float = 365.2425
    _threshold: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        if not 0 <= self.drift < inf:
            raise ValueError(f"drift must be finite and 0 or more, it is {self.drift}")
        if not _WEEK < self.year_days < inf:
            raise ValueError(f"year_days must be finite and above 7, it is {self.year_days}")
        object.__setattr__(self, "_threshold", -log(self.alpha))  # derived; the class is frozen

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "weekly_surge"

    def start(self) -> Memory:
        """Return the prior."""
        memory = [0.0] * _LENGTH
        memory[_SQUARES], memory[_MEANS] = _PHI_PRIOR * _PHI_WEIGHT, _PHI_WEIGHT
        memory[_LAST_DAY] = -1.0
        place = _COVARIANCE
        for row, sd in enumerate(_PRIOR_SDS):
            memory[place] = sd * sd
            place += _TERMS - row
        return memory

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return what is known after the week, 35 floats.

        Raises ValueError for a count below 0 or not a number, which would stay for ever.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a weekly count is 0 or more, and finite, not {count}")
        learned = memory.copy()
        score = self.score_one(memory, past, count)
        alarmed = score is not None and score.alarm
        if memory[_WEEKS] == 0.0:
            learned[_FIRST_DAY] = float(past.day)
        terms = self._terms(learned[_FIRST_DAY], past.day)
        spread, log_mean, variance = _ahead(memory, terms)
        phi = _phi(memory)
        mean, taught = exp(log_mean), float(count)
        if memory[_WEEKS] < WEEKS_MIN:
            learned[_WEEKS] += 1.0
        else:
            expected = phi * mean + variance * mean * mean
            error = taught - mean
            share = min(error * error / expected, _SQUARE_MAX) / _SQUARE_SHARE
            keep, rest = _PHI_KEEP, (1.0 - _PHI_KEEP) * _PHI_WEIGHT
            learned[_SQUARES] = keep * memory[_SQUARES] + rest * _PHI_PRIOR + phi * share
            learned[_MEANS] = keep * memory[_MEANS] + rest + 1.0
            taught = min(taught, 1.0 + mean + _TEACH_SD * sqrt(expected))
        learned[_LAST_DAY] = -1.0 if alarmed else float(past.day)
        learned[_LAST_COUNT] = float(count)
        learned[_LAST_MEAN], learned[_LAST_EXCESS] = mean, _excess(phi, variance, mean)
        _update(learned, spread, variance, mean, taught / phi, 1.0 / phi)
        learned[_COVARIANCE] += self.drift
        return learned

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 26 weeks learned."""
        usual = self.usual(memory, past)
        if usual is None:
            return None
        last = self.last(memory, past, usual)
        threshold = max(self._threshold, evidence(usual, last, 0))
        return AreaScore(evidence(usual, last, count), threshold, usual.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, by search; None as `score_one`."""
        usual = self.usual(memory, past)
        if usual is None:
            return None
        last = self.last(memory, past, usual)
        threshold = max(self._threshold, evidence(usual, last, 0))
        low, high = 0, max(1, round(usual.mean + 3.0 * usual.sd))
        while not evidence(usual, last, high) > threshold:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if evidence(usual, last, middle) > threshold:
                high = middle
            else:
                low = middle
        return high

    def _terms(self, first_day: float, day: int) -> tuple[float, ...]:
        """Return what the coefficients multiply: level, trend, two waves."""
        angle = 2.0 * pi * day / self.year_days
        trend = (day - first_day) / _TREND_DAYS
        return 1.0, trend, cos(angle), sin(angle), cos(2.0 * angle), sin(2.0 * angle)

    def usual(self, memory: Memory, past: Past) -> UsualWeek | None:
        """Return the usual week that begins on `past.day`; None with fewer than 26 weeks."""
        if memory[_WEEKS] < WEEKS_MIN:
            return None
        _, log_mean, variance = _ahead(memory, self._terms(memory[_FIRST_DAY], past.day))
        phi, mean = _phi(memory), exp(log_mean)
        return UsualWeek(mean, _excess(phi, variance, mean), sqrt(phi * mean))

    def last(self, memory: Memory, past: Past, usual: UsualWeek) -> tuple[float, ...]:
        """Return the log-likelihood ratio of last week for each size, -inf if it is not known."""
        if memory[_LAST_DAY] != past.day - _WEEK:
            return NO_LAST_WEEK
        return last_week(usual, memory[_LAST_MEAN], memory[_LAST_EXCESS], memory[_LAST_COUNT])


def _ahead(memory: Memory, terms: tuple[float, ...]) -> tuple[list[float], float, float]:
    """Return covariance times terms, the log mean they predict, and its variance."""
    spread = [0.0] * _TERMS
    place = _COVARIANCE
    for row in range(_TERMS):
        spread[row] += memory[place] * terms[row]
        place += 1
        for column in range(row + 1, _TERMS):
            entry = memory[place]
            spread[row] += entry * terms[column]
            spread[column] += entry * terms[row]
            place += 1
    log_mean = variance = 0.0
    for row, term in enumerate(terms):
        log_mean += memory[_COEFFICIENTS + row] * term
        variance += spread[row] * term
    return spread, min(max(log_mean, -_LOG_MEAN_MAX), _LOG_MEAN_MAX), max(variance, 1e-9)


def _update(
    learned: Memory, spread: list[float], variance: float, mean: float, cases: float, weeks: float
) -> None:
    """Take the conjugate gamma step for the mean, and move all coefficients along with it."""
    shape = 1.0 / variance
    after = shape + cases
    shift = (log(after / (shape / mean + weeks)) - log(mean)) / variance
    shrink = (1.0 - shape / after) / variance
    place = _COVARIANCE
    for row in range(_TERMS):
        learned[_COEFFICIENTS + row] += spread[row] * shift
        for column in range(row, _TERMS):
            learned[place] -= shrink * spread[row] * spread[column]
            place += 1


def _phi(memory: Memory) -> float:
    return max(1.0, memory[_SQUARES] / memory[_MEANS])


def _excess(phi: float, variance: float, mean: float) -> float:
    return max(phi - 1.0 + variance * mean, _EXCESS_MIN)


def added(mean: float, excess: float, more: float, count: float) -> float:
    """Return the log-likelihood ratio of `more` cases added, at the same variance over mean."""
    usual, risen = mean / excess, (mean + more) / excess
    ratio = lgamma(count + risen) - lgamma(count + usual) - lgamma(risen) + lgamma(usual)
    return ratio - (risen - usual) * log1p(excess)


def last_week(usual: UsualWeek, mean: float, excess: float, count: float) -> tuple[float, ...]:
    """Return the ratios of last week (its mean, excess and count), for the sizes of this week."""
    return tuple(added(mean, excess, size * usual.sd, count) for size in _SIZES)


def evidence(usual: UsualWeek, last: tuple[float, ...], count: int) -> float:
    """Return ln of the averaged likelihood ratio of `count`, given `last_week`."""
    mean, excess, sd = usual
    size = mean / excess
    risen = mean + _STEEP * sd
    steep = count * log(risen * (1.0 + 1.0 / excess) / (size + risen))
    steep += log(_STEEP_SHARE) - size * log1p((risen - mean) / (size + mean))
    parts = [steep]
    share = (1.0 - _STEEP_SHARE) / len(_SIZES)
    for more, before in zip(_SIZES, last, strict=True):
        now = added(mean, excess, more * sd, float(count))
        parts += [now + log(share * _ONSET_NOW), now + before + log(share * (1.0 - _ONSET_NOW))]
    most = max(parts)
    return most + log(sum(exp(part - most) for part in parts))
