"""The HTTP server: uvicorn, told to end the streams before it waits for its connections.

Rules: no access log, for a path can hold a person's key; what uvicorn says goes to our log by its
own few words, without a traceback. Waiting for the last answers has a bound.
"""

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from api.app import Api
from forewarn.serving.event_sink import KafkaSink

STOP_S_MAX = 10
BACKLOG = 1_024
KEEP_ALIVE_S = 75
HEADER_BYTES_MAX = 16_384
CONNECTIONS_MAX = 2_000


def listening_on(host: str, port: int) -> socket.socket:
    """Return a socket that listens; OSError says what to do where it cannot.

    Its protocol is named, because asyncio turns Nagle's algorithm off for that alone; without it
    an answer in two writes waits 40 ms for the other side's acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(f"port {port} is in use: give another --port, or 0 for any") from error
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return made


class Server(uvicorn.Server):
    """Serves one API; `serve` returns after a signal or after `should_exit`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        super().__init__(
            uvicorn.Config(
                api.app,
                loop="none",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=STOP_S_MAX,
                h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM stop the server, and nothing more: its owner still has work."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stop)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams with a last word, then stop as uvicorn does."""
        self._api.close()
        await super().shutdown(sockets)


async def serve(server: Server, sink: KafkaSink, listening: socket.socket) -> None:
    """Serve until told to stop; what was answered 202 is with the broker, and the rest is sent."""
    running = asyncio.create_task(sink.run())
    try:
        await server.serve(sockets=[listening])
    finally:
        sink.stop()
        await running


class ToStructlog(logging.Handler):
    """Hands the library's records to our log: the words it was called with, never a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        told = structlog.get_logger("forewarn.http")
        # The first line only: what follows may quote a request.
        detail = str(record.msg).splitlines()[0][:200] if record.msg else ""
        told.log(record.levelno, "http", detail=detail)


def log_through_structlog() -> None:
    """Let uvicorn's log be ours."""
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [ToStructlog()] if name == "uvicorn" else []
        logger.setLevel(logging.WARNING)
        logger.propagate = name != "uvicorn"
