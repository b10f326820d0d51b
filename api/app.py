"""The application: its parts put together, its endpoints added, its failures answered.

Rules: nothing is global, so a test or a process makes as many as it likes. Every failure is a
problem+json, also those of the libraries. Answers are compressed, streams are not; no other site's
page may ask (no CORS).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerts.store.decisions import Decisions
from alerts.store.engine import StoreError
from alerts.store.idempotency import Answers
from alerts.store.reading import Reading
from alerts.store.tokens import Tokens
from api.access import Gate, open_to_all
from api.asking import Asking
from api.deciding import Deciding
from api.edge import Compressed, Edge
from api.endpoint import Answer, Endpoint, add
from api.hub import Hub
from api.meters import Meters
from api.openapi import OPENAPI_PATH, document
from api.parts import Parts
from api.posting import Posting
from api.problem_words import ProblemType
from api.problems import Problem, answer_to, bad_parameter, later, not_found
from api.repeated import Repeated
from api.routes import Rooms, endpoints
from api.streaming import Streaming
from api.watching import Watching


class Api:
    """One application: `app` is what a server runs; `close` ends its streams before it stops."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.meters = Meters()
        reading = Reading(parts.engine)
        gate = Gate(Tokens(parts.engine), parts.config, parts.now_us)
        repeated = Repeated(Answers(parts.engine), parts.now_us)
        self.hub = Hub(reading, self.meters, parts.config)
        self._watching = Watching(parts, reading, self.meters)
        rooms = Rooms(
            Asking(parts, reading),
            Posting(parts, repeated, self.meters),
            Deciding(parts, reading, Decisions(parts.engine), repeated),
            Streaming(self.hub, reading, gate, parts.config, self.meters),
            self._watching,
        )
        self.app = FastAPI(
            title="forewarn",
            lifespan=self._lifespan,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        self.endpoints = (*endpoints(rooms, parts.config), _document(self))
        for endpoint in self.endpoints:
            add(self.app, endpoint, gate, parts.config)
        self._add_failures()
        self.app.add_middleware(Compressed)
        self.app.add_middleware(Edge, meters=self.meters)

    def close(self) -> None:
        """End all streams; to be called when the server is told to stop, before it waits."""
        self.hub.close()

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return document(self.app, self.endpoints, self._parts.version)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self.hub.start()
        self._watching.started = True
        try:
            yield
        finally:
            await self.hub.stop()

    def _add_failures(self) -> None:
        retry_after_s = self._parts.config.retry_after_s

        async def http_failed(request: Request, error: Exception) -> Response:
            return answer_to(request, _problem_of(error))

        async def not_as_documented(request: Request, error: Exception) -> Response:
            return answer_to(request, _first_wrong(error))

        async def store_away(request: Request, _error: Exception) -> Response:
            return answer_to(request, later(ProblemType.STORE_AWAY, retry_after_s))

        self.app.add_exception_handler(HTTPException, http_failed)
        self.app.add_exception_handler(RequestValidationError, not_as_documented)
        self.app.add_exception_handler(StoreError, store_away)


def _document(api: Api) -> Endpoint:
    """Return the endpoint of the document, which is made when it is first asked for."""
    made: list[bytes] = []

    async def show() -> Response:
        if not made:
            made.append(msgspec.json.encode(api.document()))
        return Response(made[0], media_type="application/json")

    return Endpoint(
        "GET",
        OPENAPI_PATH,
        open_to_all("is the contract, the same for everybody, and holds no data"),
        show,
        "Show this document",
        "",
        (Answer(200, "The document.", dict, {"openapi": "3.1.0"}),),
        tag="supervision",
    )


def _problem_of(error: Exception) -> Problem:
    """Return one of our problems for an error of ours or of the libraries."""
    if isinstance(error, Problem):
        return error
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    by_status = {
        404: ProblemType.NOT_FOUND,
        405: ProblemType.METHOD_NOT_ALLOWED,
        413: ProblemType.BODY_TOO_LARGE,
    }
    if status == 400:  # noqa: PLR2004  # a body that a library could not read
        return Problem(ProblemType.MALFORMED_BODY)
    return Problem(by_status.get(status, ProblemType.INTERNAL), headers=headers)


def _first_wrong(error: Exception) -> Problem:
    """Return the problem of the first parameter that is not as documented."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    place, *rest = errors[0]["loc"] if errors else ("query", "")
    name = str(rest[0]) if rest else ""
    if place == "path":
        return not_found()
    if name == "limit" and errors[0]["type"] == "less_than_equal":
        return Problem(ProblemType.PAGE_TOO_LARGE, {"parameter": name})
    return bad_parameter(name)
