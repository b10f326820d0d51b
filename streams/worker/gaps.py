"""A gap in a log: offsets that hold no record, or records that were passed over?

Rules: a log may have holes (control records of transactions, compaction, retention); those are gone
on over, and counted. But a worker that finds itself past a record that is there has lost its place,
and must not go on: it ends, and starts again from what is durable. It asks the broker, as a hole
looks the same from here.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.cluster.closing import onlooker
from streams.worker.seats import LogRecord

PROBE_MS = 500
PROBE_S_MAX = 30.0


class PlaceLostError(RuntimeError):
    """A record between what is durable and what was read was never taken."""


class Fresh(NamedTuple):
    """Records from a wanted offset on, each once and in order; `whole` where none is missing."""

    records: list[LogRecord]
    whole: bool


def in_order(records: Iterable[LogRecord], wanted: int) -> Fresh:
    """Leave out what is below `wanted` or stands twice, as chunks may overlap."""
    fresh: list[LogRecord] = []
    whole = True
    for record in records:
        offset = record.offset
        if offset >= wanted:
            whole = whole and offset == wanted
            wanted = offset + 1
            fresh.append(record)
    return Fresh(fresh, whole)


async def refuse_passed_over(
    options: Mapping[str, Any], topic: str, partition: int, wanted: int, taken: Sequence[int]
) -> int:
    """Return how many offsets from `wanted` up to the last one taken hold no record.

    `taken` are the offsets that were read, in order. Raises PlaceLostError where a record of that
    range was not, KafkaError or TimeoutError where the broker does not answer.
    """
    there = await _offsets(options, TopicPartition(topic, partition), wanted, taken[-1] + 1)
    passed_over = sorted(there - set(taken))
    if passed_over:
        raise PlaceLostError(
            f"{topic}/{partition}: read up to offset {taken[-1]}, but {len(passed_over)} records "
            f"from offset {passed_over[0]} on were never taken; starting again from {wanted} "
            "loses nothing"
        )
    return taken[-1] + 1 - wanted - len(taken)


async def _offsets(
    options: Mapping[str, Any], part: TopicPartition, begin: int, end: int
) -> set[int]:
    """Return the offsets that hold a record, from `begin` up to, not including, `end`."""
    there: set[int] = set()
    async with onlooker(options, auto_offset_reset="earliest") as consumer:
        consumer.assign([part])
        consumer.seek(part, begin)
        deadline = time.monotonic() + PROBE_S_MAX
        while await consumer.position(part) < end:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{part.topic}/{part.partition}: not read again in time")
            records = (await consumer.getmany(part, timeout_ms=PROBE_MS)).get(part, [])
            there.update(record.offset for record in records if record.offset < end)
    return there
