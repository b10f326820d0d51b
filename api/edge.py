"""The outermost layer: measures each request, adds the security headers, answers the unexpected.

Rules: pure ASGI, so that a stream passes untouched. What goes wrong unforeseen is answered without
a word about itself and logged by the name of its type and its route: a message or a path may hold
what a person said. Nothing is cached by anybody in between; no other site's page may read answers.
"""

import time

import structlog
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.meters import NO_ROUTE, Meters
from api.problem_words import ProblemType
from api.problems import Problem, answer_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

GZIP_BYTES_MIN = 1_024
GZIP_LEVEL = 5

_log = structlog.get_logger("forewarn.api")


class Compressed:
    """Compresses answers to GET; what a POST is answered is too short to gain by it."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressing = GZipMiddleware(
            app, minimum_size=GZIP_BYTES_MIN, compresslevel=GZIP_LEVEL
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._plain if scope.get("method") == "POST" else self._compressing
        await app(scope, receive, send)


class Edge:
    """What every request passes first and every answer last."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add_headers(message)
                seconds = time.perf_counter() - started
                self._meters.answered(scope["method"], route_of(scope), message["status"], seconds)
            await send(message)

        self._meters.begun()
        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001  # the last place where it can be answered
            _log.error("request_failed", detail=type(error).__name__, path=route_of(scope))
            if not begun:
                language = Headers(scope=scope).get("accept-language", "")
                await answer_of(Problem(ProblemType.INTERNAL), language)(scope, receive, sending)
        finally:
            self._meters.ended()


def route_of(scope: Scope) -> str:
    """Return the template of the route that answers, `none` where there is no such path."""
    return str(getattr(scope.get("route"), "path", NO_ROUTE))


def _add_headers(message: Message) -> None:
    headers: list[tuple[bytes, bytes]] = message["headers"]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    headers.extend(_RAW_HEADERS)
