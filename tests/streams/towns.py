"""Small towns for whole runs: events of the simulator, and a pipeline that has its areas."""

from datetime import date

import msgspec

from schemas.areas import Directory
from schemas.events import Event
from streams.feeds.town import simulate
from streams.feeds.town_config import TownConfig
from streams.pipeline import Pipeline, PipelineConfig
from tests.streams.intake.contacts import CODE_VERSION, KEYRING, Kept

UNTIL_US = 1_790_000_000_000_000


def town_events(persons: int, days: int, seed: int) -> tuple[list[Event], Directory]:
    """The events of a synthetic town in order, and its areas."""
    town = simulate(TownConfig(persons=persons, days=days, seed=seed, start=date(2025, 1, 1)))
    return [event for batch in town.event_batches() for event in batch], town.directory()


def lines_of(events: list[Event]) -> list[bytes]:
    """Events as the lines of a feed."""
    return [msgspec.json.encode(event) + b"\n" for event in events]


def house_of(directory: Directory, config: PipelineConfig | None = None) -> tuple[Pipeline, Kept]:
    """A pipeline with these areas, and the sink that keeps what it says."""
    kept = Kept()
    pipeline = Pipeline(
        config or PipelineConfig(),
        directory=directory,
        keyring=KEYRING,
        sink=kept,
        code_version=CODE_VERSION,
    )
    return pipeline, kept
