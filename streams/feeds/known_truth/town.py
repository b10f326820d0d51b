"""The town with known truth, put together: what happens, what help changes, what is told.

Rules: `simulate` takes parameters and a seed and gives a value; no clock, no chance but the seed's.
Every purpose has its own stream, so a change of one parameter does not reshuffle the others.

Memory: about 250 bytes an event while the order is made, plus about 200 bytes a matter and person.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

from schemas.areas import Directory
from schemas.closed import Closed
from schemas.events import Event
from streams.feeds.known_truth.areas import (
    Surge,
    area_rows,
    community_shares,
    draw_surges,
    surge_rows,
)
from streams.feeds.known_truth.course import Harms, Hidden, Matters, draw_course
from streams.feeds.known_truth.delivery import (
    area_part,
    contact_part,
    draws_of,
    report_part,
    visit_parts,
)
from streams.feeds.known_truth.observed import (
    Silences,
    as_config,
    draw_silences,
    matter_rows,
    observed,
    told_again,
    without_lost,
)
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.states import draw_blows, walk
from streams.feeds.known_truth.treated import Treated, World, draw_visits, treat
from streams.feeds.town_arrival import arrived
from streams.feeds.town_chance import Chance, Ints, choose, generator
from streams.feeds.town_config import TownConfig, checked
from streams.feeds.town_events import EventWriter
from streams.feeds.town_everyday import everyday_rows
from streams.feeds.town_map import TownMap, build_map
from streams.feeds.town_people import Identity, People, build_people
from streams.feeds.town_rows import Rows, joined

STEPS = 6
Told = Callable[[str], None]
"""Called with the name of each of the STEPS steps as it begins."""


class Stream(IntEnum):
    """What a stream of chance is for; append only."""

    PEOPLE = 0
    GROUPS = 1
    STATES = 2
    BLOWS = 3
    COURSE = 4
    CONTENTS = 5
    OBSERVED = 6
    SILENCES = 7
    DRAWS = 8
    VISITS = 9
    ANYWAY = 10
    AGAIN = 11
    EVERYDAY = 12
    AREAS = 13
    SURGES = 14
    LABELS = 15


class KnownTown(Closed, frozen=True):
    """A simulated town with its truth; `rows` are its events in the order of arrival.

    `mark` of a row of `Part.REPORT` is a position in `matters` (or UNKNOWN where nothing happened),
    of `Part.SURGE` a position in `surges`.
    """

    parameters: Parameters
    seed: int
    ground: TownMap
    people: People
    hidden: Hidden
    matters: Matters
    signs: Ints
    harms: Harms
    treated: Treated
    silences: Silences
    surges: tuple[Surge, ...]
    rows: Rows

    def directory(self) -> Directory:
        """Return the area directory."""
        return self.ground.directory

    def event_batches(self) -> Iterator[list[Event]]:
        """Yield all events in lists, in the order of (`ingesttime`, source, id)."""
        return EventWriter(self.ground).batches(self.rows)

    def chance_of_labels(self) -> Chance:
        """Return a fresh stream of chance for the labels, the same each time."""
        return generator(self.seed, Stream.LABELS)


def _quiet(step: str) -> None:
    """Say nothing about a step."""


def hidden_of(parameters: Parameters, people: People, chance: dict[Stream, Chance]) -> Hidden:
    """Draw the hidden course of all people."""
    rate = people.rate * parameters.rate.per_year
    shares = [group.share for group in parameters.groups]
    return Hidden(
        rate=rate,
        group=choose(chance[Stream.GROUPS], shares, parameters.town.persons),
        paths=walk(parameters, rate, chance[Stream.STATES]),
        blows=draw_blows(parameters, chance[Stream.BLOWS]),
    )


class PersonTruth(NamedTuple):
    """What is true of the people; `signs` is the mask of signs that are there, one a matter."""

    people: People
    hidden: Hidden
    matters: Matters
    signs: Ints
    harms: Harms
    treated: Treated


def _of_people(
    parameters: Parameters,
    config: TownConfig,
    ground: TownMap,
    silences: Silences,
    chance: dict[Stream, Chance],
    told: Told,
) -> tuple[PersonTruth, list[Rows]]:
    told("people and their hidden course")
    people = build_people(config, ground, chance[Stream.PEOPLE])
    hidden = hidden_of(parameters, people, chance)
    told("what happens if nobody is helped")
    matters, harms = draw_course(parameters, hidden, chance[Stream.COURSE])
    told("how it would be told")
    contents, signs = matter_rows(parameters, hidden, people, matters, chance[Stream.CONTENTS])
    rows = observed(parameters, people, contents, chance[Stream.OBSERVED])
    draws = draws_of(
        parameters, hidden, people, matters, rows, silences, ground, chance[Stream.DRAWS]
    )
    told("the world with help")
    visitable = people.identity != Identity.PSEUDONYM
    planned = draw_visits(parameters, visitable, chance[Stream.VISITS])
    treated = treat(World(parameters, hidden, matters, harms, draws), planned)
    parts = [
        report_part(parameters, rows, draws, treated),
        *visit_parts(parameters, people, treated, chance[Stream.ANYWAY]),
    ]
    return PersonTruth(people, hidden, matters, signs, harms, treated), parts


def simulate(parameters: Parameters, seed: int, told: Told = _quiet) -> KnownTown:
    """Simulate the town. Raises TownError when it is too large or a number is out of bounds."""
    config = checked(as_config(parameters, seed))
    chance = {stream: generator(seed, stream) for stream in Stream}
    ground = build_map()
    silences = draw_silences(parameters, ground, chance[Stream.SILENCES])
    truth, parts = _of_people(parameters, config, ground, silences, chance, told)
    told("areas and everyday contacts")
    everyday = everyday_rows(config, truth.people, chance[Stream.EVERYDAY])
    shares = community_shares(parameters, ground, chance[Stream.AREAS])
    surges = draw_surges(parameters, ground, shares, chance[Stream.SURGES])
    of_areas = [
        area_rows(parameters, shares, chance[Stream.AREAS]),
        surge_rows(parameters, ground, surges, chance[Stream.SURGES]),
    ]
    parts.append(contact_part(parameters, truth.people, everyday, chance[Stream.EVERYDAY]))
    parts += [area_part(parameters, truth.people, each, chance[Stream.AREAS]) for each in of_areas]
    told("the order of arrival")
    kept = [without_lost(parameters, ground, silences, part) for part in parts]
    again = [told_again(parameters, part, chance[Stream.AGAIN]) for part in kept]
    return KnownTown(
        parameters=parameters,
        seed=seed,
        ground=ground,
        people=truth.people,
        hidden=truth.hidden,
        matters=truth.matters,
        signs=truth.signs,
        harms=truth.harms,
        treated=truth.treated,
        silences=silences,
        surges=surges,
        rows=arrived(joined(again), ground),
    )
