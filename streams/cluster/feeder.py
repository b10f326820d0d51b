"""The feeder: a feed of JSON lines onto the raw topics, live or in a virtual time of its own.

    lines in replay order ─► partition by (source, id) ─► raw topics of the three feeds
    feed's own time ───────► a tick every quarter of an hour ─► every raw partition

Rules: in a namespace the feeder is the only ticker and makes ticks exactly where a replay makes
them; a partition has them after every record before them. What is sent is sent once: where the
cluster stays away, the feeder stops and says how far it came.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

import msgspec

from schemas.events import FEED_OF_TYPE, EventType
from schemas.taxonomy import Feed
from schemas.times import SECOND_US
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.lanes import Lanes, lanes_of
from streams.cluster.raw import Headers, feeder_headers
from streams.cluster.reading import partitions_on, reader_of
from streams.cluster.sending import ANSWER_S_MAX, producer_to
from streams.replay import TICK_US
from streams.replay_order import Line

RECORD_BYTES_MAX = 900_000
_PROGRESS_EVERY = 4_096

Progress = Callable[[int], None]


class FeedReport(NamedTuple):
    """What was sent: event records, ticks over all partitions, bytes of keys and values.

    `first_us` and `last_us` are the first and last `ingesttime` (0 where none was readable);
    `last_us` is what the feeder's last tick lies after. `cut` records were sent in part.
    """

    records: int
    ticks: int
    bytes: int
    first_us: int
    last_us: int
    seconds: float
    cut: int = 0


class _Typed(msgspec.Struct):
    """The part of an event that says which feed it belongs to."""

    type: EventType


_typed = msgspec.json.Decoder(_Typed).decode


def feed_of(value: bytes) -> Feed:
    """Return the feed of an event by its type; incident where it says none that we know."""
    try:
        return FEED_OF_TYPE[_typed(value).type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Feed.INCIDENT


class _Pace:
    """Holds the feeder back to `speed` times the feed's own time; no speed, no waiting."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._begun: tuple[int, float] | None = None

    def wait_s(self, at_us: int) -> float:
        """Return how long to wait until it is `at_us` in the feed's time, in seconds."""
        if self._speed is None:
            return 0.0
        if self._begun is None:
            self._begun = at_us, time.monotonic()
        first_us, started = self._begun
        return (at_us - first_us) / SECOND_US / self._speed - (time.monotonic() - started)


class _Feeder:
    """One feeding: lines in order in, records and ticks out."""

    def __init__(self, lanes: Lanes, *, virtual: bool, pace: _Pace, epoch: int) -> None:
        self._lanes = lanes
        self._virtual = virtual
        self._pace = pace
        self._epoch = epoch
        self._next_tick_us = 0
        self.records = self.ticks = self.cut = self.first_us = self.last_us = 0

    async def take(self, line: Line) -> None:
        """Send one line, and the ticks that come before it."""
        if line.ingest_us:
            await self._move_to(line.ingest_us)
        value, headers = self._body(line)
        key = f"{line.source}|{line.event_id}" if line.event_id else str(line.number)
        await self._lanes.append(feed_of(line.value), key.encode(), value, headers)
        self.records += 1

    async def finish(self) -> None:
        """Send the last tick, after the newest record, and wait for all acknowledgements."""
        if self.first_us:
            await self._tick()
        await self._lanes.flush()
        await self._lanes.settle()

    async def _move_to(self, at_us: int) -> None:
        if not self.first_us:
            self.first_us = at_us
            self._next_tick_us = (at_us // TICK_US + 1) * TICK_US
        while at_us >= self._next_tick_us:
            await self._wait_until(self._next_tick_us)
            await self._tick()
        await self._wait_until(at_us)
        self.last_us = at_us

    async def _tick(self) -> None:
        if self._virtual:
            self.ticks += await self._lanes.tick(self._next_tick_us, self._epoch)
        self._next_tick_us += TICK_US

    async def _wait_until(self, at_us: int) -> None:
        wait_s = self._pace.wait_s(at_us)
        if wait_s > 0:
            await self._lanes.flush()
            await asyncio.sleep(wait_s)

    def _body(self, line: Line) -> tuple[bytes, Headers]:
        """Return what is sent of a line, with the feeder's word on it in virtual time."""
        value, size, digest = line.value, line.size, line.digest
        if len(value) > RECORD_BYTES_MAX:
            size = size or len(value)
            digest = digest or sha256(value).hexdigest()
            value = value[:RECORD_BYTES_MAX]
        self.cut += bool(size)
        if not self._virtual:
            return value, ()
        return value, feeder_headers(
            received_us=line.ingest_us, place=self.records, size=size, digest=digest
        )


async def refuse_if_fed(connection: Connection, namespace: str) -> None:
    """Raise ClusterError where a namespace with a time of its own was fed before.

    A feed begins its time anew: sent after another, it would run it backwards.
    """
    if not namespace:
        return
    names = [topic.name for topic in FEEDS.values()]
    async with reader_of(connection, namespace, names) as reader:
        if any(one.end for one in await reader.extents()):
            raise ClusterError(
                f"the namespace {namespace} was fed already, and its time cannot run again; "
                "take a new one"
            )


async def feed(
    connection: Connection,
    namespace: str,
    lines: Iterator[Line],
    *,
    speed: float | None = None,
    epoch: int = 0,
    progress: Progress | None = None,
    answer_s_max: float = ANSWER_S_MAX,
) -> FeedReport:
    """Send lines that are in replay order to the raw topics of a namespace; the empty one is live.

    `speed` is how many times faster than its own time the feed runs, None as fast as it can;
    `progress` is told the number of records sent. Raises ClusterError, which says how many records
    and ticks the cluster has for certain, and that the feed is not to be sent there again.
    """
    started = time.perf_counter()
    names = [topic.name for topic in FEEDS.values()]
    try:
        partitions = await partitions_on(connection, namespace, names)
        first = await asyncio.to_thread(next, lines, None)  # the whole feed is read and sorted here
        async with producer_to(connection, answer_s_max=answer_s_max) as producer:
            lanes = lanes_of(producer, namespace, partitions, answer_s_max)
            feeder = _Feeder(lanes, virtual=bool(namespace), pace=_Pace(speed), epoch=epoch)
            await _run(feeder, chain([first] if first else [], lines), lanes, progress)
    finally:
        if isinstance(lines, Generator):
            lines.close()  # with what it keeps on disk
    seconds = time.perf_counter() - started
    return FeedReport(
        feeder.records,
        feeder.ticks,
        lanes.bytes,
        feeder.first_us,
        feeder.last_us,
        seconds,
        feeder.cut,
    )


async def _run(
    feeder: _Feeder, lines: Iterator[Line], lanes: Lanes, progress: Progress | None
) -> None:
    try:
        for line in lines:
            await feeder.take(line)
            if progress is not None and not feeder.records % _PROGRESS_EVERY:
                progress(feeder.records)
        await feeder.finish()
    except ClusterError as error:
        raise ClusterError(
            f"{error} Before that it had taken {lanes.acked:,} records and ticks; some after "
            "them may be there too. Begin again in a new namespace."
        ) from error
    if progress is not None:
        progress(feeder.records)
