"""Reading topics back: from their beginning to their present end, or on and on.

Rules: no consumer group and no commit, so that looking changes nothing; records of one partition
come in their order; the end is the one at the start, whatever is written meanwhile; every wait has
a bound.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.cluster.closing import let_go
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.naming import named
from streams.cluster.reach import reach_async

ANSWER_S_MAX = 30.0
_POLL_MS = 500
_RECORDS_MAX = 10_000
_FETCH_BYTES = 1024 * 1024
Headers = tuple[tuple[str, bytes], ...]
T = TypeVar("T")


class KeptRecord(NamedTuple):
    """One record of a topic as it is kept there; `topic` is the name without its namespace."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Extent(NamedTuple):
    """What a partition keeps at present: its first offset and the one after its last."""

    topic: str
    partition: int
    first: int
    end: int


class Reader:
    """Some topics of a namespace, open for reading; made by `reader_of`."""

    def __init__(self, consumer: AIOKafkaConsumer, prefix: str, answer_s_max: float) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._answer_s_max = answer_s_max

    async def extents(self) -> list[Extent]:
        """Return what every partition keeps at present, in order of topic and partition."""
        places = self._consumer.assignment()
        first = await self._answered(self._consumer.beginning_offsets(places))
        end = await self._answered(self._consumer.end_offsets(places))
        return [
            Extent(self._plain(place.topic), place.partition, first[place], end[place])
            for place in sorted(places)
        ]

    async def to_end(self, extents: Sequence[Extent]) -> AsyncIterator[list[KeptRecord]]:
        """Yield all that the partitions keep up to these ends, in chunks of one partition each."""
        left = {self._place(one): one.end for one in extents if one.end > one.first}
        everything = {self._place(one) for one in extents}
        self._consumer.pause(*(everything - set(left)))
        for one in extents:
            if one.end > one.first:
                self._consumer.seek(self._place(one), one.first)
        while left:
            chunks = await self._fetch(left)
            for place, records in chunks.items():
                end = left.get(place, 0)
                kept = [self._kept(record) for record in records if record.offset < end]
                if kept:
                    yield kept
            for place in await self._reached(left):
                del left[place]
                self._consumer.pause(place)

    async def onward(self) -> AsyncIterator[list[KeptRecord]]:
        """Yield what comes, for ever; an empty list where nothing came for half a second."""
        while True:
            chunks = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_MAX)
            for records in chunks.values():
                yield [self._kept(record) for record in records]
            if not chunks:
                yield []

    async def pass_over(self) -> None:
        """Pass over all that is kept at present."""
        await self._answered(self._consumer.seek_to_end())

    async def _reached(self, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Return the partitions read to their end; the last offset may hold no record to see."""
        return [place for place, end in ends.items() if await self._consumer.position(place) >= end]

    async def _fetch(self, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, list[Any]]:
        until = asyncio.get_running_loop().time() + self._answer_s_max
        while asyncio.get_running_loop().time() < until:
            chunks: dict[TopicPartition, list[Any]] = await self._consumer.getmany(
                timeout_ms=_POLL_MS, max_records=_RECORDS_MAX
            )
            if chunks or await self._reached(ends):
                return chunks
        raise ClusterError(
            f"the cluster sent nothing for {self._answer_s_max:.0f} s, though there is more to "
            "read; is it running?"
        )

    async def _answered(self, wait: Awaitable[T]) -> T:
        return await answered(wait, self._answer_s_max)

    def _plain(self, topic: str) -> str:
        return topic.removeprefix(self._prefix)

    def _place(self, extent: Extent) -> TopicPartition:
        return TopicPartition(f"{self._prefix}{extent.topic}", extent.partition)

    def _kept(self, record: Any) -> KeptRecord:
        return KeptRecord(
            self._plain(record.topic),
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )


async def answered(wait: Awaitable[T], answer_s_max: float = ANSWER_S_MAX) -> T:
    """Return what the cluster answers; ClusterError where it refuses, or says nothing in time."""
    try:
        return await asyncio.wait_for(wait, answer_s_max)
    except TimeoutError as error:
        raise ClusterError(
            f"the cluster did not answer within {answer_s_max:.0f} s; is it running?"
        ) from error
    except KafkaError as error:
        raise ClusterError(f"the cluster refused: {error!r}") from error


async def partitions_on(
    connection: Connection, namespace: str, topics: Iterable[str]
) -> dict[str, int]:
    """Return the number of partitions of topics of a namespace, by the names as given.

    Raises ClusterError where the cluster cannot be reached, or has no such topic.
    """
    await reach_async(connection)
    names = {named(namespace, topic): topic for topic in topics}
    admin = AIOKafkaAdminClient(**connection.aiokafka_options())
    try:
        await answered(admin.start())
        told = await answered(admin.describe_topics(list(names)))
    finally:
        await let_go(admin.close())
    found = {names[one["topic"]]: len(one["partitions"]) for one in told if not one["error_code"]}
    missing = [name for name, topic in names.items() if not found.get(topic)]
    if missing:
        raise ClusterError(
            f"the cluster has no topic {', '.join(missing)}; make the topics of the namespace "
            "first: forewarn topics --help"
        )
    return found


@asynccontextmanager
async def reader_of(
    connection: Connection,
    namespace: str,
    topics: Iterable[str],
    *,
    answer_s_max: float = ANSWER_S_MAX,
) -> AsyncIterator[Reader]:
    """Open topics of a namespace, from their beginning. ClusterError as `partitions_on`."""
    partitions = await partitions_on(connection, namespace, topics)
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_options(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await answered(consumer.start(), answer_s_max)
        places = [
            TopicPartition(named(namespace, topic), partition)
            for topic, number in partitions.items()
            for partition in range(number)
        ]
        consumer.assign(places)
        yield Reader(consumer, named(namespace, ""), answer_s_max)
    finally:
        await let_go(consumer.stop())


async def read_to_end(
    connection: Connection, namespace: str, topics: Iterable[str]
) -> AsyncIterator[list[KeptRecord]]:
    """Yield all that topics keep at present, in chunks of one partition each, in its order."""
    async with reader_of(connection, namespace, topics) as reader:
        async for chunk in reader.to_end(await reader.extents()):
            yield chunk
