"""After a takeover: what a former owner still wrote is found and put right.

Rules: a worker that was stopped and goes on may deliver what it had in flight, long after another
has its partitions. Its values are of a smaller generation, so recovery is never fooled, but
compaction keeps the last value, not the right one. So once the former owner's delivery timeout has
passed, the new owner reads the changelog again from its claim on, and writes what holds once more.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.cluster.closing import onlooker
from streams.worker.host import StageHost

_log = structlog.get_logger("forewarn.takeover")
READ_MS = 1_000
READ_S_MAX = 120.0
ATTEMPTS_MAX = 40
BETWEEN_S_MAX = 10.0
"""Together some six minutes: a broker that is away must not end a worker that waits for it."""


class TakeoverWatch:
    """Looks at the tails of the changelogs of what a stage took over, once each time."""

    def __init__(
        self,
        host: StageHost,
        options: dict[str, Any],
        *,
        wait_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._host = host
        self._options = options
        self._wait_s = wait_s
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self.looked = 0

    def begin(self, tails: dict[int, int]) -> None:
        """Look in `wait_s` at these partitions, each from the offset of its claim."""
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._look_later(tails))

    async def stop(self) -> None:
        """Give up what is waiting."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _look_later(self, tails: dict[int, int]) -> None:
        try:
            await asyncio.sleep(self._wait_s)
            for attempt in range(1, ATTEMPTS_MAX + 1):
                try:
                    await self._look(tails)
                except (KafkaError, TimeoutError) as error:
                    _log.warning("tail_not_read", attempt=attempt, detail=repr(error))
                    if attempt == ATTEMPTS_MAX:
                        raise
                    await asyncio.sleep(min(float(attempt), BETWEEN_S_MAX))
                else:
                    self.looked += 1
                    return
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # told to the one who ends the process
            self._failed(error)

    async def _look(self, tails: dict[int, int]) -> None:
        topic = self._host.changelog_topic
        async with onlooker(self._options) as consumer:
            parts = [TopicPartition(topic, partition) for partition in tails]
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            for part in parts:
                consumer.seek(part, min(tails[part.partition] + 1, ends[part]))
            deadline = time.monotonic() + READ_S_MAX
            late: dict[int, set[bytes]] = {}
            while any([await consumer.position(part) < ends[part] for part in parts]):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{topic}: tails not read in {READ_S_MAX:.0f} s")
                for part, records in (await consumer.getmany(timeout_ms=READ_MS)).items():
                    self._compare(part.partition, records, late)
        for partition, keys in late.items():
            await self._host.rewrite(partition, keys)

    def _compare(self, partition: int, records: list[Any], late: dict[int, set[bytes]]) -> None:
        """Note keys whose last value is a former owner's."""
        keys = late.setdefault(partition, set())
        for record in records:
            if self._host.is_late(partition, record.key, record.value):
                keys.add(record.key)
            else:
                keys.discard(record.key)
