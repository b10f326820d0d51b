"""The logs of a small town's run, as intake and router would fill them, on two partitions each.

Requests for help are left out: their way back goes through two stages, and these logs are made
without running any.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from schemas.areas import Directory
from schemas.events import Event
from schemas.records import Tick
from schemas.taxonomy import Purpose
from schemas.times import to_us
from schemas.topics import CATALOGUE
from streams.log_files import (
    FORMAT,
    LogFile,
    LoggedRecord,
    LogWriter,
    Manifest,
    begin_recording,
    write_manifest,
)
from streams.replay import TICK_US
from streams.worker.routing import Batches, Router
from tests.streams.intake.contacts import CODE_VERSION, intake_with, raw
from tests.streams.towns import lines_of, town_events

SOURCES = tuple(f"{feed}/{number}" for feed in ("incident", "hotline", "grid") for number in (0, 1))
PARTITIONS = {topic.name: min(topic.partitions, 2) for topic in CATALOGUE}


def small_town() -> tuple[list[Event], Directory]:
    events, directory = town_events(persons=60, days=20, seed=4)
    return [one for one in events if one.data.purpose is not Purpose.HELP_REQUEST], directory


def logs_of(events: list[Event], directory: Directory) -> Batches:
    """What the logs of the stages hold after these events, which are in order."""
    intake = intake_with(directory=directory)
    router = Router(PARTITIONS, directory)
    logs: Batches = {}
    next_tick_us = 0
    for number, (event, line) in enumerate(zip(events, lines_of(events), strict=True)):
        at_us = to_us(event.ingesttime or event.time)
        for tick_us in _ticks(next_tick_us, at_us):
            router.tick(logs, Tick(SOURCES[0], tick_us, SOURCES[1:]))
        next_tick_us = (at_us // TICK_US + 1) * TICK_US
        router.take(logs, intake.step(raw(line.strip(), received_us=at_us, offset=number)))
    router.tick(logs, Tick(SOURCES[0], next_tick_us, SOURCES[1:]))
    return logs


def _ticks(next_tick_us: int, at_us: int) -> Iterator[int]:
    return iter(range(next_tick_us, at_us + 1, TICK_US) if next_tick_us else ())


def recording_of(
    logs: Batches, folder: Path, *, directory: Directory, config_sha256: str = "", first: int = 0
) -> Manifest:
    """Write logs as a recording, as if a cluster had kept them from offset `first` on."""
    begin_recording(folder)
    held = defaultdict(list, logs)
    files: list[LogFile] = []
    for name, number in PARTITIONS.items():
        for partition in range(number):
            writer = LogWriter(folder, name, partition)
            records = held[name, partition]
            for offset, (key, value) in enumerate(records, start=first):
                writer.write(LoggedRecord(offset, key, value))
            files.append(writer.finish(first, first + len(records)))
    manifest = Manifest(
        FORMAT, "t", CODE_VERSION, directory.version, config_sha256, SOURCES, tuple(files)
    )
    write_manifest(folder, manifest)
    return manifest
