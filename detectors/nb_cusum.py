"""Negative-binomial CUSUM: has the count risen by a factor, a little every day, for some days?

A chart of one day at a time misses a rise that is small each day. This one adds up the evidence,
as log-likelihood ratios of "risen by `rise`" against "as usual", and forgets it when it turns.

Rules: the memory is [S], the evidence so far. The usual count comes from `past.counts` alone
(`detectors.usual`). S returns to 0 after an alarm: the next alarm then needs evidence of its own.
The increments are those of `glrnb` in R surveillance 1.20.3 with a known `theta` = ln(rise), given
the same mean and dispersion; the tests compare them.

Sources: Page (1954), Biometrika 41:100-115 (the chart); Höhle and Paul (2008), Computational
Statistics and Data Analysis 52:4357-4368, doi:10.1016/j.csda.2008.02.015 (for negative-binomial
counts); Lorden (1971), Annals of Mathematical Statistics 42:1897-1908 (the threshold).
"""

from dataclasses import dataclass, field
from math import floor, inf, log, log1p

from detectors.base import AreaScore, Memory, Past
from detectors.usual import Baseline, Usual


@dataclass(frozen=True, slots=True)
class NbCusum:
    """CUSUM of log-likelihood ratios; the unit of its statistic is nats of evidence.

    For a usual mean m and dispersion d, a count x adds `slope * x + offset` to S, with
    `slope = ln(rise (1 + d m) / (1 + rise d m))` and
    `offset = -ln((1 + rise d m) / (1 + d m)) / d`; for d = 0 (Poisson) these are `ln(rise)` and
    `-(rise - 1) m`. The statistic is `max(0, S + slope * x + offset)`, the threshold ln(1 / alpha).

    The threshold: with the usual distribution known, the mean number of days to a false alarm is at
    least e^h = 1 / alpha (Lorden 1971, theorem 2, for identically distributed days). It holds for
    days that differ too: R_n = (1 + R_{n-1}) L_n, with L_n the likelihood ratio of day n, is never
    below e^{S_n}, and R_n - n is a martingale, so its first passage above e^h takes e^h days or
    more on average. Here the usual distribution is estimated, and the guarantee is approximate.

    Args:
        alpha: false-alarm probability per series and day, between 0 and 1.
        rise: the factor to be found, above 1.
        mean_min: least usual count a day, above 0. One report never alarms while
            `ln(rise) < ln(1 / alpha)`, so at `rise` 2 for every `alpha` below 0.5.
        weekday_shape: shape of the gamma prior (mean 1) of each day-of-week factor; about the
            number of reports on such days at which data and prior weigh the same.
        lag: most recent days that the baseline leaves out, 0 to 6.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    rise: float = 2.0
    mean_min: float = 0.05
    weekday_shape: float = 8.0
    lag: int = 2
    _baseline: Baseline = field(init=False, repr=False)
    _threshold: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        if not 1 < self.rise < inf:
            raise ValueError(f"rise must be finite and above 1, it is {self.rise}")
        baseline = Baseline(self.mean_min, self.weekday_shape, self.lag).checked()
        object.__setattr__(self, "_baseline", baseline)
        object.__setattr__(self, "_threshold", -log(self.alpha))  # derived; the class is frozen

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "nb_cusum"

    def start(self) -> Memory:
        """Return [S] without evidence."""
        return [0.0]

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return [S] after the day; as it was while too few days are known.

        Raises ValueError for a count below 0 or not a number, which would stay in S for ever.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        if count == 0 and memory[0] == 0.0:
            return [0.0]  # no report can only lower S, whatever is usual
        usual = self._baseline.usual(past)
        if usual is None:
            return memory.copy()
        slope, offset = self._evidence(usual)
        evidence = memory[0] + (slope * count + offset)
        return [evidence if 0.0 < evidence <= self._threshold else 0.0]

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 3 weeks and `lag` days known."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        slope, offset = self._evidence(usual)
        evidence = memory[0] + (slope * count + offset)
        return AreaScore(max(0.0, evidence), self._threshold, usual.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, in closed form; None as `score_one`."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        slope, offset = self._evidence(usual)
        evidence, threshold = memory[0], self._threshold
        limit = max(1, floor((threshold - evidence - offset) / slope) + 1)
        # The quotient is rounded differently from the statistic: settle ties as `score_one` does.
        while limit > 1 and evidence + (slope * (limit - 1) + offset) > threshold:
            limit -= 1
        while not evidence + (slope * limit + offset) > threshold:
            limit += 1
        return limit

    def _evidence(self, usual: Usual) -> tuple[float, float]:
        """Return slope and offset of the log-likelihood ratio of one count."""
        mean, dispersion = usual
        more = self.rise - 1.0
        if dispersion == 0.0:
            return log(self.rise), -more * mean
        spread = dispersion * mean
        slope = log1p(more / (1.0 + self.rise * spread))
        return slope, -log1p(more * spread / (1.0 + spread)) / dispersion
