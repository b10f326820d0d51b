"""Surges to be put into cells of real calls, and the oracle that knows all about them but when.

A surge of size k has Poisson(k sd s) cases, at least one, sd that of an ordinary day of its cell;
each comes floor(s x lognormal(0, 0.5)) days after the first day. At s = 1 this is the weekly
protocol of the field (Noufaily et al. 2013) in days: most of the cases come on two days. At s = 3
and s = 7 there are about as many a day, for a week and for two.

Rules: the same 500 cells and first days for every k and s; drawn from the seed alone.
"""

from dataclasses import dataclass
from math import erf, log, sqrt

import numpy as np

from bench.detection.calls_cells import TEST_DAYS, Cells, Counts, Floats

KS = (2, 3, 5, 10)
SPREADS = (1, 3, 7)
SURGE_DAYS_MAX = {1: 6, 3: 14, 7: 28}
LOG_SD = 0.5
BLOCK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Surge:
    """A surge: its cell, first test day, and cases by day from there on."""

    cell: int
    begin: int
    cases: Counts

    @property
    def days(self) -> int:
        """Days from its first day to its last case."""
        return int(np.flatnonzero(self.cases)[-1]) + 1

    @property
    def block(self) -> int:
        """Which week of the test span it begins in."""
        return self.begin // BLOCK_DAYS


def surges_of(cells: Cells, k: int, spread: int, number: int, seed: int) -> list[Surge]:
    """Draw surges of one size and spread."""
    where = np.random.default_rng(seed)
    chance = np.random.default_rng((seed, k, spread))
    last = TEST_DAYS - max(SURGE_DAYS_MAX.values()) - 2
    drawn = []
    for _ in range(number):
        cell, begin = int(where.choice(cells.surging)), int(where.integers(0, last))
        size = 0
        while not size:
            size = int(chance.poisson(k * cells.sd[cell] * spread))
        days = np.minimum(chance.lognormal(0.0, LOG_SD, size) * spread, SURGE_DAYS_MAX[spread] - 1)
        cases = np.bincount(days.astype(np.int64), minlength=SURGE_DAYS_MAX[spread])
        drawn.append(Surge(cell, begin, cases[np.argmax(cases > 0) :]))
    return drawn


def shares(spread: int) -> Floats:
    """Return the share of a surge's cases that each of its days is expected to have."""
    edges = [i / spread for i in range(SURGE_DAYS_MAX[spread] + 1)]
    below = [0.0 if edge <= 0 else 0.5 * (1 + erf(log(edge) / LOG_SD / sqrt(2))) for edge in edges]
    below[-1] = 1.0
    return np.diff(below)


def oracle(cells: Cells, mean: Floats, counts: Counts, k: int, spread: int) -> Floats:
    """Return the log of the likelihood ratio "a surge under way" against "as usual".

    It knows the usual mean and dispersion, and the size and course of the surge it looks for; only
    the first day is unknown, each as likely as another. By Neyman and Pearson's lemma no statistic
    of the cell's own counts does better on average. `mean` and `counts` are (cells, days).
    """
    course = shares(spread)
    size = mean / np.maximum(cells.dispersion - 1.0, 1e-3)[:, None]
    total = (k * cells.sd * spread)[:, None]
    days = mean.shape[1]
    said = np.full(mean.shape, -np.inf)
    # `at[d]` grows into the evidence of a surge that began on day d; by age, all days at once.
    at = np.zeros(mean.shape)
    for age, share in enumerate(course):
        more = mean + total * share
        shrunk = (size + counts) * np.log((size + more) / (size + mean))
        ratio = counts * np.log(more / mean) - shrunk
        at[:, : days - age] += ratio[:, age:]
        said[:, age:] = np.logaddexp(said[:, age:], at[:, : days - age])
    return said
