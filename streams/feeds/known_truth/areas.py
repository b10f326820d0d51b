"""What happens to areas: daily counts that are hard to read, and surges whose truth is known.

Rules: the mean of a community, kind and day is base x community x week x season x trend x holiday;
counts are negative binomial with variance = dispersion x mean. Services of five days have zeros on
weekends and holidays and half as much again on the first day after. A surge adds a known number of
events of one kind in one place, by a known shape.

Source of sizes and shapes: A. Noufaily et al., "An improved algorithm for outbreak detection in
multiple surveillance systems", Statistics in Medicine 32 (2013).
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.taxonomy import AreaLevel, Kind, Purpose
from schemas.times import HOUR_US, SECOND_US
from streams.feeds.known_truth.parameters import AreaKind, Parameters
from streams.feeds.town_calendar import (
    WAKING_HOURS,
    of_season,
    of_weekday,
    to_instants,
    within_day,
)
from streams.feeds.town_chance import Chance, Floats, Ints, choose, choose_by_row
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_map import GRIDS_PER_COMMUNITY, TownMap
from streams.feeds.town_rows import Part, Rows, blank, codes
from streams.feeds.town_signs import draw_signs

DIGITS = {AreaLevel.COUNTY: 6, AreaLevel.TOWN: 9, AreaLevel.COMMUNITY: 12}
PURPOSES = (Purpose.HARM_REPORT, Purpose.HELP_REQUEST, Purpose.SERVICE_REQUEST)
SEVERITY_STRAIN_MAX = 2


class Shape(StrEnum):
    """How a surge comes and goes."""

    LOGNORMAL = "lognormal"
    STEP = "step"
    RAMP = "ramp"


class Surge(NamedTuple):
    """An injected rise; `daily` are the events added on each day from `first_day` (from 0) on.

    `usual` is the number expected there on such a day without it; `k` as in the parameters.
    """

    kind: Kind
    place: str
    level: AreaLevel
    shape: Shape
    first_day: int
    daily: tuple[int, ...]
    k: float
    usual: float


def holidays(parameters: Parameters) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each day whether it is a holiday, and whether it is the first workday after."""
    start, days = parameters.town.start, parameters.town.days
    free = np.zeros(days + 1, dtype=np.bool_)
    for first, lasts in parameters.areas.holidays:
        at = (first - start).days
        free[max(at, 0) : max(at + lasts, 0)] = True
    free = free[:days]
    weekend = (start.weekday() + np.arange(days)) % 7 >= 5  # noqa: PLR2004  # Saturday, Sunday
    after = np.zeros(days, dtype=np.bool_)
    waiting = False
    for day in range(days):
        if free[day]:
            waiting = True
        elif waiting and not weekend[day]:
            after[day], waiting = True, False
    return free, after


def daily_mean(parameters: Parameters, of: AreaKind) -> Floats:
    """Return how many matters of a kind are expected in the whole town on each day."""
    areas, size = parameters.areas, parameters.town
    base = areas.per_person_year * size.persons * of.share / DAYS_PER_YEAR
    free, after = holidays(parameters)
    trend = (1 + areas.trend_per_year) ** (np.arange(size.days) / DAYS_PER_YEAR)
    factor = np.where(free, of.holiday, np.where(after, of.after_holiday, 1.0))
    week = of_weekday(size.start, size.days, of.week)
    return np.asarray(
        base * trend * week * factor * of_season(size.start, size.days, of.peak_day, of.swing)
    )


def community_shares(parameters: Parameters, ground: TownMap, chance: Chance) -> Floats:
    """Draw which part of all matters comes from each community."""
    shape = parameters.areas.community_shape
    weight = chance.gamma(shape, 1 / shape, ground.communities())
    return np.asarray(weight / weight.sum())


def draw_counts(mean: Floats, dispersion: float, chance: Chance) -> Ints:
    """Draw negative binomial counts with variance `dispersion` times the mean."""
    if dispersion > 1:
        mean = chance.gamma(mean / (dispersion - 1), dispersion - 1)
    return np.asarray(chance.poisson(mean), dtype=np.int64)


def _fill(parameters: Parameters, rows: Rows, at_kind: Ints, chance: Chance) -> None:
    """Fill in what a matter of an area says; `at_kind` are positions in the file."""
    kinds = parameters.areas.kinds
    rows["kind"] = codes(*(each.kind for each in kinds))[at_kind]
    severities = np.array([each.severities for each in kinds])
    rows["severity"] = choose_by_row(chance, severities, at_kind)
    purposes = np.array([each.purposes for each in kinds])
    rows["purpose"] = codes(*PURPOSES)[choose_by_row(chance, purposes, at_kind)]
    strain = np.minimum(rows["severity"], SEVERITY_STRAIN_MAX)
    rows["signs"] = draw_signs(chance, rows["kind"], strain, 1.0)


