"""What every measurement of a town's marginals starts from: first reports, days, shares.

Rules: a measurement yields (name, value, number of things it was measured on); where there is
nothing to count the value is not a number, and is left out.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY_US
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.town_calendar import start_us
from streams.feeds.town_chance import Floats
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_rows import Copy, Part, Rows

Measured = Iterator[tuple[str, float, int]]


def share(which: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the share of what is true, and of how many."""
    return (float(which.mean()) if len(which) else float("nan")), len(which)


def first_reports(town: KnownTown) -> Rows:
    """Return the first tellings of matters by or about somebody named, by person and time."""
    rows = town.rows
    told = (rows["part"] == Part.REPORT) & (rows["copy"] == Copy.NONE)
    some = rows[told & (rows["person"] >= 0) & (rows["mark"] >= 0)]
    ordered: Rows = some[np.lexsort((some["time_us"], some["person"]))]
    return ordered


def days_of(town: KnownTown, instants: NDArray[np.int64]) -> Floats:
    """Turn instants into days since the town's start."""
    return np.asarray((instants - start_us(town.parameters.town.start)) / DAY_US)


def person_years(town: KnownTown) -> float:
    """Return how many years all people of a town have together."""
    return town.parameters.town.persons * town.parameters.town.days / DAYS_PER_YEAR
