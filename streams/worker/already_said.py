"""What a historical feed's intake has said before: the last ticks, and pleas that are open.

Rules: after a crash the intake reads again what it had not committed. In a live namespace that is
seconds, and the stages know a signal they have seen. In a feed's own time it may be months, longer
than any stage remembers. But a tick closes its interval on every partition of every log, so an
interval whose tick is there is there whole, and is not said to that partition again. The requests
for help that were opened before are read back too, for ticks wait for them.
"""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.outcomes import ServiceClock
from schemas.records import Tick
from streams.cluster.closing import onlooker
from streams.worker.pleas import Pleas

_log = structlog.get_logger("forewarn.intake")
WINDOW_RECORDS = 2_000
LOOK_BACK_RECORDS_MAX = 1_000_000
READ_S_MAX = 30.0
FETCH_MS = 20
"""How long a broker holds a fetch that finds nothing; the next partition waits for it."""
_TICK = b'{"type":"tick"'
_ADDRESSED = b'"return_address"'
_decode = msgspec.json.Decoder(Tick).decode
_decode_clock = msgspec.json.Decoder(ServiceClock).decode

Place = tuple[str, int]
Said = dict[Place, dict[str, int]]


async def already_said(
    options: dict[str, Any], topics: Mapping[str, int], sources: Iterable[str]
) -> Said:
    """Return, by topic and partition, the last tick of each of these sources (µs, 0 for none).

    `topics` are the numbers of partitions of the logs by full name.
    """
    wanted = frozenset(sources)
    said: Said = {}
    async with _reading(options, topics) as (consumer, extents):
        for part, (begin, end) in extents.items():
            said[part.topic, part.partition] = await _of(consumer, part, wanted, begin, end)
    return said


async def open_pleas(
    options: dict[str, Any], service_log: tuple[str, int], returns: tuple[str, int]
) -> Pleas:
    """Return the requests for help on the service log that are not among the returns.

    Each topic is its full name and number of partitions; at most `LOOK_BACK_RECORDS_MAX` records
    of a partition are looked at, the newest.
    """
    pleas = Pleas()
    async with _reading(options, dict((returns, service_log))) as (consumer, extents):
        for part, (begin, end) in extents.items():
            consumer.resume(part)
            lower = max(begin, end - LOOK_BACK_RECORDS_MAX)
            for value in await _values(consumer, part, lower, end):
                if value is None or _ADDRESSED not in value:
                    continue
                clock = _decode_clock(value)
                if part.topic == returns[0]:
                    pleas.returned(clock.receipt)
                else:
                    pleas.opened(clock)
            consumer.pause(part)
    return pleas


@asynccontextmanager
async def _reading(
    options: dict[str, Any], topics: Mapping[str, int]
) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, tuple[int, int]]]]:
    """Open a consumer on all partitions, paused; with it go where each begins and ends."""
    parts = [TopicPartition(topic, n) for topic, number in topics.items() for n in range(number)]
    async with onlooker(options, fetch_max_wait_ms=FETCH_MS) as consumer:
        consumer.assign(parts)
        begins, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
        consumer.pause(*parts)
        yield consumer, {part: (begins[part], ends[part]) for part in parts}


async def _of(
    consumer: AIOKafkaConsumer, part: TopicPartition, wanted: frozenset[str], begin: int, end: int
) -> dict[str, int]:
    """Look back from the end, window by window, until every source was found."""
    said: dict[str, int] = {}
    floor = max(begin, end - LOOK_BACK_RECORDS_MAX)
    upper, window = end, WINDOW_RECORDS
    consumer.resume(part)
    while upper > floor and wanted - said.keys():
        lower = max(floor, upper - window)
        for value in await _values(consumer, part, lower, upper):
            if value is not None and value.startswith(_TICK):
                tick = _decode(value)
                for source in (tick.source, *tick.others):
                    if source in wanted:
                        said[source] = max(said.get(source, 0), tick.at_us)
        upper, window = lower, 4 * window
    consumer.pause(part)
    return said


async def _values(
    consumer: AIOKafkaConsumer, part: TopicPartition, lower: int, upper: int
) -> list[bytes | None]:
    """Read the values of offsets from `lower` up to, not including, `upper`."""
    consumer.seek(part, lower)
    values: list[bytes | None] = []
    deadline = time.monotonic() + READ_S_MAX
    while await consumer.position(part) < upper:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{part.topic}/{part.partition}: not read in {READ_S_MAX:.0f} s")
        fetched = await consumer.getmany(part, timeout_ms=500)
        values += [one.value for one in fetched.get(part, ()) if one.offset < upper]
    return values
