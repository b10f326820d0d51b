"""The true harms of a synthetic town: when, to whom, how grave, and whether anybody tells.

Rules: harm comes at a rate that depends on the hidden state alone; its severity is 3 or 4, and no
other report about a person reaches 3, so "severe harm reported" in the events is a subset of the
truth. About a quarter comes out of a stable state, where nothing could have warned of it.
"""

import numpy as np

from schemas.closed import Closed
from streams.feeds.town_chance import Chance, Floats, Ints
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig
from streams.feeds.town_states import Paths

SEVERE = 3
GRAVEST_SHARE = 0.2


class Harms(Closed, frozen=True):
    """One entry a true harm in every array, ordered by person and time; `at` in days."""

    person: Ints
    at: Floats
    severity: Ints
    reported: Ints


def moments_in(paths: Paths, expected: Floats, chance: Chance) -> tuple[Ints, Floats]:
    """Draw a Poisson number of moments in each stay, uniform within it.

    `expected` has one entry a stay. Returns (position of the stay, days since the start).
    """
    stay = np.repeat(np.arange(len(expected)), chance.poisson(expected))
    within = chance.random(len(stay))
    at = paths.start[stay] + within * (paths.end[stay] - paths.start[stay])
    return stay, at


def draw_harms(config: TownConfig, paths: Paths, chance: Chance) -> Harms:
    """Draw every true harm of the town."""
    hazard = np.asarray(config.harm_per_year)[paths.state] / DAYS_PER_YEAR
    stay, at = moments_in(paths, hazard * (paths.end - paths.start), chance)
    person = paths.person[stay]
    order = np.lexsort((at, person))
    size = len(at)
    gravest = chance.random(size) < GRAVEST_SHARE
    reported = chance.random(size) < config.harm_reported
    return Harms(
        person=person[order],
        at=at[order],
        severity=np.where(gravest, SEVERE + 1, SEVERE),
        reported=reported.astype(np.int64),
    )
