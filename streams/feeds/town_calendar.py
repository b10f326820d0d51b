"""When things happen in a week, a day and a year of a synthetic town.

Rules: days count from 0 at the town's first local day; instants are microseconds since the epoch.
The town's zone has had no daylight-saving since 1991, so each local day has 24 hours.
"""

from datetime import date
from math import pi

import numpy as np

from schemas.times import DAY_US, HOUR_US, SECOND_US, day_start_us
from streams.feeds.town_chance import Chance, Floats, Ints, choose
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_map import ZONE

SECONDS_PER_HOUR = HOUR_US // SECOND_US
OFFICE_HOURS = (
    1,
    1,
    1,
    1,
    1,
    2,
    6,
    14,
    30,
    40,
    38,
    26,
    16,
    24,
    34,
    36,
    30,
    22,
    14,
    12,
    10,
    7,
    4,
    2,
)
WAKING_HOURS = (
    6,
    4,
    3,
    3,
    3,
    5,
    9,
    14,
    17,
    18,
    18,
    18,
    17,
    16,
    16,
    17,
    19,
    21,
    22,
    21,
    19,
    16,
    12,
    8,
)
WEEKDAYS_OF_OFFICES = (1.25, 1.2, 1.15, 1.1, 1.1, 0.65, 0.55)
"""Monday first."""


def start_us(start: date) -> int:
    """Return the instant at which the town's first local day begins."""
    return day_start_us(start.toordinal(), ZONE)


def to_instants(start: date, at: Floats) -> Ints:
    """Turn days since the start into instants, cut to whole seconds."""
    seconds = np.floor(at * (DAY_US / SECOND_US)).astype(np.int64)
    return start_us(start) + seconds * SECOND_US


def of_weekday(start: date, days: int, weights: tuple[float, ...]) -> Floats:
    """Return one weight a day of the span, by its day of the week (7 weights, Monday first)."""
    return np.asarray(weights)[(start.weekday() + np.arange(days)) % len(weights)]


def of_season(start: date, days: int, peak_day: int, swing: float) -> Floats:
    """Return one weight a day: 1 + swing at `peak_day` of the year, 1 - swing half a year off."""
    of_year = start.timetuple().tm_yday + np.arange(days)
    return np.asarray(1 + swing * np.cos(2 * pi * (of_year - peak_day) / DAYS_PER_YEAR))


def within_day(chance: Chance, size: int, hours: tuple[int, ...]) -> Floats:
    """Draw times of day as parts of a day, by 24 hourly weights."""
    hour = choose(chance, hours, size)
    return np.asarray((hour + chance.random(size)) / len(hours))
