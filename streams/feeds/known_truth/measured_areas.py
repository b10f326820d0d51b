"""Marginals of areas: zeros, holidays, over-dispersion, season and trend of the daily counts.

Rules: measured on first tellings without a surge, by the day they happened; what silent sources
swallowed is missing here as it is for everybody.
"""

import numpy as np

from streams.feeds.known_truth.areas import daily_mean, holidays
from streams.feeds.known_truth.measuring import Measured, days_of
from streams.feeds.known_truth.parameters import AreaKind
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.town_chance import Floats
from streams.feeds.town_map import GRIDS_PER_COMMUNITY
from streams.feeds.town_rows import Copy, Part, code

YEAR = 365


def _counts(town: KnownTown, of: AreaKind) -> Floats:
    """Return daily counts by community, shape (communities, days)."""
    rows, days = town.rows, town.parameters.town.days
    mine = (rows["part"] == Part.BACKGROUND) & (rows["copy"] == Copy.NONE)
    some = rows[mine & (rows["kind"] == code(of.kind))]
    community = some["grid"] // GRIDS_PER_COMMUNITY
    day = np.floor(days_of(town, some["time_us"])).astype(np.int64)
    counts = np.zeros((town.ground.communities(), days))
    np.add.at(counts, (community, day), 1)
    return counts


def areas(town: KnownTown) -> Measured:
    """Measure the daily counts of each kind; the number is that of events."""
    free, _ = holidays(town.parameters)
    surges = [sum(surge.daily) for surge in town.surges]
    yield "surges", float(len(surges)), len(surges)
    yield "surge_events", float(sum(surges)), len(surges)
    for of in town.parameters.areas.kinds:
        counts, mean = _counts(town, of), daily_mean(town.parameters, of)
        events, name = int(counts.sum()), of.kind.value
        share = counts.sum(axis=1, keepdims=True) / max(events, 1)
        expected = share * mean[None, :] * events / mean.sum()
        some = expected > 0
        pearson = ((counts - expected)[some] ** 2 / expected[some]).mean()
        yield f"{name}_dispersion", float(pearson), events
        week = np.arange(town.parameters.town.days) + town.parameters.town.start.weekday()
        weekend = np.isin(week % 7, (5, 6))
        yield f"{name}_on_weekends", float(counts[:, weekend].sum() / max(events, 1)), events
        usual = mean[free] / of.holiday if of.holiday else mean[free]
        if of.holiday and usual.sum():
            ratio = counts[:, free].sum() / usual.sum()
            yield f"{name}_on_holidays", float(ratio), int(counts[:, free].sum())
