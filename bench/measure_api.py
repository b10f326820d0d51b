"""The API as its users meet it: over HTTP, from a process of its own, on a full store and a broker.

Rules: fifty clients ask twice a second each, as those of the store do (`measure_store.py`), so the
difference between the two is what HTTP costs. Posting clients never wait. Client, service and
broker share the machine; the service alone is what `forewarn api` starts.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import msgspec
import uvloop
from sqlalchemy import Engine

from alerts.store.lifecycle import HandlingLimits
from alerts.store.migrating import open_store
from alerts.store.projection import Projection
from alerts.store.reading import Reading
from alerts.store.tokens import Role, Tokens
from alerts.store.writing import Writer
from api.samples import posted_event
from bench.http_load import Line, Target, posted
from bench.peers.watched import PeerError
from bench.rows import Row, at_least, at_most
from bench.sizes import Sizes
from bench.store_fill import alert_of, fill, grid_of
from forewarn.broker.broker import Broker, BrokerConfig
from forewarn.broker.jars import fetch
from forewarn.settings import Settings
from schemas.areas import Directory
from schemas.codec import encode
from schemas.times import DAY_US
from schemas.topics import ALERTS
from streams.cluster.provision import create
from streams.cluster.reading import KeptRecord
from streams.projector.records import sorted_out

CLIENTS = 50
PAUSE_S = 0.5
PAGE = 50
PAGES_BEFORE = 99
P99_MS_MAX = 50.0
SINGLE_MIN = 3_000
BATCHED_MIN = 15_000
BATCH = 1_000
POSTING_CLIENTS = 32
BATCHING_CLIENTS = 4
LISTENERS_MAX = 500
REACH_S_MAX = 1.0
READY_S_MAX = 60.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_AREA_DIGITS = (6, 9, 12, 15)


class Service(NamedTuple):
    """A running API: where it is for an officer and for a gateway, and its store."""

    officer: Target
    gateway: Target
    engine: Engine
    pid: int

    def cpu_s(self) -> float:
        """Return the core seconds that the service has used."""
        fields = (
            Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def measure_api(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the API on the embedded store."""
    url = f"sqlite:///{folder}/store.db"
    engine = open_store(url, connections_max=CLIENTS)
    if not Reading(engine).sequence():
        fill(engine, sizes.store_alerts)
    config = BrokerConfig(data=folder / "api-kafka", jars=fetch(Settings().cache_dir, print))
    with Broker(config) as broker:
        create(broker.connection(), "", replication=1, partitions=4)
        with _service(url, engine, broker, folder) as service:
            return uvloop.run(_rows(service, sizes))


API_MEASURES = (("API", measure_api),)


