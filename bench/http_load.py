"""A small HTTP client for measuring: one connection each, kept open, as little work as can be.

Rules: it shares the machine with what it measures, so it does next to nothing itself; an answer
that is not the expected one is an error, not a figure.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple, Self

import msgspec

ANSWER_S_MAX = 60.0


class Target(NamedTuple):
    """Where to ask, and the token to show."""

    host: str
    port: int
    token: str


class UnexpectedAnswerError(RuntimeError):
    """The service answered something else than it should."""


class Line:
    """One connection, kept open; answers are read by their length."""

    def __init__(
        self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._target = target
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, target: Target) -> Self:
        """Connect."""
        return cls(target, *await asyncio.open_connection(target.host, target.port))

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        """Send a request; a body is JSON."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
            f"{self._target.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)

    async def head(self, status: int) -> dict[str, str]:
        """Read the head of an answer. Raises UnexpectedAnswerError for another status."""
        async with asyncio.timeout(ANSWER_S_MAX):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        if int(lines[0].split(" ")[1]) != status:
            raise UnexpectedAnswerError(lines[0])
        return {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in lines[1:] if line)
        }

    async def ask(self, method: str, path: str, body: bytes = b"", *, status: int = 200) -> bytes:
        """Ask, and return the body of the answer."""
        self.send(method, path, body)
        headers = await self.head(status)
        return await self.reader.readexactly(int(headers["content-length"]))

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def posted(
    target: Target, bodies: Callable[[int], bytes], clients: int, seconds: float
) -> tuple[int, float]:
    """Let clients post one body after another for so long; return events taken, and seconds."""
    lines = [await Line.open(target) for _ in range(clients)]
    begun = time.perf_counter()
    until = begun + seconds
    numbers = iter(range(10**9))

    async def client(line: Line) -> int:
        taken = 0
        while time.perf_counter() < until:
            answer = await line.ask("POST", "/v1/events", bodies(next(numbers)), status=202)
            taken += int(msgspec.json.decode(answer)["accepted"])
        return taken

    events = sum(await asyncio.gather(*(client(line) for line in lines)))
    took_s = time.perf_counter() - begun
    for line in lines:
        line.close()
    return events, took_s
