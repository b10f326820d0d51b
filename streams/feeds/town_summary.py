"""The marginals of a synthetic town: is it the kind of town it was meant to be?

Rules: a person's reports are harm reports and requests for help from the part of the simulation
that knows danger, copies, visits, everyday contacts and the cast left out; shares lie between 0 and
1, and are 0 where there is nothing to count.
"""

from math import ceil

import numpy as np

from schemas.closed import Closed
from schemas.taxonomy import Feed, Purpose, members_of
from schemas.times import DAY_US
from streams.feeds.town import Town
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_observed import VERY_LATE_DAYS
from streams.feeds.town_rows import Copy, Part, Rows, taken

TOP_SHARE = 0.02


class Summary(Closed, frozen=True):
    """Counts and shares of one town.

    `never_repeat` is among people with at least one report; `top_harm` is the share of true harm
    that falls on the 2 % of people with the most of it; `cold_harm` is the share of true harm
    that comes to people of whom nothing had been reported before.
    """

    persons: int
    events: int
    with_person: float
    per_person_year: float
    by_purpose: dict[str, int]
    by_feed: dict[str, int]
    near_copies: int
    exact_copies: int
    very_late: float
    reported_people: int
    never_repeat: float
    harms: int
    harms_reported: int
    top_harm: float
    cold_harm: float


def summarise(town: Town) -> Summary:
    """Measure a town."""
    rows = town.rows
    late = rows["ingest_us"] - rows["time_us"] > VERY_LATE_DAYS * DAY_US
    years = town.config.persons * town.config.days / DAYS_PER_YEAR
    reported, once = _repeats(rows)
    return Summary(
        persons=town.config.persons,
        events=len(rows),
        with_person=_share(int((rows["person"] >= 0).sum()), len(rows)),
        per_person_year=len(rows) / years,
        by_purpose=_counted(rows["purpose"], [each.value for each in members_of(Purpose)]),
        by_feed=_counted(rows["feed"], [each.value for each in members_of(Feed)]),
        near_copies=int((rows["copy"] == Copy.NEAR).sum()),
        exact_copies=int((rows["copy"] == Copy.EXACT).sum()),
        very_late=_share(int(late.sum()), len(rows)),
        reported_people=reported,
        never_repeat=_share(once, reported),
        harms=len(town.harms.at),
        harms_reported=int(town.harms.reported.sum()),
        top_harm=_top_harm(town),
        cold_harm=_cold_harm(town),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _counted(column: Rows, names: list[str]) -> dict[str, int]:
    counts = np.bincount(column, minlength=len(names)).tolist()
    return dict(zip(names, counts, strict=True))


def _first_told(rows: Rows) -> Rows:
    told = (rows["part"] == Part.REPORT) & (rows["copy"] == Copy.NONE) & (rows["person"] >= 0)
    return taken(rows, told)


def _repeats(rows: Rows) -> tuple[int, int]:
    """Return how many people were reported at all, and how many of them exactly once."""
    each = np.bincount(_first_told(rows)["person"])
    return int((each > 0).sum()), int((each == 1).sum())


def _top_harm(town: Town) -> float:
    each = np.sort(np.bincount(town.harms.person, minlength=town.config.persons))[::-1]
    top = ceil(TOP_SHARE * town.config.persons)
    return _share(int(each[:top].sum()), int(each.sum()))


def _cold_harm(town: Town) -> float:
    rows = _first_told(town.rows)
    first = np.full(town.config.persons, np.iinfo(np.int64).max)
    np.minimum.at(first, rows["person"], rows["time_us"])
    at = to_instants(town.config.start, town.harms.at)
    return _share(int((first[town.harms.person] >= at).sum()), len(at))
