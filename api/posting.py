"""`POST /v1/events`: events in, onto the raw topics, answered once the broker has them.

Rules: 202 is said after the broker's acknowledgement and never before. A batch with bad events in
it is answered 207: the good ones are taken, each bad one is named. Nothing is taken twice by the
stages (they know an event by source and id), so sending again after a 503 is always right.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.access import caller_of
from api.meters import Meters
from api.parts import Parts, SinkAwayError
from api.problem_words import ProblemType
from api.problems import Problem, later
from api.rates import Rates
from api.receiving import ItemRefused, Receiver, is_batch
from api.repeated import Repeated

MEDIA_TYPES = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)
_encode = msgspec.json.Encoder().encode


class Accepted(msgspec.Struct, frozen=True):
    """How many events the broker has for certain, and which of a batch were refused."""

    accepted: int
    refused: list[ItemRefused]


class Posting:
    """Takes events."""

    def __init__(self, parts: Parts, repeated: Repeated, meters: Meters) -> None:
        self._parts = parts
        self._config = parts.config
        self._repeated = repeated
        self._meters = meters
        self._rates = Rates(parts.config.source_events_max)

    async def post(self, request: Request) -> Response:
        """Take one event or a batch."""
        _check_media_type(request)
        body = await request.body()
        return await self._repeated.once(request, body, lambda: self._take(request, body))

    async def _take(self, request: Request, body: bytes) -> Response:
        caller = caller_of(request)
        receiver = Receiver(
            caller,
            self._parts.directory,
            self._parts.now_us(),
            self._config.event_bytes_max,
            self._config.batch_events_max,
        )
        received = receiver.batch(body) if is_batch(body) else receiver.one(body)
        await self._rates.spend(caller.token_id, received.sources)
        if received.outgoing:
            try:
                await self._parts.sink.send(received.outgoing)
            except SinkAwayError as error:
                raise later(ProblemType.BROKER_AWAY, self._config.retry_after_s) from error
        self._meters.events(received)
        said = Accepted(len(received.outgoing), received.refused)
        status = 207 if received.refused else 202
        return Response(_encode(said), status, media_type="application/json")


def _check_media_type(request: Request) -> None:
    stated = request.headers.get("content-type", "")
    media_type, _, parameters = stated.lower().partition(";")
    charset = parameters.replace('"', "").strip()
    if media_type.strip() not in MEDIA_TYPES or charset not in {"", "charset=utf-8"}:
        raise Problem(ProblemType.UNSUPPORTED_MEDIA_TYPE)


def accepted_examples() -> dict[str, Any]:
    """Return an answer to a good batch and one to a batch with a bad event, by status."""
    bad = ItemRefused(17, 422, "urn:forewarn:problem:event-refused", "out_of_range", "$.severity")
    return {
        "202": msgspec.to_builtins(Accepted(1, [])),
        "207": msgspec.to_builtins(Accepted(999, [bad])),
    }
