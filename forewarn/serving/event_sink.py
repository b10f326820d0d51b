"""Where posted events go: the raw topics of Kafka, by one idempotent producer.

Rules: `send` returns when the brokers have acknowledged every event and raises when they have not
in time; the producer goes on trying what it was handed, which does no harm, because an event is
known by its source and id. A record's partition follows from its key as any client would choose it.
How much may wait at once is bounded; what is beyond is refused at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from api.parts import Outgoing, SinkAwayError
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.naming import named
from streams.cluster.sending import producer_to

ACK_S_MAX = 10.0
WAITING_MAX = 20_000
LINGER_MS = 3
"""Events of several requests then share a request to the broker; none of them notices."""
REACH_S_MAX = 2.0
BATCHED_MIN = 16
"""From so many events on we make the batches."""
_AGAIN_S = 2.0
_partition = DefaultPartitioner()

_log = structlog.get_logger("forewarn.api")


class KafkaSink:
    """An `api.parts.EventSink` on Kafka. It connects, and comes back, by itself, in `run`."""

    def __init__(
        self,
        connection: Connection,
        namespace: str = "",
        *,
        ack_s_max: float = ACK_S_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._connection = connection
        self._topics = {feed: named(namespace, topic.name) for feed, topic in FEEDS.items()}
        self._ack_s_max = ack_s_max
        self._waiting_max = waiting_max
        self._waiting = 0
        self._sending: set[asyncio.Future[None]] = set()
        self._producer: AIOKafkaProducer | None = None
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Keep a producer until `stop`: a broker that is not there yet is waited for."""
        told = False
        while not self._ended.is_set():
            try:
                async with producer_to(
                    self._connection, answer_s_max=self._ack_s_max, linger_ms=LINGER_MS
                ) as producer:
                    self._producer = producer
                    told = False
                    await self._ended.wait()
                    self._producer = None
            except (ClusterError, KafkaError, OSError) as error:
                self._producer = None
                if not told:  # once for each time that it goes away
                    _log.warning("broker_away", detail=str(error))
                told = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _AGAIN_S)

    def stop(self) -> None:
        """Let `run` end once what is on its way has been sent."""
        self._ended.set()

    async def send(self, events: Sequence[Outgoing]) -> None:
        """Return once the brokers have acknowledged all of them. Raises SinkAwayError."""
        producer = self._producer
        if producer is None or self._waiting + len(events) > self._waiting_max:
            raise SinkAwayError
        sending = asyncio.ensure_future(self._sent(producer, events))
        self._sending.add(sending)
        self._waiting += len(events)

        def ended(_: object) -> None:
            # Not before: what was given up on above still lies in the producer.
            self._sending.discard(sending)
            self._waiting -= len(events)
            if not sending.cancelled():
                sending.exception()

        sending.add_done_callback(ended)
        done, _ = await asyncio.wait([sending], timeout=self._ack_s_max)
        if not done:
            raise SinkAwayError
        try:
            sending.result()
        except KafkaError as error:
            raise SinkAwayError from error

    async def _sent(self, producer: AIOKafkaProducer, events: Sequence[Outgoing]) -> None:
        if len(events) < BATCHED_MIN:
            topics = self._topics
            acks = [await producer.send(topics[one.feed], one.value, one.key) for one in events]
        else:
            acks = await self._batches_sent(producer, events)
        await asyncio.gather(*acks)

    async def _batches_sent(
        self, producer: AIOKafkaProducer, events: Sequence[Outgoing]
    ) -> list[asyncio.Future[object]]:
        """Hand events over as batches we make ourselves, which costs a tenth of one by one."""
        acks: list[asyncio.Future[object]] = []
        for (topic, partition), held in (await self._placed(producer, events)).items():
            batch = producer.create_batch()
            for one in held:
                if batch.append(timestamp=None, key=one.key, value=one.value, headers=[]) is None:
                    acks.append(await _handed_over(producer, batch, topic, partition))
                    batch = producer.create_batch()
                    batch.append(timestamp=None, key=one.key, value=one.value, headers=[])
            acks.append(await _handed_over(producer, batch, topic, partition))
        return acks

    async def _placed(
        self, producer: AIOKafkaProducer, events: Sequence[Outgoing]
    ) -> dict[tuple[str, int], list[Outgoing]]:
        """Return the events by topic and partition."""
        partitions = {
            feed: sorted(await producer.partitions_for(self._topics[feed]))
            for feed in {one.feed for one in events}
        }
        placed: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        for one in events:
            known = partitions[one.feed]
            placed[self._topics[one.feed], _partition(one.key, known, known)].append(one)
        return placed

    async def reachable(self) -> bool:
        """Say whether the brokers answer, within two seconds."""
        producer = self._producer
        if producer is None:
            return False
        try:
            async with asyncio.timeout(REACH_S_MAX):
                return bool(await producer.client.force_metadata_update())
        except (TimeoutError, KafkaError):
            return False


async def _handed_over(
    producer: AIOKafkaProducer, batch: Any, topic: str, partition: int
) -> "asyncio.Future[object]":
    """Hand a batch over; the future is its acknowledgement."""
    batch.close()
    acked: asyncio.Future[object] = await producer.send_batch(batch, topic, partition=partition)
    return acked
