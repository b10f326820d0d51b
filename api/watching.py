"""How the API stands, for what supervises it: alive, started, ready, and its metrics.

Rules: open without a token, because they hold counts and states only, and a supervisor should keep
no secret. *Ready* means that questions can be answered, which needs the store; a broker that is
away is told, and makes `POST /v1/events` answer 503, but takes no reader away.
"""

from typing import Literal

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from alerts.store.reading import Reading
from api.meters import CONTENT_TYPE, Meters
from api.parts import Parts

State = Literal["ok", "away"]
_encode = msgspec.json.Encoder().encode


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the service stands; `store` and `broker` where they were asked."""

    status: Literal["ok", "starting", "degraded", "unavailable"]
    version: str
    store: State | None = None
    broker: State | None = None


class Watching:
    """Answers supervisors."""

    def __init__(self, parts: Parts, reading: Reading, meters: Meters) -> None:
        self._parts = parts
        self._reading = reading
        self._meters = meters
        self.started = False

    async def live(self) -> Response:
        """Say that the process answers."""
        return _said(Standing("ok", self._parts.version))

    async def startup(self) -> Response:
        """Say whether the service has started."""
        if not self.started:
            return _said(Standing("starting", self._parts.version), 503)
        return _said(Standing("ok", self._parts.version))

    async def ready(self) -> Response:
        """Say whether questions can be answered."""
        store = await run_in_threadpool(self._reading.ready)
        broker = await self._parts.sink.reachable()
        status: Literal["ok", "degraded", "unavailable"] = (
            "unavailable" if not store else "ok" if broker else "degraded"
        )
        said = Standing(status, self._parts.version, _state(store), _state(broker))
        return _said(said, 200 if store else 503)

    async def metrics(self) -> Response:
        """Return the metrics as Prometheus reads them."""
        exposition = await run_in_threadpool(self._meters.exposition)
        return Response(exposition, headers={"content-type": CONTENT_TYPE})


def _state(answers: bool) -> State:
    return "ok" if answers else "away"


def _said(standing: Standing, status: int = 200) -> Response:
    return Response(_encode(standing), status, media_type="application/json")
