"""A running API for tests: a real store in a file, a real uvicorn on loopback, tokens of all kinds.

Rules: the store is filled as the projector fills it; the broker is a hand-written sink unless a
test brings its own. Everything ends with its context.
"""

import asyncio
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from sqlalchemy import Engine

from alerts.store.engine import writing_on
from alerts.store.lifecycle import HandlingLimits
from alerts.store.migrating import open_store
from alerts.store.tokens import Role, Tokens
from alerts.store.told import Told
from alerts.store.writing import Writer
from api.app import Api
from api.parts import ApiConfig, EventSink, Outgoing, Parts, SinkAwayError
from forewarn.serving.event_sink import KafkaSink
from forewarn.serving.server import Server, listening_on, serve
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.codec import encode
from schemas.examples import examples
from schemas.outcomes import Alert, Assessment, Change, Evidence, ModelSnapshot
from schemas.records import Activation, AreaSignal, PersonSignal
from schemas.taxonomy import Level
from schemas.times import DAY_US, SECOND_US, from_us, to_us

OWN_COUNTY = "440703"
OWN_GRID = "440703101002003"
FOREIGN_COUNTY = "440704"
FOREIGN_GRID = "440704201001001"
OWN_PERSON = "5f0c1d2e3a4b59687786a5b4c3d2e1f0"
FOREIGN_PERSON = "aa0c1d2e3a4b59687786a5b4c3d2e1f0"
OPENED_US = to_us(from_us(1_793_538_552_000_000))
START_S_MAX = 20.0
WAIT_S_MAX = 20.0


def now_us() -> int:
    """The clock of the tests."""
    return time.time_ns() // 1_000


@dataclass
class KeptSink:
    """A broker that keeps what it is sent, or is away."""

    sent: list[Outgoing] = field(default_factory=list)
    away: bool = False
    held_s: float = 0.0

    async def send(self, events: Sequence[Outgoing]) -> None:
        if self.held_s:
            await asyncio.sleep(self.held_s)
        if self.away:
            raise SinkAwayError
        self.sent.extend(events)

    async def reachable(self) -> bool:
        return not self.away


def alert_of(
    number: int, area: str, person: str, level: Level = Level.ORANGE, **but: object
) -> Alert:
    """An alert with an id made of its number, in an area, about a person."""
    alert = examples()["Alert"]
    assert isinstance(alert, Alert)
    opened = from_us(OPENED_US + number * SECOND_US)
    signal = f"{number:032x}"
    evidence = (msgspec.structs.replace(alert.evidence[0], signal_id=signal),)
    assert isinstance(evidence[0], Evidence)
    return msgspec.structs.replace(
        alert,
        alert_id=signal,
        subject=person,
        area=area,
        level=level,
        opened=opened,
        updated=opened,
        evidence=evidence,
        **but,
    )


def raised(alert: Alert) -> Alert:
    """The next revision of an alert, more dangerous."""
    return msgspec.structs.replace(
        alert, revision=alert.revision + 1, change=Change.LEVEL_RAISED, level=Level.RED
    )


def write(engine: Engine, records: Sequence[Closed]) -> None:
    """Write records as the projector does."""
    told = [
        Told("test", 0, offset, now_us(), encode(record), record)
        for offset, record in enumerate(records)
    ]
    writer = Writer(Directory(), HandlingLimits())
    with writing_on(engine) as connection:
        writer.write(connection, told)


def _signals(number: int, area: str, person: str) -> tuple[Closed, ...]:
    signal, counted = examples()["PersonSignal"], examples()["AreaSignal"]
    assert isinstance(signal, PersonSignal)
    assert isinstance(counted, AreaSignal)
    named = f"{number:032x}"
    return (
        msgspec.structs.replace(signal, signal_id=named, area=area, person=person),
        msgspec.structs.replace(counted, signal_id=named, area=area, anonymous=False),
    )


def filled(engine: Engine) -> None:
    """Fill a store with one alert in the own county, one in a foreign one, and all around them."""
    assessment, model = examples()["Assessment"], examples()["ModelSnapshot"]
    activation = examples()["Activation"]
    assert isinstance(assessment, Assessment)
    assert isinstance(model, ModelSnapshot)
    assert isinstance(activation, Activation)
    write(
        engine,
        (
            *_signals(1, OWN_GRID, OWN_PERSON),
            *_signals(2, FOREIGN_GRID, FOREIGN_PERSON),
            alert_of(1, OWN_GRID, OWN_PERSON),
            alert_of(2, FOREIGN_GRID, FOREIGN_PERSON),
            assessment,
            model,
            activation,
        ),
    )


def made_store(folder: Path) -> Engine:
    """A new store in a file."""
    return open_store(f"sqlite:///{folder / 'store.db'}")


def token_for(
    engine: Engine,
    role: Role,
    areas: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    expires_us: int | None = None,
) -> str:
    """A new token."""
    made = Tokens(engine).create(
        secrets.token_bytes(32),
        name=f"test {role}",
        role=role,
        now_us=0 if expires_us else now_us(),
        expires_us=expires_us or now_us() + DAY_US,
        areas=areas,
        sources=sources,
    )
    return made.token


@dataclass
class Running:
    """A running API, where it is, and what it is made of."""

    url: str
    api: Api
    engine: Engine
    sink: EventSink
    server: Server

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A client with a token."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=WAIT_S_MAX)

    def token(self, role: Role, *areas: str) -> str:
        """A new token of a role for areas."""
        return token_for(self.engine, role, areas)


@contextmanager
def running(
    engine: Engine, sink: EventSink | None = None, config: ApiConfig | None = None
) -> Iterator[Running]:
    """Run an API in a thread until the block ends."""
    used: EventSink = KeptSink() if sink is None else sink
    parts = Parts(config or ApiConfig(), engine, Directory(), used, now_us, "test")
    api = Api(parts)
    server = Server(api)
    listening = listening_on("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=lambda: asyncio.run(_serve(server, used, listening)))
    thread.start()
    try:
        wait_until(lambda: server.started, START_S_MAX)
        yield Running(url, api, engine, used, server)
    finally:
        server.should_exit = True
        thread.join(WAIT_S_MAX)
        assert not thread.is_alive(), "the server did not stop"


async def _serve(server: Server, sink: EventSink, listening: socket.socket) -> None:
    """Serve, with the sink's own work beside it where it has any, as the command does."""
    if isinstance(sink, KafkaSink):
        await serve(server, sink, listening)
    else:
        await server.serve(sockets=[listening])


def wait_until(done: Callable[[], bool], seconds: float = WAIT_S_MAX) -> None:
    """Wait for a condition; fails when it is not met in time."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the type of a problem, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["type"].removeprefix("urn:forewarn:problem:")
