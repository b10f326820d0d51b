"""EARS C1, C2 and C3: is today above the mean of a week by more than chance?

The Early Aberration Reporting System of the CDC needs a week or two of counts and nothing else, so
it speaks first in a new area. C1 compares with the 7 days before today; C2 leaves the last 2 days
out, so that a surge does not teach its own baseline; C3 adds what the last 2 days were too much.

Rules: stateless, everything comes from `past.counts`, whole numbers of 0 or more, which the owner
of the series guarantees. The figures are those of `earsC` in R surveillance 1.20.3 (`baseline`,
`minSigma`, `alpha`; C1 and C2 by its code, C3 by its manual, see `Ears`). Zero never alarms.

Sources: Fricker, Hegler and Dunfee (2008), Statistics in Medicine 27:3407-3429; Salmon, Schumacher
and Höhle (2016), Journal of Statistical Software 70(10), doi:10.18637/jss.v070.i10.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor, inf, sqrt
from statistics import NormalDist

from detectors.base import AreaScore, Memory, Past

BASELINE_DAYS_MIN = 3
CARRIED_DAYS = 2
_GUARD_DAYS = 2


class Method(StrEnum):
    """Which of the three; the value is the detector's name."""

    C1 = "ears_c1"
    C2 = "ears_c2"
    C3 = "ears_c3"


@dataclass(frozen=True, slots=True)
class Ears:
    """One EARS chart; the unit of its statistic is standard deviations above the mean.

    C1 and C2 alarm when `(count - mean) / sigma > z`, with `sigma` the standard deviation of the
    baseline (divisor n - 1) or `min_sigma` where that is greater, and `z` the upper `alpha` point
    of the standard normal. C3 adds `carried = max(0, C2(t-1) - 1) + max(0, C2(t-2) - 1)` to its C2,
    which is the bound U3 in the manual of `earsC`, `mean + sigma * (z - carried)`. The code of
    `earsC` has today's count in the place of `mean`, so that today's count cannot move its C3; a
    port test gets that figure, `max(0, count + sigma * (z - carried))`, from a C2 and a C3 score.

    `alpha` is nominal: counts are not normal, a baseline of a week is short, and C3 adds up. On
    independent Poisson counts of mean 3 to 10, C1 and C2 alarm on 2 % of days at `alpha` 0.001 and
    on 4.5 % at 0.01, C3 on 5.5 % and 10 %; up to mean 0.2 `min_sigma` keeps all below `alpha`.

    Args:
        method: C1, C2 or C3.
        alpha: false-alarm probability per series and day, between 0 and 1.
        baseline: days of the baseline, at least 3.
        min_sigma: least standard deviation, in counts, above 0. Burkom (manual of `earsC`) advises
            0.5 or 1 for sparse series; at 1 a single report after a week of zeros alarms only if
            `alpha` is above 0.158, at 0.5 if it is above 0.0227.

    Raises:
        ValueError: a setting is out of its range.
    """

    method: Method
    alpha: float
    baseline: int = 7
    min_sigma: float = 1.0
    _z: float = field(init=False, repr=False)
    _guard: int = field(init=False, repr=False)
    _carries: bool = field(init=False, repr=False)
    _days_min: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        if self.baseline < BASELINE_DAYS_MIN:
            raise ValueError(f"a baseline has at least 3 days, not {self.baseline}")
        if not 0 < self.min_sigma < inf:
            raise ValueError(f"min_sigma must be finite and above 0, it is {self.min_sigma}")
        carries = self.method is Method.C3
        guard = 0 if self.method is Method.C1 else _GUARD_DAYS
        set_once = object.__setattr__  # the way into a frozen dataclass for what is derived
        set_once(self, "_z", max(0.0, -NormalDist().inv_cdf(self.alpha)))
        set_once(self, "_guard", guard)
        set_once(self, "_carries", carries)
        set_once(self, "_days_min", self.baseline + guard + CARRIED_DAYS * carries)

    @property
    def name(self) -> str:
        """The name in the registry."""
        return self.method.value

    def start(self) -> Memory:
        """Return the empty memory."""
        return []

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:  # noqa: ARG002  # the contract; EARS is stateless
        """Return the empty memory. Raises ValueError for a count below 0 or not a number."""
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        return []

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:  # noqa: ARG002  # as above
        """Judge `count`; None with fewer than 7 (C1), 9 (C2) or 11 (C3) days known."""
        counts = past.counts
        if len(counts) < self._days_min:
            return None
        mean, sigma = self._usual(counts, len(counts))
        carried = self._carried(counts) if self._carries else 0.0
        statistic = (count - mean) / sigma + carried
        return AreaScore(statistic, self._threshold(mean, sigma, carried), mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:  # noqa: ARG002  # as above
        """Return the least count that alarms, in closed form; None as `score_one`."""
        counts = past.counts
        days = len(counts)
        if days < self._days_min:
            return None
        mean, sigma = self._usual(counts, days)
        carried = self._carried(counts) if self._carries else 0.0
        threshold = self._threshold(mean, sigma, carried)
        limit = floor(mean + sigma * (threshold - carried)) + 1
        # The bound is rounded differently from the statistic: settle ties as `score_one` does.
        while (limit - 1 - mean) / sigma + carried > threshold:
            limit -= 1
        while not (limit - mean) / sigma + carried > threshold:
            limit += 1
        return limit

    def _usual(self, counts: Sequence[int], today: int) -> tuple[float, float]:
        """Return mean and sigma of the baseline of day number `today` (of `counts`)."""
        days = self.baseline
        end = today - self._guard
        total = squares = 0
        for count in counts[end - days : end]:
            total += count
            squares += count * count
        # Sums of whole numbers are exact: no cancellation, whatever the size of the counts.
        sigma = sqrt((days * squares - total * total) / (days * (days - 1)))
        return total / days, max(self.min_sigma, sigma)

    def _carried(self, counts: Sequence[int]) -> float:
        """Return what yesterday and the day before were above 1 in C2."""
        carried = 0.0
        for day in range(len(counts) - CARRIED_DAYS, len(counts)):
            mean, sigma = self._usual(counts, day)
            carried += max(0.0, (counts[day] - mean) / sigma - 1.0)
        return carried

    def _threshold(self, mean: float, sigma: float, carried: float) -> float:
        """Return z, or the statistic of a zero where that is greater: no report, no alarm."""
        none = carried - mean / sigma
        return max(self._z, none)
