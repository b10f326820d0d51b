"""`GET /v1/stream`: alerts as they change, by server-sent events.

    ready ──► alert, alert, … ──► end        and a heartbeat whenever nothing was said for a while
                 └─► reset: changes were lost, read the list again

Rules: every event has the sequence of its change as its id; who comes back with it in
`Last-Event-ID` gets what came since, within a bound, else `reset`. A stream always ends with a
reason: too slow, token no longer good, service stopping. A client that takes nothing for long is
hung up on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, NamedTuple

import msgspec
from fastapi import Header, Query
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from alerts.store.engine import StoreError
from alerts.store.reading import Reading
from alerts.store.tokens import Caller
from api.access import Gate, caller_of, own_area, sees, token_of
from api.asking import AreaCode
from api.hub import Hub, Listener, told
from api.meters import Meters
from api.parts import ApiConfig
from api.problem_words import ProblemType
from api.problems import Problem, later

RETRY_MS = 2_000
_AREAS_MAX = 50
_encode = msgspec.json.Encoder().encode


class Ended(msgspec.Struct, frozen=True):
    """The last event of a stream, and why it is the last."""

    reason: str


class View(NamedTuple):
    """What one client of the stream gets to see."""

    caller: Caller
    token: str
    areas: frozenset[str]

    def shows(self, line: tuple[str, ...]) -> bool:
        """Say whether a change in this line of areas is for this client."""
        wanted = not self.areas or not self.areas.isdisjoint(line)
        return wanted and sees(self.caller, line)


class StreamResponse(EventSourceResponse):
    """A stream that ends in order, whoever ends it, and hangs up on a client that takes nothing."""

    def __init__(
        self, events: AsyncIterator[bytes], stall_s_max: float, on_end: Callable[[bool], None]
    ) -> None:
        headers = {"x-accel-buffering": "no"}
        super().__init__(events, headers=headers)
        self._stall_s_max = stall_s_max
        self._on_end = on_end
        self._stalled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until either side ends it."""

        async def bounded(message: Message) -> None:
            try:
                async with asyncio.timeout(self._stall_s_max):
                    await send(message)
            except TimeoutError:
                self._stalled = True
                raise

        try:
            await super().__call__(scope, receive, bounded)
        except TimeoutError:
            if not self._stalled:
                raise
        finally:
            self._on_end(self._stalled)


class Streaming:
    """Serves the stream."""

    def __init__(
        self, hub: Hub, reading: Reading, gate: Gate, config: ApiConfig, meters: Meters
    ) -> None:
        self._hub = hub
        self._reading = reading
        self._gate = gate
        self._config = config
        self._meters = meters

    async def stream(
        self,
        request: Request,
        area: Annotated[list[AreaCode], Query(max_length=_AREAS_MAX)] = [],  # noqa: B006  # FastAPI copies it
        last_event_id: Annotated[
            str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,18}$")
        ] = None,
    ) -> Response:
        """Stream alerts as they change."""
        caller = caller_of(request)
        for code in area:
            await run_in_threadpool(own_area, caller, code, self._reading)
        if self._hub.full or self._hub.closed:
            raise later(ProblemType.TOO_MANY_STREAMS, self._config.retry_after_s)
        view = View(caller, token_of(request), frozenset(area))
        since = None if last_event_id is None else int(last_event_id)
        listener, position = await self._hub.join()

        def ended(stalled: bool) -> None:
            self._hub.leave(listener)
            if stalled and not listener.dropped:
                self._meters.stream_dropped.inc()

        events = self._events(view, listener, position, since)
        return StreamResponse(events, self._config.stream_stall_s_max, ended)

    async def _events(
        self, view: View, listener: Listener, position: int, since: int | None
    ) -> AsyncIterator[bytes]:
        last = position
        yield format_sse_event(
            data_str="{}",
            event="ready",
            id=str(position) if since is None else None,
            retry=RETRY_MS,
        )
        if since is not None:
            async for wire in self._missed(view, since, position):
                yield wire
        beat_s = self._config.stream_heartbeat_s
        due = _now_s() + beat_s
        while True:
            await listener.wait(max(0.0, due - _now_s()))
            if listener.lost_at is not None:
                yield reset(listener.lost_at)
                listener.lost_at = None
            for change in listener.take():
                if change.sequence > last and view.shows(change.line):
                    yield change.wire
                last = max(last, change.sequence)
            reason = _end_of(listener)
            if _now_s() >= due and reason is None:
                reason = await self._not_good(view.token)
                due = _now_s() + beat_s
                # An id without data moves the client's place on and shows it nothing.
                yield format_sse_event(comment="heartbeat", id=str(last))
            if reason is not None:
                yield end(reason)
                return

    async def _missed(self, view: View, since: int, position: int) -> AsyncIterator[bytes]:
        """Yield what a client missed while it was away, or that it cannot be told any more."""
        last, shown = since, 0
        while last != position:
            try:
                changes = await run_in_threadpool(self._reading.alerts_after, last)
            except StoreError:
                yield reset(position)
                return
            if changes.lost or shown + len(changes.rows) > self._config.stream_replay_max:
                yield reset(position)
                return
            for row in changes.rows:
                if row.sequence <= position and view.shows(row.view.line):
                    yield told(row).wire
            shown += len(changes.rows)
            last = min(changes.last, position) if changes.rows else position

    async def _not_good(self, token: str) -> str | None:
        """Return why a token is no longer good, None while it is."""
        try:
            await self._gate.caller(token)
        except Problem as problem:
            return problem.type.value
        except StoreError:
            return None  # the store is away, the stream says so by its silence
        return None


def reset(sequence: int) -> bytes:
    """Return the event that says: changes were lost, read the list again, go on from here."""
    return format_sse_event(data_str="{}", event="reset", id=str(sequence))


def end(reason: str) -> bytes:
    """Return the last event of a stream."""
    return format_sse_event(data_str=_encode(Ended(reason)).decode(), event="end")


def _end_of(listener: Listener) -> str | None:
    if listener.dropped:
        return "too-slow"
    return "stopping" if listener.closing else None


def _now_s() -> float:
    return asyncio.get_running_loop().time()
