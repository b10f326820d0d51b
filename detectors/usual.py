"""The usual day from eight weeks of counts: mean with a day-of-week factor, and dispersion.

Rules: stateless. The baseline is whole weeks, at most 8, without the most recent `lag` days, so
that a building surge does not teach its own baseline. Counts are whole numbers of 0 or more, which
the owner of the series guarantees.

Source: moments of the negative binomial; the factor is a gamma belief of mean 1, as in
`detectors.gamma_poisson`.
"""

from math import inf
from operator import mul
from typing import NamedTuple

from detectors.base import Past

WEEK = 7
BASELINE_WEEKS_MAX = 8
BASELINE_WEEKS_MIN = 3


class Usual(NamedTuple):
    """The in-control day: `mean` count, and `dispersion` d, where variance = mean + d mean^2."""

    mean: float
    dispersion: float


class Baseline(NamedTuple):
    """How the usual day is found.

    `mean_min`: least usual count a day, above 0. `weekday_shape`: shape of the gamma prior (mean 1)
    of each day-of-week factor; about the number of reports on such days at which data and prior
    weigh the same. `lag`: most recent days that the baseline leaves out, 0 to 6.
    """

    mean_min: float
    weekday_shape: float
    lag: int

    def checked(self) -> "Baseline":
        """Return itself. Raises ValueError if a setting is out of its range."""
        if not 0 < self.mean_min < inf:
            raise ValueError(f"mean_min must be finite and above 0, it is {self.mean_min}")
        if not 0 < self.weekday_shape < inf:
            raise ValueError(f"weekday_shape must be above 0, it is {self.weekday_shape}")
        if not 0 <= self.lag < WEEK:
            raise ValueError(f"lag must be 0 to 6 days, it is {self.lag}")
        return self

    def usual(self, past: Past) -> Usual | None:
        """Return the usual distribution of the day `past.day`, None with too few days known."""
        end = len(past.counts) - self.lag
        weeks = min(BASELINE_WEEKS_MAX, end // WEEK)
        if weeks < BASELINE_WEEKS_MIN:
            return None
        days = weeks * WEEK
        baseline = past.counts[end - days : end]
        total = sum(baseline)
        mean = total / days
        if mean <= self.mean_min:
            return Usual(self.mean_min, 0.0)
        sums = [sum(baseline[weekday::WEEK]) for weekday in range(WEEK)]
        # Spread within each weekday: a regular week is no over-dispersion. Whole numbers: exact.
        within = sum(map(mul, baseline, baseline)) - sum(map(mul, sums, sums)) / weeks
        variance = within / (days - WEEK)
        squared_mean = (sum(map(mul, sums, sums)) / weeks - variance * WEEK) / days
        excess = max(0.0, variance - mean)
        dispersion = excess / max(squared_mean, mean * mean)
        # Over-dispersed reports say less about a weekday: they weigh as fewer reports.
        weight = weeks * mean / (1.0 + excess / mean)
        ratio = sums[self.lag] / (weeks * mean)  # `lag` days after the baseline comes its weekday
        shape = self.weekday_shape
        factor = (shape + weight * ratio) / (shape + weight)
        return Usual(max(self.mean_min, mean * factor), dispersion)
