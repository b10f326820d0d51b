"""How matters would be told: by whom, in which words, how late, by which source, and when it fails.

Rules: everything is drawn for every matter before anything happens, so the treated world takes what
it needs without reshuffling the rest. Feeds, names and descriptions are those of the demo's town;
lateness, groups, signs and silent sources are this town's own. Groups never get into a row.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.closed import Closed
from schemas.taxonomy import Channel, Feed, Origin, Purpose
from schemas.times import DAY_US, SECOND_US
from streams.feeds.known_truth.course import SEVERE, Hidden, Matters
from streams.feeds.known_truth.model import HOURS_PER_DAY, late_sigma, signs_seen
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.town_arrival import FEEDS, source_numbers
from streams.feeds.town_calendar import start_us, to_instants
from streams.feeds.town_chance import Chance, Floats, Ints, choose
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig
from streams.feeds.town_map import TownMap
from streams.feeds.town_observed import (
    exact_copies,
    identity_of,
    near_copies,
    set_description,
    set_feed,
    set_name,
)
from streams.feeds.town_people import THEMES, People
from streams.feeds.town_reports import HARM_REPORT_BELOW_SEVERE, THEME_KEPT
from streams.feeds.town_rows import FEED_CODE, UNKNOWN, Part, Rows, blank, code, codes
from streams.feeds.town_signs import TABLE


class Silences(Closed, frozen=True):
    """Spans of days in which a source says nothing; what it would have said is lost.

    `source` is a source number of `town_arrival`.
    """

    source: Ints
    start: Floats
    end: Floats

    def lost(self, source: Ints, at: Floats) -> NDArray[np.bool_]:
        """Say which matters are lost, by their source and time (days)."""
        lost = np.zeros(len(at), dtype=np.bool_)
        for number, start, end in zip(self.source, self.start, self.end, strict=True):
            lost |= (source == number) & (at >= start) & (at < end)
        return lost


def draw_silences(parameters: Parameters, ground: TownMap, chance: Chance) -> Silences:
    """Draw when each source (county and feed) falls silent."""
    silence, days = parameters.silence, parameters.town.days
    number = chance.poisson(
        silence.per_source_year * days / DAYS_PER_YEAR, len(ground.counties) * FEEDS
    )
    source = np.repeat(np.arange(len(number)), number)
    start = chance.random(len(source)) * days
    end = start + chance.uniform(*silence.days, len(source))
    order = np.lexsort((start, source))
    return Silences(source=source, start=start[order], end=np.minimum(end[order], days))


def chosen_rows(rows: Rows, kept: NDArray[np.bool_]) -> Rows:
    """Return some rows; a copy goes with its original, and `copy_of` is brought in line."""
    copies = rows["copy_of"] >= 0
    kept = kept.copy()
    kept[copies] &= kept[rows["copy_of"][copies]]
    some: Rows = rows[kept]
    place = np.cumsum(kept) - 1
    again = some["copy_of"] >= 0
    some["copy_of"][again] = place[some["copy_of"][again]]
    return some


def without_lost(parameters: Parameters, ground: TownMap, silences: Silences, rows: Rows) -> Rows:
    """Return the rows that no silent source swallows, by the time of the matter."""
    since = (rows["time_us"] - start_us(parameters.town.start)) / DAY_US
    return chosen_rows(rows, ~silences.lost(source_numbers(rows, ground), since))


def lateness_us(parameters: Parameters, size: int, chance: Chance) -> Ints:
    """Draw how late events are: lognormal with the wanted median and tail, in whole seconds."""
    observation = parameters.observation
    sigma = late_sigma(parameters)
    days = (
        observation.late_median_hours / HOURS_PER_DAY * np.exp(sigma * chance.standard_normal(size))
    )
    seconds = np.ceil(np.minimum(days, observation.late_days_max) * (DAY_US / SECOND_US))
    return np.asarray(seconds.astype(np.int64) * SECOND_US)


def as_config(parameters: Parameters, seed: int) -> TownConfig:
    """Return what the parts that are shared with the demo's town need to know."""
    size, observation = parameters.town, parameters.observation
    return TownConfig(
        persons=size.persons,
        days=size.days,
        seed=seed,
        start=size.start,
        everyday=observation.everyday_per_year,
        rate_shape=parameters.rate.shape,
        split=observation.split,
    )


