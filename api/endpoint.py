"""One endpoint as data, and how it becomes a route: gate, then parameters, then body, then it.

Rules: an endpoint cannot be written without what it needs of its caller. The gate comes before
anything that a request says is looked at. A query parameter that is not in the endpoint's own
documentation is refused, and so is one that is there twice and takes one value.
"""

import asyncio
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction, signature
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.access import Gate, Need
from api.parts import ApiConfig
from api.problem_words import ProblemType
from api.problems import Problem

DISCARDED_BYTES_MAX = 16 * 1024 * 1024
"""What is read, and thrown away, of a body that is too large: who still sends cannot hear why."""
_HANG_UP = {"connection": "close"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Answer(NamedTuple):
    """A good answer: its status, what it is, the type of its body, an example of it."""

    status: int
    about: str
    body: Any = None
    example: Any = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()


class Endpoint(NamedTuple):
    """One method on one path; `problems` are those beside what its need brings with it.

    `body` is (media types, type, examples by name, bytes at most) of what it takes.
    """

    method: str
    path: str
    need: Need
    call: Callable[..., Any]
    summary: str
    about: str
    answers: tuple[Answer, ...]
    problems: tuple[ProblemType, ...] = ()
    takes: "Takes | None" = None
    tag: str = "reading"


class Takes(NamedTuple):
    """The body that an endpoint takes; `schema` names types of ours, one of which it must be."""

    media_types: tuple[str, ...]
    schema: dict[str, Any]
    examples: dict[str, Any]
    bytes_max: int


def add(app: FastAPI, endpoint: Endpoint, gate: Gate, config: ApiConfig) -> None:
    """Add an endpoint to the application."""
    app.router.add_api_route(
        endpoint.path,
        endpoint.call,
        methods=[endpoint.method],
        summary=endpoint.summary,
        description=endpoint.about,
        tags=[endpoint.tag],
        operation_id=operation_id(endpoint),
        response_model=None,
        route_class_override=_guarded(endpoint, gate, config),
    )


def operation_id(endpoint: Endpoint) -> str:
    """Return the name of an endpoint for programs, such as `get_v1_alerts_alert_id`."""
    path = endpoint.path.strip("/").replace("/", "_").replace("{", "").replace("}", "")
    return f"{endpoint.method.lower()}_{path or 'start'}"


def _guarded(endpoint: Endpoint, gate: Gate, config: ApiConfig) -> type[APIRoute]:
    """Return a kind of route that lets through what the endpoint allows."""

    class Guarded(APIRoute):
        """A route behind the gate."""

        def get_route_handler(self) -> Handler:
            """Return the handler of a request, guarded."""
            inner = _direct(endpoint.call) or super().get_route_handler()
            many = {_name(one): _is_many(one) for one in self.dependant.query_params}

            async def handle(request: Request) -> Response:
                request.state.caller = await gate.pass_(request, endpoint.need)
                if request.url.query:
                    _check_query(request, many)
                if endpoint.takes is not None:
                    await _read_body(request, endpoint.takes.bytes_max, config.body_s_max)
                return await inner(request)

            return handle

    return Guarded


def _direct(call: Callable[..., Any]) -> Handler | None:
    """Return an endpoint as it is where it takes the request alone: there is nothing to inject.

    The library's way to it costs more than all that `POST /v1/events` does.
    """
    if list(signature(call).parameters) == ["request"] and iscoroutinefunction(call):
        return call
    return None


def _name(parameter: Any) -> str:
    return str(parameter.alias)


def _is_many(parameter: Any) -> bool:
    return "list[" in str(parameter.field_info.annotation)


def _check_query(request: Request, many: dict[str, bool]) -> None:
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in many:
            raise Problem(ProblemType.UNKNOWN_PARAMETER, {"parameter": name[:64]})
        if name in seen and not many[name]:
            raise Problem(ProblemType.BAD_PARAMETER, {"parameter": name})
        seen.add(name)


async def _read_body(request: Request, bytes_max: int, seconds_max: float) -> None:
    """Read a body within its bounds; what is read is kept with the request."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= bytes_max:
                    chunks.append(chunk)
                elif size > bytes_max + DISCARDED_BYTES_MAX:
                    break
    except TimeoutError as error:
        raise Problem(ProblemType.BODY_TOO_SLOW, headers=_HANG_UP) from error
    except ClientDisconnect as error:
        raise Problem(ProblemType.MALFORMED_BODY, {"reason": "cut_short"}) from error
    if size > bytes_max:
        raise Problem(ProblemType.BODY_TOO_LARGE, headers=_HANG_UP)
    request._body = b"".join(chunks)  # noqa: SLF001  # where Starlette keeps a body that was read
