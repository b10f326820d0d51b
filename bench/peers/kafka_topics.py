"""What the measurements ask of the broker: topics made, offsets committed, changelogs added up."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

READ_S_MAX = 120.0
_READ_MS = 1_000
_POLLED_MAX = 10_000


@contextmanager
def admin_of(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Hold an admin client of the broker."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        yield admin
    finally:
        admin.close()


def create(bootstrap: str, partitions: Mapping[str, int], *, compacted: bool = False) -> None:
    """Create topics by name and number of partitions; kafka-python's error when one exists."""
    configs = {"cleanup.policy": "compact" if compacted else "delete"}
    wanted = {
        name: {"num_partitions": number, "replication_factor": 1, "configs": configs}
        for name, number in partitions.items()
    }
    with admin_of(bootstrap) as admin:
        admin.create_topics(wanted, wait_for_metadata=True)


def committed(admin: KafkaAdminClient, group: str, topic: str) -> int:
    """Return the sum of a group's committed offsets; 0 while the broker does not know the group."""
    try:
        offsets = admin.list_group_offsets({group: None}).get(group, {})
    except KafkaError:
        return 0
    return sum(max(at.offset, 0) for part, at in offsets.items() if part.topic == topic)


def total_on(bootstrap: str, changelog: str, count_of: Callable[[bytes], int]) -> int:
    """Read a changelog to its end; return the sum over each key's last value.

    TimeoutError when the broker does not hand it out within `READ_S_MAX`.
    """
    until = time.monotonic() + READ_S_MAX
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_poll_records=_POLLED_MAX
    )
    try:
        numbers = consumer.partitions_for_topic(changelog) or set()
        parts = [TopicPartition(changelog, number) for number in numbers]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        last: dict[tuple[int, bytes], bytes | None] = {}
        while any(consumer.position(part) < ends[part] for part in parts):
            if time.monotonic() > until:
                raise TimeoutError(f"{changelog} was not read within {READ_S_MAX:.0f} s")
            for part, records in consumer.poll(timeout_ms=_READ_MS).items():
                last.update(((part.partition, one.key), one.value) for one in records)
        return sum(count_of(value) for value in last.values() if value)
    finally:
        consumer.close()
