"""Whether each stage of a running worker still moves while there is something for it to read.

Rules: a consumer can stand still without a word, owning partitions that then nobody reads; no alert
comes of them, and no client says so. So the cluster is asked now and then how long the logs are. A
stage that owns unread records and has not moved in as many looks as it is allowed ends the worker:
another start recovers what is durable. A cluster that does not answer is not this watch's business,
and a stage is given longer while a round of it waits for the brokers, which has a bound of its own.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.cluster.closing import onlooker
from streams.worker.watch import Watch

_log = structlog.get_logger("forewarn.standstill")
ANSWER_S_MAX = 20.0
STILL_S_MAX = 60.0
"""Longer than any rebalance or recovery step takes without a sign of progress."""


class StandstillError(RuntimeError):
    """A stage has records to read and does not read them."""


class Moving(Protocol):
    """A stage as this watch sees it."""

    def reading(self) -> Mapping[TP, int]:
        """Return the next offset to read of each owned partition that is not held back."""

    def place(self) -> object:
        """Return what changes whenever the stage gets on, recovery included."""

    def busy(self) -> bool:
        """Say whether a round is under way."""


class StandstillWatch(Watch):
    """Looks every `every_s`; `patience_s` is how long a round waits for the brokers at most.

    What is counted is looks, not seconds: a machine that slept must not look like a standstill.
    """

    def __init__(
        self,
        stages: Mapping[str, Moving],
        kafka: Mapping[str, Any],
        *,
        every_s: float,
        patience_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(every_s, failed)
        self._stages = stages
        self._kafka = kafka
        self._looks_max = math.ceil(STILL_S_MAX / every_s)
        self._looks_busy = self._looks_max + math.ceil(patience_s / every_s)
        self._still: dict[str, tuple[object, int]] = {}

    async def look(self) -> None:
        """Look once, if the cluster answers. Raises StandstillError for a stage that stands."""
        try:
            ends = await asyncio.wait_for(self._ends(), ANSWER_S_MAX)
        except (KafkaError, OSError, TimeoutError) as error:
            # Looks count from when it answers again: nobody moves without a cluster.
            self._still.clear()
            _log.warning("cluster_does_not_answer", detail=str(error) or repr(error))
        else:
            self.compare(ends)

    async def _ends(self) -> dict[TP, int]:
        parts = {TopicPartition(*tp) for one in self._stages.values() for tp in one.reading()}
        async with onlooker(self._kafka) as consumer:
            told = await consumer.end_offsets(parts)
        return {TP(part.topic, part.partition): end for part, end in told.items()}

    def compare(self, ends: Mapping[TP, int]) -> None:
        """Compare where each stage is with where it was. Raises StandstillError."""
        for name, stage in self._stages.items():
            unread = [tp for tp, offset in stage.reading().items() if ends.get(tp, 0) > offset]
            place = stage.place()
            before, looks = self._still.get(name, (None, 0))
            if not unread or place != before:
                self._still[name] = place, 0
                continue
            self._still[name] = place, looks + 1
            if looks + 1 >= (self._looks_busy if stage.busy() else self._looks_max):
                _log.error("standing_still", stage=name, where=str(place))
                raise StandstillError(
                    f"the {name} stage has not moved in {(looks + 1) * self._every_s:.0f} s, and "
                    f"{len(unread)} of its partitions have records to read, {unread[0].topic}/"
                    f"{unread[0].partition} among them. Starting again loses nothing"
                )
