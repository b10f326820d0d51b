"""From what was decided to rows: which tellings of which matters reach the authority.

Rules: a matter is told once, by somebody or by a grid worker who found it; near copies go with what
somebody told. A visit tells nothing of danger, but now and then a visitor records a small matter
where there is none. What a silent source swallows is taken out afterwards.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.taxonomy import Feed, Origin, Purpose, Sign, sign_mask
from schemas.times import DAY_US
from streams.feeds.known_truth.areas import area_lateness_us
from streams.feeds.known_truth.course import SEVERE, Hidden, Matters
from streams.feeds.known_truth.model import telling
from streams.feeds.known_truth.observed import (
    Silences,
    by_grid,
    chosen_rows,
    described,
    lateness_us,
    observed,
)
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.treated import (
    DISCOVERED,
    NAMELESS,
    REPORTED,
    UNTOLD,
    Draws,
    Treated,
)
from streams.feeds.town_arrival import FEEDS, source_numbers
from streams.feeds.town_calendar import start_us, to_instants
from streams.feeds.town_chance import Chance, Floats, Ints, choose
from streams.feeds.town_everyday import ALONE_SHARE, VISIT_KINDS, VISIT_PURPOSES
from streams.feeds.town_map import TownMap
from streams.feeds.town_observed import near_copies
from streams.feeds.town_people import Identity, People
from streams.feeds.town_rows import FEED_CODE, UNKNOWN, Part, Rows, blank, code, codes


def _waits(chance: Chance, mean: float, happens: NDArray[np.bool_]) -> Floats:
    """Draw exponential times in days, infinite where nothing happens."""
    drawn = chance.exponential(mean, happens.shape)
    return np.where(happens, drawn, np.inf)


def draws_of(
    parameters: Parameters,
    hidden: Hidden,
    people: People,
    matters: Matters,
    rows: Rows,
    silences: Silences,
    ground: TownMap,
    chance: Chance,
) -> Draws:
    """Draw what chance decides about each matter; `rows` begins with one row a matter."""
    size, attention = len(matters.at), parameters.attention
    own: Rows = rows[:size]
    by_source = source_numbers(own, ground)
    grid = by_source // FEEDS * FEEDS + FEED_CODE[Feed.GRID]
    hidden_name = people.identity[matters.person] == Identity.PSEUDONYM
    key = np.where(own["person"] >= 0, own["scheme"], NAMELESS).astype(np.int64)
    visited = (chance.random(size) < attention.visit_after_report) & ~hidden_name
    after_alert = np.repeat(~hidden_name[:, None], attention.visits_after_alert, axis=1)
    group = hidden.group[matters.person]
    severe = (matters.severity >= SEVERE).astype(np.int64)
    return Draws(
        told=chance.random(size) < telling(parameters, group, severe, matters.at),
        lost=silences.lost(by_source, matters.at),
        lost_grid=silences.lost(grid, matters.at),
        key=key,
        grid_key=np.where(hidden_name, NAMELESS, key),
        ingest=(own["ingest_us"] - start_us(parameters.town.start)) / DAY_US,
        found=chance.random(size),
        find_days=chance.exponential(attention.discovery_days, size),
        visit_days=_waits(chance, attention.visit_after_report_days, visited),
        alert_visit_days=_waits(chance, attention.visit_after_alert_days, after_alert),
    )


def report_part(parameters: Parameters, rows: Rows, draws: Draws, treated: Treated) -> Rows:
    """Return the tellings of matters, with near copies; `rows` begins with one row a matter."""
    size = len(treated.telling)
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[:size] = treated.telling != UNTOLD
    copies = np.arange(size, len(rows))
    kept[copies] = treated.telling[rows["copy_of"][copies]] == REPORTED
    found = np.flatnonzero(treated.telling == DISCOVERED)
    told = rows.copy()
    some = told[found]
    by_grid(some)
    some["ingest_us"] = np.maximum(
        to_instants(parameters.town.start, treated.arrived[found]), some["time_us"]
    )
    some["person"] = np.where(draws.grid_key[found] == NAMELESS, UNKNOWN, some["person"])
    some["scheme"] = np.where(some["person"] == UNKNOWN, UNKNOWN, some["scheme"])
    told[found] = some
    return chosen_rows(told, kept)


def _at_home(parameters: Parameters, people: People, person: Ints, at: Floats, part: Part) -> Rows:
    rows = blank(len(person), part)
    rows["time_us"] = to_instants(parameters.town.start, at)
    rows["person"] = person
    rows["grid"] = people.home[person]
    return rows


def visit_parts(
    parameters: Parameters, people: People, treated: Treated, chance: Chance
) -> tuple[Rows, Rows]:
    """Return the visits, and the matters that visitors recorded where there were none."""
    person = np.array([person for person, _ in treated.visits], dtype=np.int64)
    at = np.array([at for _, at in treated.visits], dtype=np.float64)
    rows, size = _at_home(parameters, people, person, at, Part.VISIT), len(person)
    rows["origin"] = code(Origin.VISIT)
    kinds, purposes = codes(*(k for k, _ in VISIT_KINDS)), codes(*(p for p, _ in VISIT_PURPOSES))
    rows["kind"] = kinds[choose(chance, [share for _, share in VISIT_KINDS], size)]
    rows["purpose"] = purposes[choose(chance, [share for _, share in VISIT_PURPOSES], size)]
    alone = sign_mask((Sign.ISOLATION,))
    rows["signs"] = np.where(chance.random(size) < ALONE_SHARE, alone, 0)
    nothing = np.flatnonzero(chance.random(size) < parameters.attention.found_anyway)
    anyway = _at_home(parameters, people, person[nothing], at[nothing], Part.REPORT)
    anyway["kind"] = people.theme[person[nothing]]
    anyway["severity"] = 1
    anyway["purpose"] = code(Purpose.HELP_REQUEST)
    for some in (rows, anyway):
        described(people, some, chance)
        some["ingest_us"] = some["time_us"] + lateness_us(parameters, len(some), chance)
    by_grid(anyway)
    return rows, anyway


def contact_part(parameters: Parameters, people: People, rows: Rows, chance: Chance) -> Rows:
    """Return everyday contacts as they reach the authority."""
    return observed(parameters, people, rows, chance)


def area_part(parameters: Parameters, people: People, rows: Rows, chance: Chance) -> Rows:
    """Return matters of areas as they reach the authority, near copies among them."""
    copies = near_copies(parameters.observation.near_copies, rows, chance)
    told = np.concatenate([rows, copies])
    described(people, told, chance)
    told["ingest_us"] = told["time_us"] + area_lateness_us(parameters, len(told), chance)
    return told