def described(people: People, rows: Rows, chance: Chance) -> None:
    """Set feed, channel, identifier, place and note; reports keep their own origin."""
    origin = rows["origin"].copy()
    by_feed, by_name, by_words = chance.spawn(3)
    identity = identity_of(rows, people)
    set_feed(rows, identity, by_feed)
    set_name(rows, people, identity, by_name)
    set_description(rows, by_words)
    about_person = rows["part"] == Part.REPORT
    rows["origin"][about_person] = origin[about_person]


def observed(parameters: Parameters, people: People, rows: Rows, chance: Chance) -> Rows:
    """Return rows and near copies of them as they would reach the authority."""
    near, words, late = chance.spawn(3)
    copies = near_copies(parameters.observation.near_copies, rows, near)
    told = np.concatenate([rows, copies])
    described(people, told, words)
    told["ingest_us"] = told["time_us"] + lateness_us(parameters, len(told), late)
    return told


def told_again(parameters: Parameters, rows: Rows, chance: Chance) -> Rows:
    """Return rows and the second deliveries of some."""
    return np.concatenate([rows, exact_copies(parameters.observation.exact_copies, rows, chance)])


def draw_signs(
    parameters: Parameters, kind: Ints, state: Ints, at: Floats, chance: Chance
) -> tuple[Ints, Ints]:
    """Draw masks of the signs that are there and of those of them that are told.

    P(there) = table[kind, sign] signs_of_state[state], P(told | there) = signs_seen(t).
    """
    of_state = np.asarray(parameters.observation.signs_of_state)[state]
    probability = TABLE[kind] * of_state[:, None]
    there = chance.random(probability.shape) < probability
    told = there & (chance.random(probability.shape) < signs_seen(parameters, at)[:, None])
    bits = 1 << np.arange(TABLE.shape[1])
    return (there * bits).sum(axis=1), (told * bits).sum(axis=1)


def matter_rows(
    parameters: Parameters, hidden: Hidden, people: People, matters: Matters, chance: Chance
) -> tuple[Rows, Ints]:
    """Return a row for every matter, as if all were told, and the mask of signs that are there.

    `mark` of a row is the matter's position.
    """
    size = len(matters.at)
    rows = blank(size, Part.REPORT)
    rows["time_us"] = to_instants(parameters.town.start, matters.at)
    other = codes(*(kind for kind, _ in THEMES))[choose(chance, [w for _, w in THEMES], size)]
    kept = chance.random(size) < THEME_KEPT
    rows["kind"] = np.where(kept, people.theme[matters.person], other)
    rows["severity"] = matters.severity
    harm = (matters.severity >= SEVERE) | (chance.random(size) < HARM_REPORT_BELOW_SEVERE)
    rows["purpose"] = np.where(harm, code(Purpose.HARM_REPORT), code(Purpose.HELP_REQUEST))
    state = hidden.paths.state_at(matters.person, matters.at)
    kind = rows["kind"].astype(np.int64)
    there, rows["signs"] = draw_signs(parameters, kind, state, matters.at, chance)
    named = chance.random(size) >= parameters.observation.unnamed
    rows["person"] = np.where(named, matters.person, UNKNOWN)
    rows["mark"] = np.arange(size)
    rows["grid"] = people.home[matters.person]
    return rows, there


def by_grid(rows: Rows) -> None:
    """Let rows be found by a grid worker, who calls nobody by a hotline's pseudonym."""
    rows["feed"] = FEED_CODE[Feed.GRID]
    rows["channel"] = code(Channel.FIELD)
    rows["origin"] = code(Origin.DISCOVERED)
