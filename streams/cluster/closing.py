"""Letting a client go without waiting for ever, and a consumer that only looks.

Rules: what a client had to say has been said by then, so its connections may end whenever they do:
one over TLS now and then waits for half a minute for a goodbye that does not come, and whoever
closed it, in the middle of taking partitions over, would wait with it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer

CLOSE_S_MAX = 2.0
_log = structlog.get_logger("forewarn.cluster")


async def let_go(closing: Awaitable[None]) -> None:
    """Wait a moment for `client.stop()` or `client.close()`; leave the rest to its connections."""
    try:
        await asyncio.wait_for(closing, CLOSE_S_MAX)
    except TimeoutError:
        _log.info("closed_late", seconds=CLOSE_S_MAX)


@asynccontextmanager
async def onlooker(kafka: Mapping[str, Any], **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer of no group, which commits nothing; raises KafkaError as its start does."""
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False, group_id=None, **options)
    try:
        await consumer.start()
        yield consumer
    finally:
        await let_go(consumer.stop())
