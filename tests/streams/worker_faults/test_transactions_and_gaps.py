"""Offsets without a record: ends of transactions, and what retention or compaction took away.

Nothing waits for an offset that has no record. Transactions of a sender are read as they come: the
worker does not wait for their end, since a sender that hangs would hold back a red alert, so what
was aborted counts as said. A gateway that must be able to take back has to do so before it sends.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from forewarn.broker.broker import Broker
from schemas.codec import encode
from schemas.topics import PERSON_LOG
from streams.partitions import of_hex
from tests.brokers import own_broker
from tests.builders import person_signal, signal_id
from tests.streams.worker_faults.running import (
    PARTITIONS,
    RAW,
    Sent,
    Space,
    admin_of,
    assessed,
    committed,
    good,
    kept,
    letters,
    put,
    put_good,
    space_on,
    tick,
    wait_for_good,
    wait_until,
    worker_process,
)


def put_in_transaction(
    space: Space, name: str, records: Sequence[Sent], *, aborted: bool = False
) -> None:
    """Send records to the first partition in one transaction, and commit or abort it."""

    async def send() -> None:
        options = space.connection.aiokafka_options()
        async with AIOKafkaProducer(
            **options, transactional_id=f"{space.namespace}-{name}"
        ) as producer:
            await producer.begin_transaction()
            for value, key, headers in records:
                await producer.send_and_wait(
                    space.topic(name), value, key, 0, headers=list(headers)
                )
            await (producer.abort_transaction() if aborted else producer.commit_transaction())

    asyncio.run(send())


def delete_up_to(space: Space, name: str, offset: int, partition: int = 0) -> None:
    """Take away what stands before an offset, as retention does."""
    with admin_of(space) as admin:
        admin.delete_records({TopicPartition(space.topic(name), partition): offset})


def signals_of_partition_0(numbers: Sequence[int]) -> list[Sent]:
    """Records of the person log whose persons belong to its first partition."""
    found = []
    for number in numbers:
        person = signal_id(number * 2**96 * PARTITIONS)
        assert of_hex(person, PARTITIONS) == 0
        found.append(Sent(encode(person_signal(number, person=person))))
    return found


def test_transactions_on_raw_topics_and_logs_hold_nothing_back(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    put_in_transaction(space, RAW, [good(1), good(2)])
    put_in_transaction(space, RAW, [good(3)], aborted=True)
    put(space, RAW, [good(4)])
    tick(space, 4)
    put_in_transaction(space, RAW, [good(5)])
    put_in_transaction(space, PERSON_LOG.name, signals_of_partition_0([901]))
    put_in_transaction(space, PERSON_LOG.name, signals_of_partition_0([902]), aborted=True)
    with worker_process(space, tmp_path) as worker:
        wait_until(lambda: len(assessed(space)) == 4 + 2, "what was said before the tick")
        put_in_transaction(space, RAW, [good(6)], aborted=True)
        tick(space, 6)
        wait_until(lambda: len(assessed(space)) == 6 + 2, "what was said after it")
        put_in_transaction(space, PERSON_LOG.name, signals_of_partition_0([903]))
        wait_until(lambda: len(assessed(space)) == 6 + 3, "what a transaction ends with")
        assert worker.stopped().code == 0
    with worker_process(space, tmp_path) as worker:
        put_good(space, range(7, 17))
        wait_until(lambda: len(assessed(space)) == 16 + 3, "what came after a restart")
        assert worker.stopped().code == 0
    assert not letters(space)


def test_records_that_retention_took_are_a_gap_and_hold_nothing_back(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    put(space, RAW, [good(n) for n in range(100, 110)])
    put(space, PERSON_LOG.name, [Sent(b"gone")] * 10)
    delete_up_to(space, RAW, 10)
    delete_up_to(space, PERSON_LOG.name, 8)
    put_good(space, range(10))
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 10)
        assert worker.stopped().code == 0
    assert len(letters(space)) == 2
    assert committed(space, "intake")[f"{RAW}/0"] == 16


def test_what_retention_takes_while_a_worker_is_away_ends_in_a_gap(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    put_good(space, range(10))
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 10)
        assert worker.stopped().code == 0
    put(space, RAW, [good(n) for n in range(100, 110)])
    put(space, PERSON_LOG.name, [Sent(b"gone")] * 10)
    delete_up_to(space, RAW, 16)
    with admin_of(space) as admin:
        place = TopicPartition(space.topic(PERSON_LOG.name), 0)
        admin.delete_records({place: -1})
    put_good(space, range(10, 20))
    with worker_process(space, tmp_path) as worker:
        wait_until(lambda: len(assessed(space)) == 20, "what came after the gap")
        assert worker.stopped().code == 0


COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "1000",
}


def test_holes_that_compaction_leaves_hold_nothing_back(tmp_path: Path) -> None:
    with own_broker(tmp_path, properties={"log.cleaner.backoff.ms": "200"}) as broker:
        space = space_on(broker)
        with admin_of(space) as admin:
            topics = [space.topic(name) for name in (RAW, PERSON_LOG.name)]
            admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic, COMPACTED) for topic in topics]
            )
        for number in range(100, 110):
            put(space, RAW, [good(number)])
            put(space, PERSON_LOG.name, signals_of_partition_0([number]))
        put(space, RAW, [good(1)._replace(key=b"another")] * 2)

        def rolled() -> int:
            put(space, RAW, [good(2)._replace(key=b"another")])
            put(space, PERSON_LOG.name, [Sent(b"garbage", b"another")])
            return len(kept(space, [RAW, PERSON_LOG.name]))

        wait_until(lambda: rolled() < 15, "compaction to leave holes")
        before = {letter.offset for letter in letters(space)}
        assert not before
        put_good(space, range(3, 9))
        with worker_process(space, tmp_path) as worker:
            wait_until(lambda: len(assessed(space)) >= 6, "what came after the holes")
            offsets = {record.offset for record in kept(space, [RAW]) if record.partition == 0}
            wait_until(
                lambda: committed(space, "intake").get(f"{RAW}/0") == max(offsets) + 1,
                "the offset after the last record",
            )
            assert worker.stopped().code == 0
