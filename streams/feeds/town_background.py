"""What happens to an area rather than to a person: accidents, hazards, emergencies; and surges.

Rules: counts a community, kind and day are negative binomial (a gamma times a Poisson), with the
day of the week and the season; natural hazards share bad days across the whole town. A surge is a
known number of further events of one kind, in one place, over a few days in a row.
"""

import numpy as np

from schemas.closed import Closed
from schemas.taxonomy import Kind, Purpose
from streams.feeds.town_calendar import (
    WAKING_HOURS,
    of_season,
    of_weekday,
    to_instants,
    within_day,
)
from streams.feeds.town_chance import Chance, Floats, Ints, choose, choose_by_row
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig
from streams.feeds.town_map import GRIDS_PER_COMMUNITY, TownMap
from streams.feeds.town_rows import Part, Rows, blank, codes
from streams.feeds.town_signs import draw_signs

CELL_SHAPE = 6.0
BAD_DAYS_SHAPE = 0.6


class Background(Closed, frozen=True):
    """How one kind of matter comes over an area."""

    kind: Kind
    share: float
    weekdays: tuple[float, ...]
    peak_day: int
    swing: float
    severities: tuple[float, ...]


KINDS = (
    Background(
        kind=Kind.MEDICAL_EMERGENCY,
        share=0.45,
        weekdays=(1.05, 1.0, 1.0, 1.0, 1.0, 0.98, 0.97),
        peak_day=15,
        swing=0.2,
        severities=(0.0, 0.3, 0.5, 0.18, 0.02),
    ),
    Background(
        kind=Kind.ACCIDENT,
        share=0.32,
        weekdays=(1.0, 0.95, 0.95, 1.0, 1.2, 1.05, 0.85),
        peak_day=200,
        swing=0.1,
        severities=(0.1, 0.45, 0.3, 0.13, 0.02),
    ),
    Background(
        kind=Kind.FIRE_GAS_HAZARD,
        share=0.15,
        weekdays=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        peak_day=20,
        swing=0.4,
        severities=(0.3, 0.45, 0.2, 0.04, 0.01),
    ),
    Background(
        kind=Kind.NATURAL_HAZARD,
        share=0.08,
        weekdays=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        peak_day=215,
        swing=0.7,
        severities=(0.3, 0.4, 0.2, 0.08, 0.02),
    ),
)
_PURPOSES = codes(Purpose.HARM_REPORT, Purpose.HELP_REQUEST, Purpose.SERVICE_REQUEST)
_PURPOSE_WEIGHTS = np.array(
    [[0.25, 0.7, 0.05], [0.75, 0.15, 0.1], [0.45, 0.05, 0.5], [0.5, 0.25, 0.25]]
)


class Surge(Closed, frozen=True):
    """An injected rise: `place` is an area code, `size` the number of events added.

    `first_day` counts from 0; `usual` is the number of such events expected there without it.
    """

    kind: Kind
    place: str
    first_day: int
    days: int
    size: int
    usual: float


# Kind, digits of the place's code, where the span is when it begins, days, times the usual number,
# least size.
_PLANNED = (
    (Kind.FIRE_GAS_HAZARD, 12, 0.30, 5, 6.0, 12),
    (Kind.MEDICAL_EMERGENCY, 9, 0.50, 6, 1.5, 18),
    (Kind.ACCIDENT, 12, 0.70, 3, 8.0, 10),
    (Kind.NATURAL_HAZARD, 6, 0.85, 2, 6.0, 24),
)


def daily_rate(config: TownConfig, of: Background) -> Floats:
    """Return how many matters of a kind are usual in the whole town on each day."""
    base = config.background * config.persons * of.share / DAYS_PER_YEAR
    week = of_weekday(config.start, config.days, of.weekdays)
    return base * week * of_season(config.start, config.days, of.peak_day, of.swing)


