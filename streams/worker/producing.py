"""The produce path of the stages: whole batches out, every acknowledgement awaited.

Rules: nothing is sent and forgotten. The producer is idempotent, so a retry inside it changes
nothing. What it gives up on is sent again by a new producer until `patience_s` is over; repeated
outputs have the ids they had. After that the failure is the caller's to die of.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.cluster.raw import Headers

OUTPUT_BYTES_MAX = 900_000
"""One batch of outputs: below the limit that topics have by default."""
CHANGE_BATCH_BYTES_MAX = 8 * 1024 * 1024
"""One batch of changes: half of what a changelog takes (`schemas.topics.CHANGE_BYTES_MAX`)."""
RECORD_OVERHEAD_BYTES = 100

Record = tuple[bytes, bytes | None]
"""Key and value; no value is a tombstone."""

_log = structlog.get_logger("forewarn.producing")


class OutputError(RuntimeError):
    """Outputs or state could not be written within the patience of the worker."""


class StageProducer:
    """Sends batches and waits for all their acknowledgements.

    `options` are aiokafka's (where and how to connect). `bytes_max` bounds one batch: what fits in
    it is on the topic whole or not at all.
    """

    def __init__(
        self,
        options: dict[str, Any],
        *,
        bytes_max: int = OUTPUT_BYTES_MAX,
        request_s_max: float = 40.0,
        patience_s: float = 300.0,
    ) -> None:
        self._options = {
            **options,
            "acks": "all",
            "enable_idempotence": True,
            "max_batch_size": 2 * bytes_max,
            "max_request_size": 4 * bytes_max,
            "request_timeout_ms": int(request_s_max * 1_000),
        }
        self.bytes_max = bytes_max
        self.patience_s = patience_s
        self.bytes_sent = 0
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises KafkaError where no broker answers."""
        producer = AIOKafkaProducer(**self._options)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Let go of the connection; what was sent was acknowledged already."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def send(
        self, batches: Mapping[tuple[str, int], Sequence[Record]], headers: Headers = ()
    ) -> dict[tuple[str, int], int]:
        """Send records by topic and partition, all under the same headers.

        Returns the last offset of each partition.
        Raises OutputError when the brokers did not take them within the patience.
        """
        lasts = await asyncio.gather(
            *(self._send_to(*place, records, headers) for place, records in batches.items())
        )
        return dict(zip(batches, lasts, strict=True))

    async def _send_to(
        self, topic: str, partition: int, records: Sequence[Record], headers: Headers
    ) -> int:
        deadline = time.monotonic() + self.patience_s
        sent, last = 0, -1
        while sent < len(records):
            producer = self._producer
            try:
                if producer is None:
                    raise OutputError("the producer is stopped")
                left = records[sent:] if sent else records
                count, last = await self._one_batch(producer, topic, partition, left, headers)
                sent += count
            except KafkaError as error:
                await self._after(error, producer, topic, partition, deadline)
        return last

    async def _one_batch(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partition: int,
        records: Sequence[Record],
        headers: Headers,
    ) -> tuple[int, int]:
        """Send as many records as fit in one batch; return their number and last offset."""
        batch = producer.create_batch()
        count = 0
        append, said = batch.append, list(headers)
        room = self.bytes_max
        for key, value in records:
            room -= len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES
            if count and room < 0:
                break
            if append(key=key, value=value, timestamp=None, headers=said) is None:
                break
            count += 1
        if not count:
            raise MessageSizeTooLargeError
        batch.close()
        size = batch.size()
        future = await producer.send_batch(batch, topic, partition=partition)
        done = await future
        self.bytes_sent += size
        return count, done.offset + count - 1

    async def _after(
        self,
        error: KafkaError,
        failed: AIOKafkaProducer | None,
        topic: str,
        partition: int,
        deadline: float,
    ) -> None:
        """Wait a moment and renew the producer, or give up."""
        if isinstance(error, MessageSizeTooLargeError):
            raise OutputError(
                f"{topic}/{partition}: a record is larger than the topic takes; compare its "
                "max.message.bytes with the catalogue: forewarn topics check"
            ) from error
        if time.monotonic() >= deadline:
            raise OutputError(
                f"{topic}/{partition}: not acknowledged in {self.patience_s:.0f} s: {error!r}"
            ) from error
        _log.warning("not_acknowledged", topic=topic, partition=partition, detail=repr(error))
        async with self._renewing:
            if self._producer is failed and failed is not None:
                await self._renew(failed, deadline)

    async def _renew(self, failed: AIOKafkaProducer, deadline: float) -> None:
        """Replace a producer that gave up; keep trying until the deadline."""
        try:
            await asyncio.wait_for(failed.stop(), timeout=5.0)
        except (TimeoutError, KafkaError) as error:
            _log.warning("old_producer_not_stopped", detail=repr(error))
        while True:
            try:
                await self.start()
            except KafkaError as error:
                if time.monotonic() >= deadline:
                    raise OutputError(f"no broker answers: {error!r}") from error
                await asyncio.sleep(1.0)
            else:
                return
