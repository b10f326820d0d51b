"""The weekly simulation of Noufaily et al. (2013): 42 kinds of series, with outbreaks put in.

log mu(t) = theta + beta t + sum over j to m of gamma1 cos(a) + gamma2 sin(a), a = 2 pi j t / 52,
for 7 rows of parameters, with and without trend, and m = 0, 1, 2 harmonics. Counts are negative
binomial with mean mu and variance phi mu (Poisson at phi 1), for weeks 1 to 624. Weeks 313 to 575
are the baseline, 576 to 624 the current weeks. An outbreak has Poisson(k sqrt(mu phi)) cases, mu at
its first week, spread over the weeks from there by a lognormal(0, 0.5) delay.

Rules: everything comes from a seed, a span ("tuning" or "test", never the same chance) and the
numbers of scenario and replicate, so that more replicates add to fewer and change none. What the
protocol leaves open is chosen so: the baseline has four outbreaks, with k of 0, 2, 3, 5 or 10 by
turns of the replicate (Bédubourg and Le Strat 2017 took these values); the current weeks have one,
drawn for each k at the same first week, of at least one case (an outbreak without a case is none);
first weeks are drawn so that an outbreak ends within its weeks. Nobody sees weeks before 313.

Sources: Noufaily et al. (2013), Statistics in Medicine 32:1206-1222, doi:10.1002/sim.5595;
Bédubourg and Le Strat (2017), PLoS ONE 12:e0181227, doi:10.1371/journal.pone.0181227.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

THETA = (0.1, -2.0, 1.5, 0.5, 2.5, 3.75, 5.0)
BETA = (0.0025, 0.005, 0.003, 0.002, 0.001, 0.001, 0.0001)
GAMMA_1 = (0.6, 0.1, 0.2, 0.5, 1.0, 0.1, 0.05)
GAMMA_2 = (0.6, 0.3, -0.4, 0.5, 0.1, -0.1, 0.01)
PHI = (1.5, 2.0, 1.0, 5.0, 3.0, 1.1, 1.2)

YEAR = 52
FIRST_WEEK, LAST_WEEK = 313, 624
CURRENT_WEEK = 576
WEEKS = LAST_WEEK - FIRST_WEEK + 1
BASELINE = CURRENT_WEEK - FIRST_WEEK
CURRENT = WEEKS - BASELINE
OUTBREAK_WEEKS = 8
"""The last week that a delay can fall into; a longer one (1 case in 100,000) is drawn again."""
BASELINE_OUTBREAKS = 4
BASELINE_KS = (0, 2, 3, 5, 10)
KS = tuple(range(1, 11))
SPANS = ("tuning", "test")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the 42: its row of parameters, whether it has a trend, its number of harmonics."""

    row: int
    trend: bool
    harmonics: int

    def mean(self) -> Floats:
        """Return mu of the weeks 313 to 624."""
        week = np.arange(FIRST_WEEK, LAST_WEEK + 1, dtype=float)
        log_mean = np.full(WEEKS, THETA[self.row]) + self.trend * BETA[self.row] * week
        for j in range(1, self.harmonics + 1):
            angle = 2 * np.pi * j * week / YEAR
            log_mean += GAMMA_1[self.row] * np.cos(angle) + GAMMA_2[self.row] * np.sin(angle)
        return np.exp(log_mean)

    @property
    def phi(self) -> float:
        """Variance over mean."""
        return PHI[self.row]


SCENARIOS = tuple(
    Scenario(row, trend, harmonics)
    for row, trend, harmonics in product(range(len(THETA)), (False, True), (0, 1, 2))
)


@dataclass(frozen=True, slots=True)
class Series:
    """Replicates of all scenarios; n = scenarios x replicates, in that order.

    `quiet`: n x 312 counts without an outbreak in the current weeks. `start`: n, place of the first
    outbreak week among the 312. `extra`: n x 10 x 8, cases of the outbreak for each k, from `start`
    on.
    """

    quiet: Counts
    start: Counts
    extra: Counts

    def with_outbreak(self, k: int) -> Counts:
        """Return n x 312 counts with the outbreak of size `k`."""
        counts = self.quiet.copy()
        rows = np.arange(len(counts))[:, None]
        counts[rows, self.start[:, None] + np.arange(OUTBREAK_WEEKS)] += self.extra[:, k - 1]
        return counts

    def outbreak(self, k: int) -> NDArray[np.bool_]:
        """Return n x 49: which current weeks are between the first and the last case, for `k`."""
        cases = self.extra[:, k - 1] > 0
        first = self.start + cases.argmax(axis=1)
        last = self.start + OUTBREAK_WEEKS - 1 - cases[:, ::-1].argmax(axis=1)
        week = BASELINE + np.arange(CURRENT)
        inside: NDArray[np.bool_] = (week >= first[:, None]) & (week <= last[:, None])
        return inside


def simulate(seed: int, span: str, replicates: range) -> Series:
    """Simulate these replicates of all scenarios."""
    made = [
        _series(scenario, _chance(seed, span, number, replicate), replicate)
        for number, scenario in enumerate(SCENARIOS)
        for replicate in replicates
    ]
    quiet, start, extra = zip(*made, strict=True)
    return Series(np.array(quiet), np.array(start), np.array(extra))


def _chance(seed: int, span: str, scenario: int, replicate: int) -> np.random.Generator:
    return np.random.default_rng((seed, SPANS.index(span), scenario, replicate))


def _series(
    scenario: Scenario, chance: np.random.Generator, replicate: int
) -> tuple[Counts, int, Counts]:
    mean, phi = scenario.mean(), scenario.phi
    if phi > 1:
        counts = chance.negative_binomial(mean / (phi - 1), 1 / phi)
    else:
        counts = chance.poisson(mean)
    counts = counts.astype(np.int64)
    k = BASELINE_KS[replicate % len(BASELINE_KS)]
    for start in _starts(chance, 0, BASELINE, BASELINE_OUTBREAKS):
        cases = int(chance.poisson(k * np.sqrt(mean[start] * phi)))
        counts[start : start + OUTBREAK_WEEKS] += _spread(chance, cases)
    [start] = _starts(chance, BASELINE, WEEKS, 1)
    extra = [_spread(chance, _cases(chance, k * np.sqrt(mean[start] * phi))) for k in KS]
    return counts, start, np.array(extra)


def _starts(chance: np.random.Generator, first: int, end: int, number: int) -> Iterator[int]:
    yield from chance.integers(first, end - OUTBREAK_WEEKS + 1, number).tolist()


def _cases(chance: np.random.Generator, mean: float) -> int:
    """Draw from a Poisson that is not 0."""
    while (cases := int(chance.poisson(mean))) == 0:
        pass
    return cases


def _spread(chance: np.random.Generator, cases: int) -> Counts:
    """Spread cases over the weeks from the first week on."""
    delay = np.floor(chance.lognormal(0.0, 0.5, cases))
    while (late := delay >= OUTBREAK_WEEKS).any():
        delay[late] = np.floor(chance.lognormal(0.0, 0.5, int(late.sum())))
    return np.bincount(delay.astype(np.int64), minlength=OUTBREAK_WEEKS)
