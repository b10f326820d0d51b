"""A simulation of daily counts with known outbreaks: 16 kinds of service, seven years each.

A kind works five or seven days a week, has one of four volumes, and either a weak or a strong
pattern of season and weekday. Within a kind every replicate draws its own level, season, trend,
weekdays and dispersion. Public holidays double a seven-day service; they close a five-day one, and
its next working day has half as much again. Counts are negative binomial, half of the replicates
with variance proportional to the mean, half with a constant size. An outbreak has Poisson(k sd)
cases, sd that of an ordinary day, k drawn between 15 and 120 (evenly in its log); each case comes
after a lognormal delay (log-sd 0.5) whose median is drawn between 2 and 9 days. Each of three of
the first six years has an outbreak, and so have the last 49 weeks, in which detection is judged.
What falls on a closed day is not reported. The range of k was set so that EARS C2 finds about nine
of ten outbreaks at specificity .98, as in the field's published simulations.

Rules: everything comes from the seed, the span ("tuning" or "test") and the numbers of kind and
replicate. The means and cases are kept apart from the counts: only an oracle may see them.
"""

from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np
from numpy.typing import NDArray

FIRST_DAY = date(2018, 1, 1).toordinal()  # a Monday
YEAR = 364
DAYS = 7 * YEAR
JUDGED = 49 * 7
JUDGED_FROM = DAYS - JUDGED
SPANS = ("tuning", "test")
VOLUMES = (1.5, 8.0, 35.0, 160.0)
K_MIN, K_MAX = 15.0, 120.0
DELAY_MIN, DELAY_MAX = 2.0, 9.0

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the 16 kinds of service."""

    five_days: bool
    volume: float
    strong: bool


KINDS = tuple(Kind(*each) for each in product((False, True), VOLUMES, (False, True)))


@dataclass(frozen=True, slots=True)
class DailySeries:
    """n = kinds x replicates series, in that order.

    `counts`, `cases` (of outbreaks, within the counts) and `mean` (of the counts without cases) are
    n x 2,548; `dispersion` is variance / mean of an ordinary day; `holidays` are day ordinals.
    """

    counts: Counts
    cases: Counts
    mean: Floats
    dispersion: Floats
    holidays: frozenset[int]
    replicates: int


def simulate(seed: int, span: str, replicates: int) -> DailySeries:
    """Simulate this many replicates of every kind; the calendar is the same for all."""
    calendar = _holidays(np.random.default_rng((seed, SPANS.index(span))))
    made = [
        _series(kind, calendar, np.random.default_rng((seed, SPANS.index(span), number, replicate)))
        for number, kind in enumerate(KINDS)
        for replicate in range(replicates)
    ]
    counts, cases, mean, dispersion = zip(*made, strict=True)
    days = frozenset((FIRST_DAY + np.flatnonzero(calendar)).tolist())
    return DailySeries(
        np.array(counts), np.array(cases), np.array(mean), np.array(dispersion), days, replicates
    )


def _holidays(chance: np.random.Generator) -> NDArray[np.bool_]:
    """Return which days are holidays: four dates a year, and five Mondays or Fridays that move."""
    found = np.zeros(DAYS + 2 * YEAR, dtype=bool)
    for year in range(8):
        start = date(2018 + year, 1, 1).toordinal() - FIRST_DAY
        found[[start, start + 120, start + 358, start + 359]] = True
        for about in (80, 125, 145, 240, 300):
            day = start + about + int(chance.integers(-10, 11))
            found[day - day % 7 + (0 if chance.random() < 0.7 else 4)] = True
    return found[:DAYS]


def _series(
    kind: Kind, calendar: NDArray[np.bool_], chance: np.random.Generator
) -> tuple[Counts, Counts, Floats, float]:
    level = kind.volume * np.exp(chance.normal(0.0, 0.25))
    mean = level * np.exp(_season(kind, chance)) * _weekdays(kind, chance)[np.arange(DAYS) % 7]
    mean *= _holiday_effect(kind, mean > 0, calendar, chance)
    choices = (1.001, 1.2, 1.6, 2.5, 4.0) if kind.volume > 5 else (1.001, 1.2, 1.6)
    dispersion = float(chance.choice(choices))
    positive = np.maximum(mean, 1e-12)
    even = chance.random() < 0.5
    size = np.full(DAYS, level) / (dispersion - 1) if even else positive / (dispersion - 1)
    counts = chance.poisson(chance.gamma(size, positive / size))
    counts[mean == 0] = 0
    cases = np.zeros(DAYS, dtype=np.int64)
    years = chance.choice(6, 3, replace=False) * YEAR
    for start in (*(years + chance.integers(0, YEAR, 3)), JUDGED_FROM + chance.integers(7, 290)):
        _outbreak(cases, int(start), np.sqrt(level * dispersion), mean > 0, chance)
    cases[mean == 0] = 0
    return counts + cases, cases, mean, dispersion


def _season(kind: Kind, chance: np.random.Generator) -> Floats:
    """Return the log of season, trend and (strong pattern) a slow drift of about 4 %."""
    day = np.arange(DAYS)
    angle = 2 * np.pi * day / 365.25
    size = chance.uniform(0.3, 0.7) if kind.strong else chance.uniform(0.0, 0.2)
    phases = chance.uniform(0.0, 2 * np.pi, 2)
    log_mean = size * np.cos(angle - phases[0])
    log_mean += size * chance.uniform(0.0, 0.4) * np.cos(2 * angle - phases[1])
    log_mean += chance.choice([0.0, chance.uniform(-3e-4, 3e-4)]) * (day - DAYS / 2)
    if kind.strong:
        drift, keep = 0.0, np.exp(-1 / 40)
        for place, step in enumerate(chance.normal(0.0, 0.04 * np.sqrt(1 - keep**2), DAYS)):
            drift = keep * drift + step
            log_mean[place] += drift
    return np.asarray(log_mean)


def _weekdays(kind: Kind, chance: np.random.Generator) -> Floats:
    """Return the factors of Monday to Sunday; their mean is 1 over the days that are worked."""
    factors = np.exp(chance.normal(0.0, 0.2 if kind.strong else 0.08, 7))
    if kind.five_days:
        factors[5:] = 0.0
        factors[0] *= chance.uniform(1.0, 1.5)
    else:
        factors[5:] *= chance.uniform(0.5, 1.3)
    return np.asarray(factors * (5 if kind.five_days else 7) / factors.sum())


def _holiday_effect(
    kind: Kind,
    worked: NDArray[np.bool_],
    calendar: NDArray[np.bool_],
    chance: np.random.Generator,
) -> Floats:
    effect = np.ones(DAYS)
    if not kind.five_days:
        effect[calendar] = chance.uniform(1.8, 2.2)
        return effect
    after, waiting = chance.uniform(1.35, 1.65), False
    for day in range(DAYS):
        if calendar[day]:
            effect[day], waiting = 0.0, True
        elif worked[day] and waiting:
            effect[day], waiting = after, False
    return effect


def _outbreak(
    cases: Counts, start: int, sd: float, worked: NDArray[np.bool_], chance: np.random.Generator
) -> None:
    """Add an outbreak that begins on the first working day from `start` on."""
    while not worked[start]:
        start += 1
    k = np.exp(chance.uniform(np.log(K_MIN), np.log(K_MAX)))
    median = chance.uniform(DELAY_MIN, DELAY_MAX)
    delays = chance.lognormal(0.0, 0.5, chance.poisson(k * sd)) * median
    days = start + (delays - delays.min()).astype(np.int64) if len(delays) else []
    days = np.asarray(days, dtype=np.int64)
    np.add.at(cases, days[days < DAYS], 1)