def area_rows(parameters: Parameters, shares: Floats, chance: Chance) -> Rows:
    """Draw all matters of areas without a surge; communities x days numbers a kind."""
    size, kinds = parameters.town, parameters.areas.kinds
    found: list[tuple[Ints, Ints, Ints]] = []
    for number, of in enumerate(kinds):
        mean = shares[:, None] * daily_mean(parameters, of)[None, :]
        counts = draw_counts(mean, of.dispersion, chance)
        cell = np.repeat(np.arange(counts.size), counts.ravel())
        community, day = np.unravel_index(cell, counts.shape)
        found.append((np.full(len(cell), number), community, day))
    at_kind, community, day = (np.concatenate(column) for column in zip(*found, strict=True))
    rows = blank(len(day), Part.BACKGROUND)
    at = day + within_day(chance, len(day), WAKING_HOURS)
    rows["time_us"] = to_instants(size.start, at)
    offset = chance.integers(0, GRIDS_PER_COMMUNITY, len(day))
    rows["grid"] = community * GRIDS_PER_COMMUNITY + offset
    _fill(parameters, rows, at_kind, chance)
    return rows


def _daily(parameters: Parameters, shape: Shape, size: int, chance: Chance) -> tuple[int, ...]:
    """Spread a surge's events over its days; the first and the last day have one at least."""
    surges = parameters.areas.surges
    low, high = surges.shape_days
    lasts = int(chance.integers(low, high + 1))
    if shape is Shape.LOGNORMAL:
        day = np.floor(np.exp(surges.spread_sigma * chance.standard_normal(size)))
    elif shape is Shape.STEP:
        day = np.floor(chance.random(size) * lasts)
    else:
        day = np.floor(np.sqrt(chance.random(size)) * lasts)
    day = np.minimum(day - day.min(), surges.days_max - 1).astype(np.int64)
    return tuple(np.bincount(day).tolist())


def _surge(
    parameters: Parameters, ground: TownMap, shares: Floats, first: int, chance: Chance
) -> Surge:
    surges = parameters.areas.surges
    kinds = [each for each in parameters.areas.kinds if each.surges]
    of = kinds[int(chance.integers(len(kinds)))]
    levels = list(surges.levels)
    level = levels[int(choose(chance, [surges.levels[each] for each in levels], 1)[0])]
    grid = ground.grids[int(chance.integers(len(ground.grids)))]
    place = grid[: DIGITS[level]]
    part = sum(shares[number // GRIDS_PER_COMMUNITY] for number in ground.grids_in(place))
    usual = float(daily_mean(parameters, of)[first] * part / GRIDS_PER_COMMUNITY)
    k = surges.sizes[int(chance.integers(len(surges.sizes)))]
    shape = tuple(Shape)[int(chance.integers(len(Shape)))]
    size = max(1, int(chance.poisson(k * np.sqrt(usual * of.dispersion))))
    daily = _daily(parameters, shape, size, chance)
    return Surge(of.kind, place, level, shape, first, daily, k, round(usual, 4))


def draw_surges(
    parameters: Parameters, ground: TownMap, shares: Floats, chance: Chance
) -> tuple[Surge, ...]:
    """Draw the surges, one in each equal part of the span after the quiet days; none overlap.

    Too short a span has fewer, or none.
    """
    surges, days = parameters.areas.surges, parameters.town.days
    room = max(days - surges.quiet_days, 0)
    number = min(surges.number, room // (2 * surges.days_max))
    width = room / max(number, 1)
    firsts = [
        int(surges.quiet_days + at * width + chance.random() * (width - surges.days_max))
        for at in range(number)
    ]
    return tuple(_surge(parameters, ground, shares, first, chance) for first in firsts)


def surge_rows(
    parameters: Parameters, ground: TownMap, surges: tuple[Surge, ...], chance: Chance
) -> Rows:
    """Draw the events of all surges; `mark` is the position of the surge."""
    kinds = [each.kind for each in parameters.areas.kinds]
    mark = np.repeat(np.arange(len(surges)), [sum(surge.daily) for surge in surges])
    rows = blank(len(mark), Part.SURGE)
    rows["mark"] = mark
    days = [
        surge.first_day + day
        for surge in surges
        for day, events in enumerate(surge.daily)
        for _ in range(events)
    ]
    at = np.array(days, dtype=np.float64) + within_day(chance, len(mark), WAKING_HOURS)
    rows["time_us"] = to_instants(parameters.town.start, at)
    for number, surge in enumerate(surges):
        grids, here = np.array(ground.grids_in(surge.place)), mark == number
        rows["grid"][here] = grids[chance.integers(0, len(grids), int(here.sum()))]
    at_kind = np.array([kinds.index(surge.kind) for surge in surges], dtype=np.int64)
    _fill(parameters, rows, at_kind[mark], chance)
    return rows


def area_lateness_us(parameters: Parameters, size: int, chance: Chance) -> Ints:
    """Draw how late the events of areas are: a lognormal of their own, in whole seconds."""
    areas = parameters.areas
    hours = areas.late_median_hours * np.exp(areas.late_sigma * chance.standard_normal(size))
    seconds = np.ceil(hours * (HOUR_US / SECOND_US)).astype(np.int64)
    return np.asarray(seconds * SECOND_US)
