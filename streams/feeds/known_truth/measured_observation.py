"""Marginals of the observation layer: how bad the authority's picture of the town is.

Rules: measured on the first telling of each matter, before the drift where the drift changes it.
"""

from datetime import timedelta

import numpy as np

from schemas.taxonomy import Origin, Outcome
from schemas.times import DAY_US, HOUR_US
from streams.feeds.known_truth.labels import OutcomeLabel, labels_of
from streams.feeds.known_truth.measuring import Measured, days_of, share
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.known_truth.treated import DISCOVERED, REPORTED, UNTOLD
from streams.feeds.town_observed import VERY_LATE_DAYS
from streams.feeds.town_people import Identity
from streams.feeds.town_rows import Copy, Part, code


def observation(town: KnownTown) -> Measured:
    """Measure copies, split names, lateness and signs that were not told."""
    rows = town.rows
    first = rows["copy"] == Copy.NONE
    told = first & (rows["part"] != Part.VISIT)
    near = int((rows["copy"] == Copy.NEAR).sum())
    yield "near_copies", near / max(int(told.sum()), 1), int(told.sum())
    yield "delivered_twice", *share(rows["copy"] == Copy.EXACT)
    yield "identities_split", *share(town.people.identity == Identity.SPLIT)
    of_people = first & np.isin(rows["part"], (Part.REPORT, Part.EVERYDAY, Part.VISIT))
    of_people &= ~((rows["part"] == Part.REPORT) & (rows["origin"] == code(Origin.DISCOVERED)))
    late = (rows["ingest_us"] - rows["time_us"])[of_people]
    yield "late_median_hours", float(np.median(late)) / HOUR_US, len(late)
    yield "later_than_7_days", *share(late > VERY_LATE_DAYS * DAY_US)
    mine = rows[(rows["part"] == Part.REPORT) & first & (rows["mark"] >= 0)]
    mine = mine[days_of(town, mine["time_us"]) < town.parameters.drift_day()]
    there = town.signs[mine["mark"]]
    signs = int(np.bitwise_count(there).sum())
    missed = 1 - int(np.bitwise_count(mine["signs"]).sum()) / max(signs, 1)
    yield "signs_missed", missed, signs


def labels(town: KnownTown) -> Measured:
    """Measure when labels are known and what they say."""
    found = labels_of(town)
    outcomes = [label for label in found if isinstance(label, OutcomeLabel)]
    horizon = town.parameters.labels.horizon_days
    extra = [(each.known - each.alerted) / timedelta(days=1) - horizon for each in outcomes]
    if extra:
        yield "label_days_after_horizon", float(np.mean(extra)), len(extra)
    said = np.array([each.outcome is Outcome.AVERTED for each in outcomes], dtype=np.bool_)
    yield "outcomes_averted", *share(said)
    later = len(found) - len(outcomes)
    yield "harm_confirmed_later", later / max(int(town.treated.happened.sum()), 1), later


def attention(town: KnownTown) -> Measured:
    """Measure how discovery follows visits."""
    matters, treated = town.matters, town.treated
    window = town.parameters.attention.window_days
    open_ = np.flatnonzero(treated.alive & (treated.telling != REPORTED))
    person = np.array([each for each, _ in treated.visits], dtype=np.int64)
    at = np.array([each for _, each in treated.visits])
    width = town.parameters.town.days + window + 1.0
    visits = person * width + at
    until = matters.person[open_] * width + matters.at[open_]
    recent = np.searchsorted(visits, until) - np.searchsorted(visits, until - window)
    found = treated.telling[open_] == DISCOVERED
    yield "discovered_without_visit", *share(found[recent == 0])
    yield "discovered_with_visit", *share(found[recent > 0])
    yield "discovered_of_told", *share(treated.telling[treated.telling != UNTOLD] == DISCOVERED)
