"""A first synthetic town: people with a hidden course, what is told of them, and the truth apart.

Rules: `simulate` takes a config and gives a value; it reads no clock and no chance but the
config's seed, so the same config gives the same bytes. It is for demos and tests of the machinery,
not for comparing detectors: docs/the-synthetic-town.md says why.

Memory: at most about 250 bytes an event (and a person) while the order is made, 68 bytes an event
afterwards; events become Python objects a batch at a time.
"""

from collections.abc import Iterator

from schemas.areas import Directory
from schemas.closed import Closed
from schemas.events import Event
from streams.feeds.town_arrival import arrived
from streams.feeds.town_background import Surge, background_rows, plan_surges, surge_rows
from streams.feeds.town_cases import case_rows
from streams.feeds.town_chance import Chance, Stream, streams_of
from streams.feeds.town_config import TownConfig, checked
from streams.feeds.town_events import EventWriter
from streams.feeds.town_everyday import everyday_rows, visit_rows
from streams.feeds.town_harm import Harms, draw_harms
from streams.feeds.town_map import TownMap, build_map
from streams.feeds.town_observed import observed
from streams.feeds.town_people import People, build_people
from streams.feeds.town_reports import draw_reports, report_rows
from streams.feeds.town_rows import Rows, joined
from streams.feeds.town_states import Paths, walk_states


class Town(Closed, frozen=True):
    """A simulated town; `rows` are its events in the order of arrival, not yet written out."""

    config: TownConfig
    ground: TownMap
    people: People
    paths: Paths
    harms: Harms
    surges: tuple[Surge, ...]
    rows: Rows

    def directory(self) -> Directory:
        """Return the area directory."""
        return self.ground.directory

    def event_batches(self) -> Iterator[list[Event]]:
        """Yield all events in lists, in the order of (`ingesttime`, source, id)."""
        return EventWriter(self.ground).batches(self.rows)


def simulate(config: TownConfig) -> Town:
    """Simulate a town. Raises TownError when a number of the config is out of its bounds."""
    checked(config)
    chance = streams_of(config.seed)
    ground = build_map()
    people = build_people(config, ground, chance[Stream.PEOPLE])
    paths = walk_states(config, people.rate, chance[Stream.STATES])
    harms = draw_harms(config, paths, chance[Stream.HARMS])
    surges = plan_surges(config, ground, chance[Stream.SURGES])
    parts = [
        *_about_people(config, people, paths, harms, chance),
        *_about_areas(config, ground, people, surges, chance),
        case_rows(config, ground),
    ]
    return Town(
        config=config,
        ground=ground,
        people=people,
        paths=paths,
        harms=harms,
        surges=surges,
        rows=arrived(joined(parts), ground),
    )


def _about_people(
    config: TownConfig,
    people: People,
    paths: Paths,
    harms: Harms,
    chance: dict[Stream, Chance],
) -> Iterator[Rows]:
    by_report, contents = chance[Stream.REPORTS].spawn(2)
    reports = draw_reports(config, people, paths, harms, by_report)
    told = report_rows(config, people, reports, contents)
    everyday = everyday_rows(config, people, chance[Stream.EVERYDAY])
    visits = visit_rows(config, people, chance[Stream.VISITS])
    yield observed(config, people, told, chance[Stream.OBSERVED_REPORTS])
    yield observed(config, people, everyday, chance[Stream.OBSERVED_EVERYDAY])
    yield observed(config, people, visits, chance[Stream.OBSERVED_VISITS])


def _about_areas(
    config: TownConfig,
    ground: TownMap,
    people: People,
    surges: tuple[Surge, ...],
    chance: dict[Stream, Chance],
) -> Iterator[Rows]:
    background = background_rows(config, ground, chance[Stream.BACKGROUND])
    injected = surge_rows(config, ground, surges, chance[Stream.SURGES])
    yield observed(config, people, background, chance[Stream.OBSERVED_BACKGROUND])
    yield observed(config, people, injected, chance[Stream.OBSERVED_SURGES])
