"""The same core in a bare aiokafka loop: read, decode, step, encode what it says, throw it away.

    python -m bench.measure_worker_bare TASK     (TASK is the JSON of a `BareTask`)

Rules: nothing is produced, nothing is durable, no offset is committed, no group is joined: what is
left is what the core costs on Kafka at the least. The states are those of a replay.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.feeds import directory
from bench.measure_worker_process import Task, options_of
from bench.peers.job import rss_bytes_max
from detectors.person_model import PersonModel, model_of
from schemas.closed import Closed
from schemas.codec import decoder_of
from schemas.outcomes import ModelSnapshot
from schemas.topics import ALL_TOPICS, AREA_LOG, MODEL_SNAPSHOTS, PERSON_LOG
from schemas.versioned import AREA_CELL, AREA_SERIES, PERSON_HISTORY
from streams.area_stage import AreaStage
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.person_stage import PersonStage
from streams.pipeline import PipelineConfig
from streams.state import LiveState, PackedState
from streams.worker.routing import Router

FETCH_BYTES_MAX = 4 * 1024 * 1024
POLLED_MAX = 2_000
SLICE_RECORDS = 250
_READ_MS = 200
Take = Callable[[TopicPartition, list[Any]], None]


class Step(Protocol):
    """A stage, whatever its records are."""

    def step(self, record: Any, out: Outputs) -> None:
        """Take one record in."""


class BareTask(Closed, frozen=True):
    """Where the person log, the area log and the models are, by plain name."""

    bootstrap: str
    topics: dict[str, str]


class BareSaid(Closed, frozen=True):
    """Seconds and core seconds from the first record on, and memory."""

    seconds: float
    cpu_s: float
    rss_bytes_max: int


def stages_of(log: str, number: int, models: dict[str, PersonModel]) -> list[Step]:
    """Return a stage for each partition of a log, with its state in memory."""
    config = PipelineConfig()
    sources = options_of(Task("", "", (), 0)).sources()
    if log == PERSON_LOG.name:
        return [
            PersonStage(config.person, PackedState(PERSON_HISTORY), StageClock(sources), models)
            for _ in range(number)
        ]
    return [
        AreaStage(
            config.area,
            directory=directory(),
            cells=LiveState(AREA_CELL),
            series=LiveState(AREA_SERIES),
            clock=StageClock(sources),
        )
        for _ in range(number)
    ]


async def run(task: BareTask) -> BareSaid:
    """Read the logs to their ends."""
    models: dict[str, PersonModel] = {}
    decode_model = decoder_of(MODEL_SNAPSHOTS.name)

    def learn(_part: TopicPartition, records: list[Any]) -> None:
        for record in records:
            snapshot = decode_model(record.value)
            if isinstance(snapshot, ModelSnapshot):
                models[snapshot.model_version] = model_of(snapshot)

    await _read(task.bootstrap, {task.topics[MODEL_SNAPSHOTS.name]: 1}, learn)
    logs = {task.topics[log.name]: log for log in (PERSON_LOG, AREA_LOG)}
    stages = {topic: stages_of(log.name, log.partitions, models) for topic, log in logs.items()}
    decoders = {topic: decoder_of(log.name) for topic, log in logs.items()}
    router = Router({topic.name: topic.partitions for topic in ALL_TOPICS}, directory())

    def step(part: TopicPartition, records: list[Any]) -> None:
        stage, decode = stages[part.topic][part.partition], decoders[part.topic]
        for start in range(0, len(records), SLICE_RECORDS):
            out = Outputs()
            for record in records[start : start + SLICE_RECORDS]:
                stage.step(decode(record.value), out)
            router.stage_waves(out)

    numbers = {topic: log.partitions for topic, log in logs.items()}
    return await _read(task.bootstrap, numbers, step)


async def _read(bootstrap: str, numbers: Mapping[str, int], take: Take) -> BareSaid:
    """Read topics to their ends; return what it took from the first record on."""
    parts = [TopicPartition(name, place) for name, n in numbers.items() for place in range(n)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=FETCH_BYTES_MAX,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )
    await consumer.start()
    first_s = cpu_first_s = 0.0
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        left = {part for part, end in ends.items() if end}
        while left:
            fetched = await consumer.getmany(timeout_ms=_READ_MS, max_records=POLLED_MAX)
            if fetched and not first_s:
                first_s, cpu_first_s = time.time(), time.process_time()
            for part, records in fetched.items():
                take(part, records)
                if records[-1].offset + 1 >= ends[part]:
                    left.discard(part)
    finally:
        done_s, cpu_done_s = time.time(), time.process_time()
        await consumer.stop()
    return BareSaid(done_s - first_s, cpu_done_s - cpu_first_s, rss_bytes_max())


def main(arguments: list[str]) -> None:
    """Run the task of the command line, and say when it was done."""
    said = uvloop.run(run(msgspec.json.decode(arguments[0], type=BareTask)))
    sys.stdout.write(f"{msgspec.json.encode(said).decode()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
