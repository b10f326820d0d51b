"""Reading the stream in a test: events one by one, with a deadline."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from tests.api.serving import Running


class Heard(NamedTuple):
    """One event of a stream as a client gets it."""

    event: str
    id: str | None
    data: Any


class Ear:
    """One client of the stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def hear(self) -> Heard:
        """The next event; heartbeats are passed over. Fails by the client's time-out."""
        for heard in self.all():
            return heard
        raise AssertionError("the stream ended")

    def all(self) -> Iterator[Heard]:
        """Every event until the stream ends."""
        found: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                found[name] = value
            elif not line and found:
                block, found = found, {}
                if "data" in block:
                    yield Heard(block.get("event", ""), block.get("id"), json.loads(block["data"]))

    def beat(self) -> str:
        """The id of the next heartbeat."""
        heard = False
        for line in self._lines:
            heard = heard or line == ": heartbeat"
            if heard and line.startswith("id: "):
                return line.removeprefix("id: ")
        raise AssertionError("the stream ended")


@contextmanager
def listening(
    served: Running, token: str, query: str = "", last_event_id: str | None = None
) -> Iterator[Ear]:
    """Follow the stream."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with (
        served.client(token) as client,
        client.stream("GET", f"/v1/stream{query}", headers=headers) as answer,
    ):
        yield Ear(answer)
