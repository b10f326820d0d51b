"""Reading the projected topics from where the store stands.

Rules: no consumer group: the offsets are the store's own. A store that is ahead of a topic belongs
to another one, and is refused; records that a topic let go before they were read are counted and
told, for they are lost to the store.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from alerts.store.told import Place
from schemas.topics import Cleanup, topic_named
from streams.cluster.closing import let_go
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.pacing import ALONE_MS, Pace, is_behind
from streams.cluster.reading import Extent, KeptRecord, answered, partitions_on, reader_of
from streams.projector.records import PROJECTED_TOPICS

_FETCH_BYTES = 1024 * 1024
_BY_AGE = [name for name in PROJECTED_TOPICS if topic_named(name).cleanup is Cleanup.DELETE]


class AheadError(Exception):
    """The store has read further than a topic goes; the message says what to do."""


class Fetched(NamedTuple):
    """What one fetch brought, and the offsets to read next."""

    records: list[KeptRecord]
    offsets: dict[Place, int]


class Source:
    """The projected topics, open for reading; made by `source_of`."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        prefix: str,
        partitions: Mapping[str, int],
        starts: Mapping[Place, int],
        lost: Mapping[str, int],
    ) -> None:
        """`starts` is where reading begins; `lost` are records by topic that were gone by then."""
        self._consumer = consumer
        self._prefix = prefix
        self._next = dict(starts)
        self._pace = Pace()
        self.partitions = partitions
        self.lost = lost

    async def fetch(self, records_max: int, wait_s: float) -> Fetched:
        """Return what there is, at most so many records, after waiting at most so long."""
        chunks = await self._consumer.getmany(
            timeout_ms=int(wait_s * 1_000), max_records=records_max
        )
        records: list[KeptRecord] = []
        offsets: dict[Place, int] = {}
        for place, some in chunks.items():
            topic = place.topic.removeprefix(self._prefix)
            records += [
                KeptRecord(topic, one.partition, one.offset, one.timestamp, one.key, one.value, ())
                for one in some
            ]
            offsets[topic, place.partition] = some[-1].offset + 1
        self._next |= offsets
        if chunks:
            fetcher = self._consumer._fetcher  # noqa: SLF001  # has no public name
            self._pace.fetched(fetcher, behind=is_behind(chunks, self._consumer.highwater))
        return Fetched(records, offsets)

    async def unread(self, ends: Mapping[Place, int] | None = None) -> dict[Place, int]:
        """Return the ends of partitions not read up to them; of all, as they are now, if not told.

        The last offset of a partition may hold no record to see, so positions are compared.
        """
        places = {
            (place.topic.removeprefix(self._prefix), place.partition): place
            for place in self._consumer.assignment()
        }
        if ends is None:
            now = await answered(self._consumer.end_offsets(list(places.values())))
            ends = {key: now[place] for key, place in places.items()}
        return {
            key: end
            for key, end in ends.items()
            if await self._consumer.position(places[key]) < end
        }

    def lag(self) -> dict[str, int]:
        """Return how many records of each topic are known to wait."""
        waiting = dict.fromkeys(self.partitions, 0)
        for place in self._consumer.assignment():
            high = self._consumer.highwater(place)
            topic = place.topic.removeprefix(self._prefix)
            if high is not None:
                waiting[topic] += max(0, high - self._next[topic, place.partition])
        return waiting


async def extents_of(
    consumer: AIOKafkaConsumer, prefix: str, places: list[TopicPartition]
) -> list[Extent]:
    """Return what these partitions keep at present."""
    first = await answered(consumer.beginning_offsets(places))
    end = await answered(consumer.end_offsets(places))
    return [
        Extent(place.topic.removeprefix(prefix), place.partition, first[place], end[place])
        for place in places
    ]


async def no_longer_kept(connection: Connection, namespace: str) -> dict[str, int]:
    """Return how many records of the projected topics are gone, by topic; raises ClusterError.

    Compacted topics let go what is told again later, so they are not among them.
    """
    gone: dict[str, int] = {}
    async with reader_of(connection, namespace, _BY_AGE) as reader:
        for extent in await reader.extents():
            if extent.first:
                gone[extent.topic] = gone.get(extent.topic, 0) + extent.first
    return gone


@asynccontextmanager
async def source_of(
    connection: Connection, namespace: str, offsets: Mapping[Place, int]
) -> AsyncIterator[Source]:
    """Open the projected topics at these offsets, or their beginning where there is none.

    Raises ClusterError as `partitions_on`, AheadError.
    """
    partitions = await partitions_on(connection, namespace, PROJECTED_TOPICS)
    prefix = named(namespace, "")
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_options(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=ALONE_MS,
    )
    try:
        await answered(consumer.start())
        places = [
            TopicPartition(named(namespace, topic), partition)
            for topic, number in partitions.items()
            for partition in range(number)
        ]
        consumer.assign(places)
        starts: dict[Place, int] = {}
        lost: dict[str, int] = {}
        for extent in await extents_of(consumer, prefix, places):
            key = extent.topic, extent.partition
            starts[key] = _start_of(extent, offsets.get(key), lost)
            place = TopicPartition(named(namespace, extent.topic), extent.partition)
            consumer.seek(place, starts[key])
        yield Source(consumer, prefix, partitions, starts, lost)
    finally:
        await let_go(consumer.stop())


def _start_of(extent: Extent, stored: int | None, lost: dict[str, int]) -> int:
    if stored is None:
        return extent.first
    if stored > extent.end:
        raise AheadError(
            f"the store has read partition {extent.partition} of {extent.topic} up to {stored}, "
            f"and it ends at {extent.end}: the topic was made anew, or the store is another "
            "cluster's; forewarn store rebuild reads everything again"
        )
    if stored < extent.first:
        lost[extent.topic] = lost.get(extent.topic, 0) + extent.first - stored
    return max(stored, extent.first)
