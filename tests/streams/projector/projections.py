"""What tests of the projector share: topics filled with a small history, and running it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from alerts.store.tables import CHANGES, OFFSETS, PROJECTED
from forewarn.broker.broker import Broker
from schemas.areas import Directory, read_directory
from schemas.closed import Closed
from schemas.codec import encode
from schemas.outcomes import Alert, Assessment, ModelSnapshot, ServiceClock
from schemas.records import Activated, Activation, HistoryMove, MoveReason, Tick
from schemas.topics import (
    ALERTS,
    AREA_LOG,
    ASSESSMENTS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
)
from streams.partitions import of_hex
from streams.projector.projector import Projector, ProjectorOptions
from streams.worker.routing import Batches
from tests.alerts.store.stores import rows_of
from tests.builders import NOW_US, PERSON, area_signal, person_signal, signal_id
from tests.streams.cluster.clusters import PARTITIONS, connection_to

GOLDEN = Path(__file__).parents[2] / "golden"
WAIT_S_MAX = 30.0
MODEL = "person-1-abc"
MOVED_TO = "c" * 32
REPORTS = 30
REPORTED_AREA = "990101001001001"


def golden(name: str, kind: type[Any]) -> list[Any]:
    """The records in a golden file."""
    lines = (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=kind) for line in lines]


def town() -> Directory:
    """The directory of the golden town."""
    return read_directory((GOLDEN / "areas.json").read_bytes())


def add(batches: Batches, topic: str, key: str, record: Closed) -> None:
    """Add a record to the partition of its key."""
    batch = batches.setdefault((topic, of_hex(key, PARTITIONS)), [])
    batch.append((key.encode(), encode(record)))


def history() -> Batches:
    """A small history on all projected topics: the golden town's outputs, and some reports."""
    batches: Batches = {}
    for alert in golden("alerts", Alert):
        add(batches, ALERTS.name, alert.alert_id, alert)
    for one in golden("assessments", Assessment):
        add(batches, ASSESSMENTS.name, signal_id(len(one.assessment_id)), one)
    for clock in golden("service-clocks", ServiceClock):
        add(batches, SERVICE_CLOCKS.name, clock.receipt, clock)
    for number in range(1, REPORTS + 1):
        reported = person_signal(number, area=REPORTED_AREA)
        add(batches, PERSON_LOG.name, reported.person, reported)
        add(batches, AREA_LOG.name, signal_id(1), area_signal(number, area=REPORTED_AREA))
    move = HistoryMove(PERSON, MOVED_TO, MoveReason.MERGE, NOW_US)
    add(batches, PERSON_LOG.name, PERSON, move)
    for partition in range(PARTITIONS):
        said = [Tick("town", NOW_US), Activation(Activated.PERSON_MODEL, MODEL, 1, NOW_US)]
        batches.setdefault((PERSON_LOG.name, partition), []).extend(
            (b"all", encode(one)) for one in said
        )
    body = ModelSnapshot(MODEL, 1, 1, b"{}", "d" * 64, NOW_US)
    batches[MODEL_SNAPSHOTS.name, 0] = [(MODEL.encode(), encode(body))]
    return batches


def options(broker: Broker, namespace: str, engine: Engine, **changed: Any) -> ProjectorOptions:
    """How a test's projector runs."""
    given: dict[str, Any] = {"directory": town(), "away_s_max": 5.0, **changed}
    return ProjectorOptions(connection_to(broker), namespace, engine, **given)


def run_until(told: ProjectorOptions, done: Callable[[], bool]) -> Projector:
    """Run a projector until something is so, within a bound; then stop it."""
    projector = Projector(told)

    async def run() -> None:
        stopping = asyncio.Event()
        running = asyncio.create_task(projector.run(stopping))
        until = time.monotonic() + WAIT_S_MAX
        while not running.done() and not await asyncio.to_thread(done):
            assert time.monotonic() < until, "the projector did not get there in time"
            await asyncio.sleep(0.02)
        stopping.set()
        await running

    asyncio.run(run())
    return projector


def all_read(engine: Engine, batches: Batches) -> Callable[[], bool]:
    """Whether the store has read all that was put on the topics."""
    ends = {place: len(records) for place, records in batches.items()}

    def done() -> bool:
        read = {
            (row["topic"], row["partition"]): row["next_offset"] for row in rows_of(engine, OFFSETS)
        }
        return all(read.get(place, 0) >= end for place, end in ends.items())

    return done


def projected(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All projected rows but the feed of changes, which tells what came when."""
    return {
        table.name: rows_of(engine, table) for table in PROJECTED if table not in (CHANGES, OFFSETS)
    }
