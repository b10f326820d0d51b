"""The lanes of a feeder: one batch in the making for each partition of each raw topic.

Rules: a record's lane follows from its key, as every Kafka client would choose it (murmur2). Lanes
are sent together, a round at a time, so that no partition runs far ahead of another in the feed's
time, and at most two rounds are in memory: one on its way and one in the making.
"""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from schemas.taxonomy import Feed
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError
from streams.cluster.naming import named
from streams.cluster.raw import TICK_HEADERS, TICK_KEY, Headers, RawTick, write_tick
from streams.cluster.reading import answered

ROUND_BYTES_MAX = 2 * 1024 * 1024
_OVERHEAD_BYTES = 16
_partition = DefaultPartitioner()


class Lane:
    """One partition of one raw topic, filled batch by batch."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self._producer = producer
        self.batch = producer.create_batch()

    def append(self, key: bytes, value: bytes, headers: Headers) -> bool:
        """Append a record to the batch; false where it is full."""
        added = self.batch.append(timestamp=None, key=key, value=value, headers=list(headers))
        return added is not None

    async def send(self) -> asyncio.Future[object] | None:
        """Hand the batch over, if there is anything in it; the future is its acknowledgement."""
        if not self.batch.record_count():
            return None
        batch, self.batch = self.batch, self._producer.create_batch()
        batch.close()
        acked: asyncio.Future[object] = await self._producer.send_batch(
            batch, self.topic, partition=self.partition
        )
        return acked


class Lanes:
    """All partitions of all raw topics; sent in rounds, one on its way while the next is filled."""

    def __init__(self, lanes: dict[Feed, list[Lane]], answer_s_max: float) -> None:
        self._lanes = lanes
        self._places = {feed: list(range(len(of_feed))) for feed, of_feed in lanes.items()}
        self._all = [lane for of_feed in lanes.values() for lane in of_feed]
        self._answer_s_max = answer_s_max
        self._waiting: list[asyncio.Future[object]] = []
        self._filled = 0
        self.bytes = 0
        self.acked = 0
        self._handed = 0

    async def append(self, feed: Feed, key: bytes, value: bytes, headers: Headers) -> None:
        """Append a record to the lane that its key belongs to."""
        places = self._places[feed]
        lane = self._lanes[feed][_partition(key, places, places)]
        await self._append(lane, key, value, headers)
        if self._filled > ROUND_BYTES_MAX:
            await self.flush()

    async def tick(self, at_us: int, epoch: int) -> int:
        """Append a tick to every lane and return how many."""
        value = write_tick(RawTick(at_us, epoch))
        for lane in self._all:
            await self._append(lane, TICK_KEY, value, TICK_HEADERS)
        if self._filled > ROUND_BYTES_MAX:
            await self.flush()
        return len(self._all)

    async def _append(self, lane: Lane, key: bytes, value: bytes, headers: Headers) -> None:
        if not lane.append(key, value, headers):
            await self._send(lane)
            if not lane.append(key, value, headers):
                raise ClusterError(f"a record of {len(value):,} bytes fits into no batch")
        size = len(key) + len(value)
        self._filled += size + _OVERHEAD_BYTES
        self.bytes += size

    async def _send(self, lane: Lane) -> None:
        self._handed += lane.batch.record_count()
        acked = await answered(lane.send(), self._answer_s_max)
        if acked is not None:
            self._waiting.append(acked)

    async def flush(self) -> None:
        """Send all lanes, once the round before is acknowledged."""
        await self.settle()
        for lane in self._all:
            await self._send(lane)
        self._filled = 0

    async def settle(self) -> None:
        """Wait until everything handed over is acknowledged."""
        waiting, self._waiting = self._waiting, []
        handed = self._handed
        await answered(asyncio.gather(*waiting), self._answer_s_max)
        self.acked = handed


def lanes_of(
    producer: AIOKafkaProducer, namespace: str, partitions: dict[str, int], answer_s_max: float
) -> Lanes:
    """Return lanes for all raw topics, whose partitions are counted by their plain names."""
    lanes = {
        of_feed: [
            Lane(producer, named(namespace, topic.name), partition)
            for partition in range(partitions[topic.name])
        ]
        for of_feed, topic in FEEDS.items()
    }
    return Lanes(lanes, answer_s_max)
