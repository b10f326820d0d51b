"""The loop of every stage: gather what has come, take it in one round, make it durable, go on.

Rules: one round at a time, so what a round wrote is written before the next begins. The inbox is
bounded, and a full one holds the agent back. When partitions are revoked, the round under way is
finished within a bound or abandoned whole, and what waits is forgotten: it will be read again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from faust.types import TP

from streams.worker.seats import LogRecord
from streams.worker.transport import Chunk

_log = structlog.get_logger("forewarn.rounds")
INBOX_CHUNKS_MAX = 64

Gathered = dict[TP, list[LogRecord]]
RoundOf = Callable[[Gathered], Awaitable[None]]


class Rounds:
    """Feeds chunks to a round function; `failed` is told of what no round may raise."""

    def __init__(
        self,
        take_round: RoundOf,
        failed: Callable[[BaseException], None],
        *,
        records_max: int = 4_000,
        drain_s_max: float = 20.0,
    ) -> None:
        self._take_round = take_round
        self._failed = failed
        self._records_max = records_max
        self._drain_s_max = drain_s_max
        self._inbox: asyncio.Queue[Chunk] = asyncio.Queue(INBOX_CHUNKS_MAX)
        self._resting = asyncio.Event()
        self._resting.set()
        self._taking = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take rounds."""
        self._taking = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def put(self, chunk: Chunk) -> None:
        """Hand a chunk in; waits while the inbox is full. During a drain it is forgotten."""
        if self._taking:
            await self._inbox.put(chunk)

    def busy(self) -> bool:
        """Say whether a round is under way."""
        return not self._resting.is_set()

    def nudge(self) -> None:
        """Have a round taken though nothing came, if none is waiting anyway."""
        if self._inbox.empty():
            self._inbox.put_nowait(Chunk(TP("", 0), []))

    async def drain(self) -> bool:
        """Finish the round under way and forget what waits; False when it had to be abandoned."""
        # No round may begin after this: what stood before its chunks has just been forgotten.
        self._taking = False
        self.forget_waiting()
        finished = True
        try:
            await asyncio.wait_for(self._resting.wait(), self._drain_s_max)
        except TimeoutError:
            finished = False
            _log.warning("round_abandoned", seconds=self._drain_s_max)
        await self.stop()
        self.forget_waiting()
        # Faust may let flow go on before the rounds begin again: what comes then waits for them.
        self._taking = True
        return finished

    def forget_waiting(self) -> None:
        """Empty the inbox."""
        while not self._inbox.empty():
            self._inbox.get_nowait()

    async def stop(self) -> None:
        """Stop taking rounds, whatever is under way."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._resting.set()

    async def _run(self) -> None:
        try:
            while self._taking:
                gathered = await self._gather()
                await self._take_round(gathered)
                self._resting.set()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # told to the one who ends the process
            self._failed(error)

    async def _gather(self) -> Gathered:
        """Wait for a chunk; take all that are there with it, up to the bound."""
        first = await self._inbox.get()
        self._resting.clear()
        gathered: Gathered = {first.tp: list(first.records)}
        number = len(first.records)
        while number < self._records_max and not self._inbox.empty():
            chunk = self._inbox.get_nowait()
            gathered.setdefault(chunk.tp, []).extend(chunk.records)
            number += len(chunk.records)
        return gathered


def now_s() -> float:
    """Return the monotonic time in seconds."""
    return time.monotonic()
