"""The Faust peer, as its guide would write it: `async for` over a stream, and a Table.

    python -m bench.peers.faust_idiomatic count|recover BOOTSTRAP TOPIC GROUP RECORDS \
        PARTITIONS DEADLINE_S

`count` counts the records of TOPIC, commits and ends. `recover` starts on an empty TOPIC and a
changelog that is full already, and ends when the table is recovered. The topics exist already.
"""

import asyncio
import logging
import sys
import tempfile
import time
from typing import Any

import faust
import msgspec
from faust.types import StreamT

from bench.peers.job import Counting, counted

TABLE = "counts"
COMMIT_S = 1.0
_POLL_S = 0.02
_END_S_MAX = 15.0


def app_of(bootstrap: str, group: str, folder: str) -> faust.App:
    """Return the app; its settings are those of a production worker."""
    return faust.App(
        group,
        broker=f"aiokafka://{bootstrap}",
        store="memory://",
        datadir=folder,
        web_enabled=False,
        autodiscover=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        processing_guarantee="at_least_once",
        cython_optimizations=True,
        broker_commit_interval=COMMIT_S,
        broker_max_poll_records=2_000,
        broker_session_timeout=15,
        broker_heartbeat_interval=3,
        broker_request_timeout=40,
        consumer_max_fetch_size=4_194_304,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_linger=0.005,
        producer_max_batch_size=262_144,
        table_standby_replicas=0,
    )


def _table(app: faust.App, topic: str, counting: Counting, partitions: int) -> Any:
    """Define the table and the agent that counts into it."""
    table: Any = app.Table(TABLE, partitions=partitions, key_type=bytes, value_type=bytes)
    source = app.topic(topic, key_serializer="raw", value_serializer="raw")

    async def count(stream: StreamT[Any]) -> None:
        async for event in stream.events():
            record = msgspec.json.decode(event.value)
            table[event.key] = counted(table.get(event.key), record["id"])
            counting.took_one()

    app.agent(source, name="count")(count)
    return table


async def _count(app: faust.App, counting: Counting, done: asyncio.Event) -> None:
    """Run until every record is counted and its offset committed."""
    await app.start()
    await done.wait()
    while sum(app.monitor.tp_committed_offsets.values()) < counting.wanted:
        await app.consumer.commit()
        await asyncio.sleep(_POLL_S)
    counting.say()


async def _recover(app: faust.App, table: Any, counting: Counting, done: asyncio.Event) -> None:
    """Run until the table is recovered; the time is from the assignment of its partitions."""

    async def assigned(*_: object, **__: object) -> None:
        counting.first_s = time.time()

    async def recovered() -> None:
        done.set()

    app.on_partitions_assigned.connect(assigned)
    table.on_recover(recovered)
    await app.start()
    await done.wait()
    recovered_s = time.time()
    counting.counted = len(table)
    counting.say(recovered_s)


async def _run(
    mode: str, bootstrap: str, topic: str, group: str, records: int, partitions: int
) -> None:
    done = asyncio.Event()
    counting = Counting(records, done.set)
    with tempfile.TemporaryDirectory() as folder:
        app = app_of(bootstrap, group, folder)
        table = _table(app, topic, counting, partitions)
        if mode == "recover":
            await _recover(app, table, counting, done)
        else:
            await _count(app, counting, done)
        await asyncio.wait_for(app.stop(), _END_S_MAX)


def main(arguments: list[str]) -> None:
    """Run what the command line says; TimeoutError when it takes longer than the deadline."""
    mode, bootstrap, topic, group, records, partitions, deadline_s = arguments
    logging.basicConfig(level=logging.WARNING)
    job = _run(mode, bootstrap, topic, group, int(records), int(partitions))
    asyncio.run(asyncio.wait_for(job, float(deadline_s)))


if __name__ == "__main__":
    main(sys.argv[1:])
