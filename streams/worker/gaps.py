"""A gap in a log: offsets that hold no record, or records that were passed over?

Rules: a log may have holes (control records of transactions, compaction, retention); those are gone
on, and counted. But a worker that finds itself past a record that is there has lost its place, and
must not go on: it ends, and starts again from what is durable. It asks the broker, as a hole looks
the same from here.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

PROBE_MS = 2_000


class PlaceLostError(RuntimeError):
    """A record between what is durable and what was read was never taken."""


async def refuse_passed_over(
    options: Mapping[str, Any], topic: str, partition: int, wanted: int, found: int
) -> int:
    """Return how many offsets from `wanted` up to `found` hold no record, if none of them does.

    Raises PlaceLostError where one does, KafkaError where the broker cannot be asked.
    """
    consumer = AIOKafkaConsumer(
        **options, enable_auto_commit=False, group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        part = TopicPartition(topic, partition)
        consumer.assign([part])
        consumer.seek(part, wanted)
        records = (await consumer.getmany(part, timeout_ms=PROBE_MS, max_records=1)).get(part, [])
    finally:
        await consumer.stop()
    if records and records[0].offset < found:
        raise PlaceLostError(
            f"{topic}/{partition}: read from offset {found} on, but offset {records[0].offset} was "
            f"never taken; starting again from {wanted} loses nothing"
        )
    return found - wanted
