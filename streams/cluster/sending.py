"""Sending to a cluster: one idempotent producer, and a bound on every wait.

Rules: an idempotent producer retries for ever and never writes twice, so the bound is ours; after
it, what was not acknowledged is given up and the error says so. Nothing is sent again by us.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from streams.cluster.connect import Connection
from streams.cluster.reading import answered

ANSWER_S_MAX = 60.0
BATCH_BYTES = 256 * 1024
_FLUSH_S_MAX = 10.0


@asynccontextmanager
async def producer_to(
    connection: Connection, *, answer_s_max: float = ANSWER_S_MAX, linger_ms: int = 0
) -> AsyncIterator[AIOKafkaProducer]:
    """Run an idempotent producer; ClusterError where the cluster does not answer in time.

    `linger_ms` is how long a record waits for others to go with it.
    """
    producer = AIOKafkaProducer(
        **connection.aiokafka_options(),
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
        linger_ms=linger_ms,
    )
    try:
        await answered(producer.start(), answer_s_max)
        yield producer
    except BaseException:
        _give_up(producer)
        raise
    finally:
        await _stop(producer)


def _give_up(producer: AIOKafkaProducer) -> None:
    """End the task that would send on for ever; what waits in it is given up."""
    task = producer._sender.sender_task  # noqa: SLF001  # no public way out of its endless retry
    if task is not None:
        task.cancel()


async def _stop(producer: AIOKafkaProducer) -> None:
    stopping = asyncio.ensure_future(producer.stop())
    done, _ = await asyncio.wait([stopping], timeout=_FLUSH_S_MAX)
    if not done:
        _give_up(producer)
    await stopping
