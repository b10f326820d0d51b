"""A whole worker in this process, over a feed in a namespace, until all of it is durable."""

import asyncio
import io
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from alerts.vault.keyring import Keyring
from forewarn.broker.broker import Broker
from schemas.areas import Directory
from schemas.topics import AREA_LOG, FEEDS, HELP_RETURNS, PERSON_LOG, SERVICE_LOG
from streams.cluster.feeder import feed
from streams.cluster.naming import named
from streams.cluster.provision import create, describe
from streams.pipeline import PipelineConfig
from streams.replay_order import ordered
from streams.worker.options import WorkerOptions
from streams.worker.partitions_there import partitions_or_refuse
from streams.worker.running_intake import RunningIntake
from streams.worker.worker import Worker
from tests.brokers import fresh_namespace
from tests.streams.cluster.clusters import connection_to
from tests.streams.intake.contacts import CODE_VERSION, KEYRING
from tests.streams.towns import UNTIL_US

PINNED = ("intake", "person", "area", "service")
"""Every stage but the learner: no model is activated, so worker and replay use the same one."""
DONE_S_MAX = 240.0
LOGS = {"person": PERSON_LOG.name, "area": AREA_LOG.name, "service": SERVICE_LOG.name}


def worked_through(
    broker: Broker,
    events: bytes,
    directory: Directory,
    *,
    config: PipelineConfig | None = None,
    keyring: Keyring = KEYRING,
    partitions: int = 3,
) -> str:
    """Feed events into a fresh namespace, run a worker until all is durable, return its name."""
    namespace = fresh_namespace()
    link = connection_to(broker)
    create(link, namespace, replication=1, partitions=partitions)
    there = {one.name: one.partitions for one in describe(link, namespace)}
    options = WorkerOptions(
        connection=link,
        config=config or PipelineConfig(),
        directory=directory,
        keyring=keyring,
        code_version=CODE_VERSION,
        partitions=partitions_or_refuse(namespace, there),
        stages=PINNED,
        namespace=namespace,
        faust={"broker_session_timeout": 6.0, "broker_heartbeat_interval": 1.0},
    )
    asyncio.run(_run(options, events))
    return namespace


async def _run(options: WorkerOptions, events: bytes) -> None:
    failures: list[BaseException] = []
    worker = Worker(options, failures.append)
    await worker.start()
    await feed(
        options.connection, options.namespace, ordered(io.BytesIO(events), UNTIL_US, earliest_us=1)
    )
    deadline = time.monotonic() + DONE_S_MAX
    while not await _all_durable(worker):
        assert not failures, failures[0]
        assert time.monotonic() < deadline, "the worker did not get through the feed"
        await asyncio.sleep(0.25)
    await worker.stop()
    assert not failures, failures[0]


async def _all_durable(worker: Worker) -> bool:
    """Say whether everything on raw topics and logs is taken, and nothing came meanwhile."""
    before = await _ends(worker.options)
    behind = [place for place, end in before.items() if _reached(worker, *place) < end]
    return not behind and before == await _ends(worker.options)


def _reached(worker: Worker, topic: str, partition: int) -> int:
    for stage, log in LOGS.items():
        if topic == worker.options.named(log):
            seated = worker.hosts[stage].seats.get(partition)
            return seated.state.progress.next_offset if seated else 0
    intake = worker.running["intake"]
    assert isinstance(intake, RunningIntake)
    durable: Mapping[tuple[str, int], int] = {
        (tp.topic, tp.partition): intake.host.durable_next(tp) or 0
        for tp in intake.host.durable_partitions()
    }
    return durable.get((topic, partition), 0)


async def _ends(options: WorkerOptions) -> dict[tuple[str, int], int]:
    names = [*(topic.name for topic in FEEDS.values()), HELP_RETURNS.name, *LOGS.values()]
    consumer = AIOKafkaConsumer(**options.connection.aiokafka_options(), group_id=None)
    await consumer.start()
    try:
        parts = [
            TopicPartition(named(options.namespace, name), number)
            for name in names
            for number in range(options.partitions[name])
        ]
        ends = await consumer.end_offsets(parts)
        return {(part.topic, part.partition): end for part, end in ends.items()}
    finally:
        await consumer.stop()
