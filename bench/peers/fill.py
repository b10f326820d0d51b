"""Fills topics with the records that worker and peers are measured on, fast and the same each time.

Rules: what is written depends on the arguments alone (but for the records' timestamps); whole
batches are built per partition, by Kafka's own partitioner (murmur2 of the key), and every
acknowledgement is awaited before a call returns.
"""

import asyncio
from collections.abc import Iterable, Iterator
from random import Random

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.peers.job import counted
from bench.peers.kafka_topics import create
from bench.persons import four_each
from schemas.codec import encode

KEYS = 10_000
PARTITIONS = 12
VALUE_BYTES = 300
BATCH_BYTES = 262_144
SENT_AT_ONCE_MAX = 64
_LINE = (
    b'{"specversion":"1.0","id":"bench-%012d","source":"/bench/110",'
    b'"type":"forewarn.incident-report.v1","time":"2026-11-01T21:04:00+08:00","data":'
    b'{"purpose":"harm_report","kind":"domestic_violence","area":"440703101002003",'
    b'"severity":%d,"note":"%s"}}'
)
Keyed = tuple[int, bytes, bytes]


def fill(
    bootstrap: str,
    topic: str,
    records: int,
    *,
    keys: int = KEYS,
    partitions: int = PARTITIONS,
    value_bytes: int = VALUE_BYTES,
    seed: int = 1,
) -> None:
    """Create `topic` and write `records` JSON records of `value_bytes` under `keys` string keys."""
    create(bootstrap, {topic: partitions})
    send(bootstrap, topic, reports(records, keys, partitions, value_bytes, seed))


def fill_changelog(bootstrap: str, topic: str, keys: int, *, partitions: int = PARTITIONS) -> None:
    """Write one state of the job for each of `keys` keys to the existing changelog `topic`."""
    names = (key_of(number) for number in range(keys))
    state = counted(None, "bench-of-recovery")
    send(bootstrap, topic, ((partition_of(key, partitions), key, state) for key in names))


def fill_person_log(
    bootstrap: str, topic: str, persons: int, *, partitions: int = PARTITIONS
) -> int:
    """Create `topic` and write four signals for each person, as on a person log; return how many.

    They are the signals of `bench.persons.four_each`, keyed by the person's key.
    """
    create(bootstrap, {topic: partitions})
    keyed = ((signal.person.encode(), encode(signal)) for signal in four_each(persons))
    return send(bootstrap, topic, ((partition_of(k, partitions), k, v) for k, v in keyed))


def key_of(number: int) -> bytes:
    """Return the key of that number."""
    return b"person-%08d" % number


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Java's, aiokafka's and kafka-python's partitioners choose."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def reports(
    records: int, keys: int, partitions: int, value_bytes: int, seed: int
) -> Iterator[Keyed]:
    """Yield partition, key and value of each record."""
    chance = Random(seed)  # noqa: S311  # made-up records, no secret
    named = [(partition_of(key, partitions), key) for key in map(key_of, range(keys))]
    padding = b"x" * max(value_bytes - len(_LINE % (0, 0, b"")), 0)
    for number in range(records):
        partition, key = named[int(chance.random() * keys)]
        yield partition, key, _LINE % (number, number % 5, padding)


def send(bootstrap: str, topic: str, records: Iterable[Keyed]) -> int:
    """Write records to their partitions of `topic`; return how many the broker acknowledged."""
    return asyncio.run(_send(bootstrap, topic, records))


async def _send(bootstrap: str, topic: str, records: Iterable[Keyed]) -> int:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES
    ) as producer:
        filling: dict[int, BatchBuilder] = {}
        waiting: list[asyncio.Future[object]] = []
        sent = 0
        for partition, key, value in records:
            batch = filling.get(partition)
            if batch is None or batch.append(key=key, value=value, timestamp=None) is None:
                if batch is not None:
                    waiting.append(await producer.send_batch(batch, topic, partition=partition))
                batch = filling[partition] = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
            sent += 1
            if len(waiting) >= SENT_AT_ONCE_MAX:
                await asyncio.gather(*waiting)
                waiting.clear()
        for partition, batch in filling.items():
            waiting.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*waiting)
    return sent
