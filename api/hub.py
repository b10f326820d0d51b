"""The hub of the streams: one look into the store for all clients, and a bounded queue for each.

Rules: changes go out in the order of their sequence, each encoded once, whatever the number of
clients. A client too slow for its queue is dropped, and is told so after what it still gets; it can
come back with the last id it has. The hub stops looking while nobody listens.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import msgspec
import structlog
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from alerts.store.engine import StoreError
from alerts.store.reading import Reading
from alerts.store.views import AlertView, ChangeView
from api.meters import Meters
from api.parts import ApiConfig

_FAILED_WAIT_S = 1.0
_log = structlog.get_logger("forewarn.api")
_encode = msgspec.json.Encoder().encode


class StreamedAlert(msgspec.Struct, frozen=True):
    """One event of the stream: what happened to an alert, and the alert as it is now."""

    sequence: int
    what: str
    view: AlertView


class Told(NamedTuple):
    """One change, ready to be sent to whoever may see an area of its line."""

    sequence: int
    line: tuple[str, ...]
    wire: bytes


def told(change: ChangeView) -> Told:
    """Return a change as it goes out."""
    data = _encode(StreamedAlert(change.sequence, change.what, change.view)).decode()
    wire = format_sse_event(data_str=data, event="alert", id=str(change.sequence))
    return Told(change.sequence, change.view.line, wire)


class Listener:
    """One client's queue."""

    def __init__(self, queue_max: int) -> None:
        self._queue: deque[Told] = deque()
        self._queue_max = queue_max
        self._news = asyncio.Event()
        self.dropped = False
        self.closing = False
        self.lost_at: int | None = None

    def put(self, change: Told) -> bool:
        """Queue a change; false where the queue is full, which is its end."""
        if len(self._queue) >= self._queue_max:
            self.dropped = True
        else:
            self._queue.append(change)
        self._news.set()
        return not self.dropped

    def lose(self, last: int) -> None:
        """Note that changes up to `last` are not kept any more."""
        self.lost_at = last
        self._news.set()

    def close(self) -> None:
        """End the stream, because the service stops."""
        self.closing = True
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to say; false where there was nothing for so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
            self._news.clear()
            return True
        return False

    def take(self) -> list[Told]:
        """Return what is queued, and leave nothing."""
        queued = list(self._queue)
        self._queue.clear()
        return queued


class Hub:
    """Follows the store's changes for all streams of this process."""

    def __init__(self, reading: Reading, meters: Meters, config: ApiConfig) -> None:
        self._reading = reading
        self._meters = meters
        self._config = config
        self._listeners: set[Listener] = set()
        self._polling: asyncio.Task[None] | None = None
        self._somebody = asyncio.Event()
        self.closed = False
        self.position = -1
        """The sequence up to which listeners have been told; below 0 before the first look."""

    async def start(self) -> None:
        """Begin to look."""
        self._polling = asyncio.create_task(self._poll())

    def close(self) -> None:
        """End all streams, each with a last word."""
        self.closed = True
        for listener in list(self._listeners):
            listener.close()

    async def stop(self) -> None:
        """Stop looking."""
        self.close()
        if self._polling is not None:
            self._polling.cancel()
            with suppress(asyncio.CancelledError):
                await self._polling

    @property
    def full(self) -> bool:
        """Whether as many streams are open as may be."""
        return len(self._listeners) >= self._config.stream_clients_max

    async def join(self) -> tuple[Listener, int]:
        """Return a queue of what comes after the returned sequence. Raises StoreError."""
        listener = Listener(self._config.stream_queue_max)
        if not self._listeners:
            # Nobody listened, so nothing was looked at: what lies between is for nobody.
            self.position = -1
        self._listeners.add(listener)
        self._meters.stream_clients.set(len(self._listeners))
        self._somebody.set()
        try:
            if self.position < 0:
                newest = await run_in_threadpool(self._reading.sequence)
                if self.position < 0:  # nobody else found it meanwhile
                    self.position = newest
        except StoreError:
            self.leave(listener)
            raise
        return listener, self.position

    def leave(self, listener: Listener) -> None:
        """Forget a queue."""
        self._listeners.discard(listener)
        self._meters.stream_clients.set(len(self._listeners))
        if not self._listeners:
            self._somebody.clear()

    async def _poll(self) -> None:
        while True:
            await self._somebody.wait()
            wait_s = self._config.stream_poll_s
            if self.position >= 0:
                try:
                    if await self._look():
                        wait_s = 0.0
                except StoreError as error:
                    self._meters.stream_polls.labels("failed").inc()
                    _log.warning("stream_poll_failed", detail=str(error))
                    wait_s = _FAILED_WAIT_S
            await asyncio.sleep(wait_s)

    async def _look(self) -> bool:
        """Tell what changed since the last look; true where there may be more at once."""
        at = self.position
        changes = await run_in_threadpool(self._reading.alerts_after, at)
        self._meters.stream_polls.labels("done").inc()
        if self.position != at:
            return True  # everybody left and somebody came while we looked
        if changes.lost:
            self._each(lambda listener: listener.lose(changes.last))
        for change in changes.rows:
            self._tell(told(change))
        self.position = changes.last
        self._meters.stream_sequence.set(self.position)
        return bool(changes.rows)

    def _each(self, act: Callable[[Listener], None]) -> None:
        for listener in list(self._listeners):
            act(listener)

    def _tell(self, change: Told) -> None:
        for listener in list(self._listeners):
            if not listener.put(change):
                self._meters.stream_dropped.inc()
                self.leave(listener)
