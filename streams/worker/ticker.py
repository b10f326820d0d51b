"""The ticker of live topics: time told to every raw partition, whether anything else comes or not.

Rules: the worker that owns the first raw partition tells time, under the generation of its group as
epoch, so a former ticker is told from the present one. A tick is only ever the broker's own present
or past (the intake refuses others), so a clock that jumps ahead moves nothing. A namespace of a
historical feed has no ticker but its feeder.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from schemas.times import SECOND_US
from streams.cluster.raw import TICK_HEADERS, TICK_KEY, RawTick, write_tick
from streams.worker.producing import StageProducer

_log = structlog.get_logger("forewarn.ticker")


class Ticker:
    """Appends ticks while `epoch` says that this worker should (None: it should not)."""

    def __init__(
        self,
        producer: StageProducer,
        partitions: Iterable[tuple[str, int]],
        *,
        every_s: float,
        epoch: Callable[[], int | None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._producer = producer
        self._partitions = list(partitions)
        self._every_s = every_s
        self._epoch = epoch
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self.last_us = 0

    def start(self) -> None:
        """Begin to tell time."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop telling time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while True:
                epoch = self._epoch()
                if epoch is not None:
                    await self.tell(int(time.time() * SECOND_US), epoch)
                await asyncio.sleep(self._every_s)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # told to the one who ends the process
            self._failed(error)

    async def tell(self, at_us: int, epoch: int) -> None:
        """Append one tick to every raw partition; one that goes back in time is left out."""
        if at_us <= self.last_us:
            _log.warning("clock_went_back", by_us=self.last_us - at_us)
            return
        self.last_us = at_us
        value = write_tick(RawTick(at_us, epoch))
        batches = {place: [(TICK_KEY, value)] for place in self._partitions}
        await self._producer.send(batches, TICK_HEADERS)