@contextmanager
def _service(url: str, engine: Engine, broker: Broker, folder: Path) -> Iterator[Service]:
    """Run `forewarn api` until the block ends."""
    environment = {
        **os.environ,
        "FOREWARN_STORE": url,
        "FOREWARN_KAFKA_BOOTSTRAP": broker.bootstrap,
        "FOREWARN_NAMESPACE": "",
    }
    command = (sys.executable, "-m", "forewarn", "api", "--port", "0")
    limits = ("--source-events-max", "1000000000")
    said = folder / "api.log"
    with said.open("wb") as log:
        process = subprocess.Popen((*command, *limits), env=environment, stderr=log)
        try:
            port = _port_of(process, said)
            officer, gateway = (
                Target("127.0.0.1", port, _token(engine, role))
                for role in (Role.OFFICER, Role.GATEWAY)
            )
            asyncio.run(_ready(officer))
            yield Service(officer, gateway, engine, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(READY_S_MAX)


def _port_of(process: "subprocess.Popen[bytes]", said: Path) -> int:
    until = time.monotonic() + READY_S_MAX
    while time.monotonic() < until and process.poll() is None:
        _, found, rest = said.read_text(encoding="utf-8").partition("http://127.0.0.1:")
        if found and ";" in rest:
            return int(rest.partition(";")[0])
        time.sleep(0.05)
    raise PeerError(f"the API did not start: {said.read_text(encoding='utf-8')[-500:]}")


def _token(engine: Engine, role: Role) -> str:
    now_us = time.time_ns() // 1_000
    made = Tokens(engine).create(
        os.urandom(32), name="bench", role=role, now_us=now_us, expires_us=now_us + DAY_US
    )
    return made.token


async def _ready(target: Target) -> None:
    line = await Line.open(target)
    until = time.monotonic() + READY_S_MAX
    while b'"broker":"ok"' not in await line.ask("GET", "/readyz"):
        if time.monotonic() > until:
            raise PeerError("the API found no broker")
        await asyncio.sleep(0.1)
    line.close()


async def _rows(service: Service, sizes: Sizes) -> list[Row]:
    rows = [
        *await _asked_rows(service.officer, sizes),
        await _posted_row(service, sizes, batch=0),
        await _posted_row(service, sizes, batch=BATCH),
    ]
    return [*rows, await _reach_row(service, sizes)]


async def _asked_rows(target: Target, sizes: Sizes) -> list[Row]:
    """Let fifty clients ask for pages; one row a kind of question."""
    deep = await _hundredth(target)
    taken: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + sizes.store_seconds

    async def client(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # which question comes next
        line = await Line.open(target)
        await asyncio.sleep(chance.random() * PAUSE_S)
        while time.monotonic() < until:
            area = grid_of(chance)[: chance.choice(_AREA_DIGITS)]
            what, query = chance.choice(
                (
                    ("API, first page", ""),
                    ("API, 100th page", f"&cursor={deep}" if deep else ""),
                    ("API, area with all below it", f"&area={area}"),
                )
            )
            begun = time.perf_counter()
            await line.ask("GET", f"/v1/alerts?limit={PAGE}{query}")
            ms = (time.perf_counter() - begun) * 1_000
            taken[what].append(ms)
            await asyncio.sleep(max(0.0, PAUSE_S * 2 * chance.random() - ms / 1_000))
        line.close()

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    rows = []
    for what, times in sorted(taken.items()):
        note = (
            f"p99 of {len(times):,} answers to {CLIENTS} clients that ask for {PAGE} alerts, twice "
            f"a second each (all kinds together); p50 {median(times):.1f} ms"
        )
        cuts = quantiles(times, n=100, method="inclusive")
        rows.append(Row(what, cuts[98], "ms", note, at_most(P99_MS_MAX)))
    return rows


async def _hundredth(target: Target) -> str | None:
    line, cursor = await Line.open(target), None
    for _ in range(PAGES_BEFORE):
        query = f"&cursor={cursor}" if cursor else ""
        answer = await line.ask("GET", f"/v1/alerts?limit={PAGE}{query}")
        cursor = msgspec.json.decode(answer)["next_cursor"]
        if cursor is None:
            break
    line.close()
    return cursor


async def _posted_row(service: Service, sizes: Sizes, *, batch: int) -> Row:
    event = posted_event()

    def body(number: int) -> bytes:
        if not batch:
            return msgspec.json.encode({**event, "id": f"s-{number}"})
        return msgspec.json.encode([{**event, "id": f"b-{number}-{i}"} for i in range(batch)])

    clients = BATCHING_CLIENTS if batch else POSTING_CLIENTS
    before_s = service.cpu_s()
    events, seconds = await posted(service.gateway, body, clients, sizes.store_seconds / 2)
    what = f"posted events, {batch:,} at a time" if batch else "posted events, one at a time"
    by_core = events / (service.cpu_s() - before_s)
    note = f"{clients} clients; acknowledged before each answer; {by_core:,.0f}/s by its core"
    least = at_least(BATCHED_MIN if batch else SINGLE_MIN)
    return Row(what, events / seconds, "events/s", note, least)


async def _reach_row(service: Service, sizes: Sizes) -> Row:
    """Write one alert and time until every listener has it."""
    clients = min(LISTENERS_MAX, sizes.store_alerts // 300)
    lines = [await Line.open(service.officer) for _ in range(clients)]
    for line in lines:
        line.send("GET", "/v1/stream")
        await line.head(200)
        await line.reader.readuntil(b"event: ready")
    alert = alert_of(0, sizes.store_alerts, random.Random(time.time_ns()))  # noqa: S311  # a new one
    record = KeptRecord(ALERTS.name, 0, 10**9, 0, b"", encode(alert), ())
    with Projection(service.engine, Writer(Directory(), HandlingLimits())) as projection:
        found = sorted_out([record])
        projection.write(found.told, found.aside, {(ALERTS.name, 0): 10**9 + 1})
        begun = time.perf_counter()
    named = alert.alert_id.encode()
    await asyncio.gather(*(line.reader.readuntil(named) for line in lines))
    seconds = time.perf_counter() - begun
    for line in lines:
        line.close()
    note = f"from its commit until the last of {clients} listeners on the stream has it"
    return Row("API, an alert to all listeners", seconds, "s", note, at_most(REACH_S_MAX))