def _contents(rows: Rows, at_kind: Ints, chance: Chance) -> None:
    """Fill in what a background matter says; `at_kind` are positions in KINDS."""
    rows["kind"] = codes(*(each.kind for each in KINDS))[at_kind]
    severities = np.array([each.severities for each in KINDS])
    rows["severity"] = choose_by_row(chance, severities, at_kind)
    rows["purpose"] = _PURPOSES[choose_by_row(chance, _PURPOSE_WEIGHTS, at_kind)]
    rows["signs"] = draw_signs(chance, rows["kind"], np.minimum(rows["severity"], 2), 1.0)


def background_rows(config: TownConfig, ground: TownMap, chance: Chance) -> Rows:
    """Draw all background matters; takes communities x kinds x days numbers of memory."""
    communities, days = ground.communities(), config.days
    weight = chance.gamma(8.0, 1 / 8.0, communities)
    share = weight / weight.sum()
    noise = chance.gamma(CELL_SHAPE, 1 / CELL_SHAPE, (len(KINDS), communities, days))
    bad_day = chance.gamma(BAD_DAYS_SHAPE, 1 / BAD_DAYS_SHAPE, days)
    rates = np.stack([daily_rate(config, each) for each in KINDS])
    rates[[each.kind is Kind.NATURAL_HAZARD for each in KINDS]] *= bad_day
    counts = chance.poisson(rates[:, None, :] * share[None, :, None] * noise)
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    at_kind, community, day = np.unravel_index(cell, counts.shape)
    rows = blank(len(cell), Part.BACKGROUND)
    at = day + within_day(chance, len(cell), WAKING_HOURS)
    rows["time_us"] = to_instants(config.start, at)
    offset = chance.integers(0, GRIDS_PER_COMMUNITY, len(cell))
    rows["grid"] = community * GRIDS_PER_COMMUNITY + offset
    _contents(rows, at_kind.astype(np.int64), chance)
    return rows


def plan_surges(config: TownConfig, ground: TownMap, chance: Chance) -> tuple[Surge, ...]:
    """Choose where each planned surge happens and how large it is; none lasts past the span."""
    surges = []
    for kind, digits, part, days, times, least in _PLANNED:
        place = ground.grids[int(chance.integers(0, len(ground.grids)))][:digits]
        first = min(int(config.days * part), config.days - 1)
        lasts = min(days, config.days - first)
        of = next(each for each in KINDS if each.kind is kind)
        part_of_town = len(ground.grids_in(place)) / len(ground.grids)
        usual = float(daily_rate(config, of)[first : first + lasts].sum() * part_of_town)
        size = max(least, round(times * usual))
        surges.append(
            Surge(
                kind=kind,
                place=place,
                first_day=first,
                days=lasts,
                size=size,
                usual=round(usual, 3),
            )
        )
    return tuple(surges)


def surge_rows(
    config: TownConfig, ground: TownMap, surges: tuple[Surge, ...], chance: Chance
) -> Rows:
    """Draw the events of all surges; `mark` is the position of the surge."""
    mark = np.repeat(np.arange(len(surges)), [surge.size for surge in surges])
    rows = blank(len(mark), Part.SURGE)
    rows["mark"] = mark
    first = np.array([surge.first_day for surge in surges])[mark]
    lasts = np.array([surge.days for surge in surges])[mark]
    day = first + np.floor(chance.random(len(mark)) * lasts)
    rows["time_us"] = to_instants(config.start, day + within_day(chance, len(mark), WAKING_HOURS))
    for number, surge in enumerate(surges):
        grids = np.array(ground.grids_in(surge.place))
        here = mark == number
        rows["grid"][here] = grids[choose(chance, np.ones(len(grids)), int(here.sum()))]
    kinds = [each.kind for each in KINDS]
    at_kind = np.array([kinds.index(surge.kind) for surge in surges], dtype=np.int64)
    _contents(rows, at_kind[mark], chance)
    return rows
