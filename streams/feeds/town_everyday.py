"""Everyday contacts and planned visits: what most of a hotline's day is made of.

Rules: nothing here knows anybody's danger. Enquiries, service requests, complaints, petitions,
tip-offs and suggestions come at a rate of their own, and visits follow a list drawn by lot, so
whatever a model learns from them is a mistake. A tip-off names no person: the person of an event is
the person at risk, never the reporter.
"""

import numpy as np

from schemas.taxonomy import Kind, Origin, Purpose, Sign, sign_mask
from streams.feeds.town_calendar import (
    OFFICE_HOURS,
    WEEKDAYS_OF_OFFICES,
    of_weekday,
    to_instants,
    within_day,
)
from streams.feeds.town_chance import Chance, Floats, choose, choose_by_row
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig
from streams.feeds.town_people import Identity, People
from streams.feeds.town_rows import UNKNOWN, Part, Rows, blank, code, codes

EVERYDAY_SHAPE = 1.0
VISITED_SHARE = 0.06
ALONE_SHARE = 0.1

# Purpose, its share, the share of its contacts that name the person in need.
PURPOSES = (
    (Purpose.ENQUIRY, 0.38, 0.75),
    (Purpose.SERVICE_REQUEST, 0.26, 0.9),
    (Purpose.COMPLAINT, 0.19, 0.85),
    (Purpose.PETITION, 0.05, 0.95),
    (Purpose.TIP_OFF, 0.06, 0.0),
    (Purpose.SUGGESTION, 0.06, 0.6),
)
SEVERITIES = (0.72, 0.23, 0.05)
_KINDS: dict[Kind, tuple[int, ...]] = {
    Kind.PROPERTY_MANAGEMENT: (16, 28, 26, 12, 6, 24),
    Kind.LABOUR_DISPUTE: (14, 8, 14, 18, 10, 4),
    Kind.ENVIRONMENT: (8, 14, 18, 6, 34, 26),
    Kind.NEIGHBOUR_DISPUTE: (6, 14, 16, 4, 4, 6),
    Kind.ECONOMIC_DISPUTE: (14, 6, 10, 14, 22, 4),
    Kind.MEDICAL_DISPUTE: (12, 4, 6, 8, 4, 10),
    Kind.SCHOOL: (14, 6, 6, 4, 4, 16),
    Kind.LAND_AND_FOREST: (4, 4, 2, 14, 6, 4),
    Kind.DEMOLITION_RELOCATION: (4, 4, 2, 20, 2, 4),
    Kind.FIRE_GAS_HAZARD: (2, 4, 0, 0, 8, 2),
    Kind.VULNERABLE_CARE: (4, 6, 0, 0, 0, 0),
    Kind.FAMILY_DISPUTE: (2, 2, 0, 0, 0, 0),
}
"""Weight of each kind under the purposes, in their order."""

VISIT_KINDS = (
    (Kind.VULNERABLE_CARE, 0.6),
    (Kind.FAMILY_DISPUTE, 0.2),
    (Kind.CHILD_OR_ELDER_NEGLECT, 0.2),
)
VISIT_PURPOSES = (
    (Purpose.SERVICE_REQUEST, 0.7),
    (Purpose.HELP_REQUEST, 0.25),
    (Purpose.HARM_REPORT, 0.05),
)


def _days_of_offices(config: TownConfig, size: int, chance: Chance) -> Floats:
    weights = of_weekday(config.start, config.days, WEEKDAYS_OF_OFFICES)
    return choose(chance, weights, size) + within_day(chance, size, OFFICE_HOURS)


def everyday_rows(config: TownConfig, people: People, chance: Chance) -> Rows:
    """Draw all everyday contacts; some people make many, whatever their danger."""
    busy = chance.gamma(EVERYDAY_SHAPE, 1 / EVERYDAY_SHAPE, config.persons)
    expected = busy * (config.everyday * config.days / DAYS_PER_YEAR)
    person = np.repeat(np.arange(config.persons), chance.poisson(expected))
    size = len(person)
    rows = blank(size, Part.EVERYDAY)
    rows["time_us"] = to_instants(config.start, _days_of_offices(config, size, chance))
    purpose = choose(chance, [share for _, share, _ in PURPOSES], size)
    rows["purpose"] = codes(*(each for each, _, _ in PURPOSES))[purpose]
    table = np.array(list(_KINDS.values()), dtype=np.float64).T
    rows["kind"] = codes(*_KINDS)[choose_by_row(chance, table, purpose)]
    rows["severity"] = choose(chance, SEVERITIES, size)
    named = chance.random(size) < np.array([share for _, _, share in PURPOSES])[purpose]
    rows["person"] = np.where(named, person, UNKNOWN)
    rows["grid"] = people.home[person]
    return rows


def visit_rows(config: TownConfig, people: People, chance: Chance) -> Rows:
    """Draw planned visits to people chosen by lot; severity 0, now and then a harmless sign.

    Whoever is known by a pseudonym only cannot be visited.
    """
    by_lot = chance.random(config.persons) < VISITED_SHARE
    visited = by_lot & (people.identity != Identity.PSEUDONYM)
    a_person = config.visits / VISITED_SHARE * config.days / DAYS_PER_YEAR
    person = np.repeat(np.arange(config.persons), chance.poisson(visited * a_person))
    size = len(person)
    rows = blank(size, Part.VISIT)
    rows["time_us"] = to_instants(config.start, _days_of_offices(config, size, chance))
    rows["person"] = person
    rows["grid"] = people.home[person]
    rows["origin"] = code(Origin.VISIT)
    kinds, purposes = codes(*(k for k, _ in VISIT_KINDS)), codes(*(p for p, _ in VISIT_PURPOSES))
    rows["kind"] = kinds[choose(chance, [share for _, share in VISIT_KINDS], size)]
    rows["purpose"] = purposes[choose(chance, [share for _, share in VISIT_PURPOSES], size)]
    alone = sign_mask((Sign.ISOLATION,))
    rows["signs"] = np.where(chance.random(size) < ALONE_SHARE, alone, 0)
    return rows
