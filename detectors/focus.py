"""Poisson-FOCuS: has the count risen, by whatever factor, at any time since it was last usual?

What a GLR chart finds over a window, this finds over all of the past, with the few onsets that can
still be the best: those between stretches of ever higher excess. A new day joins the last stretch
as long as that was higher, so keeping them costs one merge a day on average.

Rules: the memory is (cases, usual cases) of at most 12 stretches, newest last, 0 where there is
none; if there are more, the two oldest become one. It is emptied after an alarm. Counts are quasi-
Poisson: cases and mean of a day are divided by its variance over mean. The usual day comes from
`past.counts` alone (`detectors.usual`).

Source: Ward, Dilillo, Eckley and Fearnhead (2024), Poisson-FOCuS, Journal of the American
Statistical Association 119:2592-2604, doi:10.1080/01621459.2023.2235059. Written from the paper:
its quadratic curves are kept here as the stretches between them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import NamedTuple

from detectors.base import AreaScore, Memory, Past
from detectors.usual import Baseline, Usual

STRETCHES_MAX = 12
_PLACES = 2


class Stretch(NamedTuple):
    """Some days on end: what was counted and what was usual, above 0."""

    cases: float
    usual: float


def extended(stretches: Sequence[Stretch], day: Stretch, rise_min: float) -> list[Stretch]:
    """Return the stretches after a day: of ever higher excess, the first one worth keeping.

    Args:
        stretches: as this function left them, oldest first.
        day: the new day.
        rise_min: least factor of a rise that is looked for, above 1.
    """
    kept = list(stretches)
    while kept and kept[-1].cases * day.usual >= day.cases * kept[-1].usual:
        before = kept.pop()
        day = Stretch(before.cases + day.cases, before.usual + day.usual)
    # Days that no factor of `rise_min` or more explains better than "as usual" begin no rise.
    if kept or day.cases * log(rise_min) > day.usual * (rise_min - 1.0):
        kept.append(day)
    if len(kept) > STRETCHES_MAX:
        first, second = kept[:2]
        kept[:2] = [Stretch(first.cases + second.cases, first.usual + second.usual)]
    return kept


def evidence(stretches: Iterable[Stretch], rise_min: float) -> float:
    """Return the greatest log-likelihood ratio of a rise since the start of a stretch, in nats."""
    most = cases = usual = 0.0
    for stretch in reversed(tuple(stretches)):
        cases, usual = cases + stretch.cases, usual + stretch.usual
        rise = max(cases / usual, rise_min)
        most = max(most, cases * log(rise) - (rise - 1.0) * usual)
    return most


@dataclass(frozen=True, slots=True)
class Focus:
    """Poisson-FOCuS; the unit of its statistic is nats of evidence.

    The statistic is the maximum, over onset and factor, of the log-likelihood ratio of a rise that
    lasts to today; the threshold is ln(1 / alpha). No bound holds for a fitted factor; on simulated
    clean counts of mean 0.2 to 20, Poisson or over-dispersed, 0.2 to 0.7 % of days alarm at `alpha`
    0.01. Calibrate it on clean history where a rate must be met. Cost: about 25 µs a day.

    Args:
        alpha: nominal false-alarm probability per series and day, between 0 and 1.
        rise_min: least factor that is looked for, above 1: what is usual is estimated, and an error
            of a few hundredths must not add up for ever.
        mean_min: least usual count a day, above 0. At 0.05 one report alone is 2.05 nats.
        weekday_shape: as in `detectors.usual`.
        lag: as in `detectors.usual`.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float
    rise_min: float = 1.25
    mean_min: float = 0.05
    weekday_shape: float = 8.0
    lag: int = 2
    _baseline: Baseline = field(init=False, repr=False)
    _threshold: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, it is {self.alpha}")
        if not 1 < self.rise_min < inf:
            raise ValueError(f"rise_min must be finite and above 1, it is {self.rise_min}")
        baseline = Baseline(self.mean_min, self.weekday_shape, self.lag).checked()
        object.__setattr__(self, "_baseline", baseline)  # derived; the class is frozen
        object.__setattr__(self, "_threshold", -log(self.alpha))

    @property
    def name(self) -> str:
        """The name in the registry."""
        return "focus"

    def start(self) -> Memory:
        """Return the memory without a stretch."""
        return [0.0] * (_PLACES * STRETCHES_MAX)

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return the stretches after the day; none after an alarm, as before while days are few.

        Raises ValueError for a count below 0 or not a number, which would stay.
        """
        if not 0 <= count < inf:
            raise ValueError(f"a daily count is 0 or more, not {count}")
        usual = self._baseline.usual(past)
        if usual is None:
            return memory.copy()
        stretches = self._after(memory, usual, count)
        if evidence(stretches, self.rise_min) > self._threshold:
            return self.start()
        known = [figure for stretch in stretches for figure in stretch]
        return [0.0] * (_PLACES * STRETCHES_MAX - len(known)) + known

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count`; None with fewer than 3 weeks and `lag` days known."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        bound = max(self._threshold, self._evidence(memory, usual, 0))
        return AreaScore(self._evidence(memory, usual, count), bound, usual.mean)

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the least count that alarms, by search; None as `score_one`."""
        usual = self._baseline.usual(past)
        if usual is None:
            return None
        bound = max(self._threshold, self._evidence(memory, usual, 0))
        low, high = 0, 1 + int(2 * usual.mean)
        while not self._evidence(memory, usual, high) > bound:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if self._evidence(memory, usual, middle) > bound:
                high = middle
            else:
                low = middle
        return high

    def _evidence(self, memory: Memory, usual: Usual, count: int) -> float:
        return evidence(self._after(memory, usual, count), self.rise_min)

    def _after(self, memory: Memory, usual: Usual, count: int) -> list[Stretch]:
        spread = 1.0 + usual.dispersion * usual.mean
        known = [
            Stretch(*memory[place : place + _PLACES])
            for place in range(0, len(memory), _PLACES)
            if memory[place + 1]
        ]
        return extended(known, Stretch(count / spread, usual.mean / spread), self.rise_min)
