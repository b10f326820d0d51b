"""The store at its full size, on both databases: how fast it is written and how fast it answers.

Rules: answers are timed at fifty clients, each a thread that asks twice a second (the rate of a
busy county's consoles together), through the same `Reading` that the API uses; pages hold fifty
alerts. PostgreSQL is one of our own with its settings as they come, but for syncing.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import Engine

from alerts.store.engine import open_engine
from alerts.store.migrating import migrate, open_store
from alerts.store.pages import AlertFilter, Sort
from alerts.store.reading import Reading
from bench.rows import Row, at_least, at_most
from bench.sizes import Sizes
from bench.store_fill import fill, grid_of
from tests.postgres import own_postgres

CLIENTS = 50
PAUSE_S = 0.5
PAGE = 50
PAGES_BEFORE = 99
ROWS_MIN = 5_000
P99_MS_MAX = 50.0
_CODE_DIGITS = (6, 9, 12, 15)
Question = Callable[[random.Random], object]


def measure_sqlite(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the embedded store."""
    with _store(f"sqlite:///{folder}/store.db") as engine:
        return _rows("SQLite", engine, sizes)


def measure_postgres(sizes: Sizes, _folder: Path) -> list[Row]:
    """Measure PostgreSQL."""
    with own_postgres() as server, _store(server.create()) as engine:
        return _rows("PostgreSQL", engine, sizes)


STORE_MEASURES = (
    ("store on SQLite", measure_sqlite),
    ("store on PostgreSQL", measure_postgres),
)


@contextmanager
def _store(url: str) -> Iterator[Engine]:
    bare = open_engine(url)
    migrate(bare)
    bare.dispose()
    engine = open_store(url, connections_max=CLIENTS)
    try:
        yield engine
    finally:
        engine.dispose()


def _rows(name: str, engine: Engine, sizes: Sizes) -> list[Row]:
    alerts, seconds = sizes.store_alerts, sizes.store_seconds
    watch = fill(engine, alerts)
    rate = alerts / watch.wall_s
    core = f"{alerts:,} alerts, read, decoded and written; {watch.rate(alerts):,.0f}/s by our core"
    rows = [Row(f"projected rows, {name}", rate, "rows/s", core, at_least(ROWS_MIN))]
    for what, taken in asked(engine, seconds).items():
        cuts = quantiles(taken, n=100, method="inclusive")
        note = (
            f"p99 of {len(taken):,} answers at {CLIENTS} clients, {alerts:,} alerts stored; "
            f"p50 {median(taken):.1f} ms"
        )
        rows.append(Row(f"{what}, {name}", cuts[98], "ms", note, at_most(P99_MS_MAX)))
    return rows


def asked(engine: Engine, seconds: float) -> dict[str, list[float]]:
    """Let the clients ask for so long; return milliseconds by what was asked."""
    questions = _questions(Reading(engine))
    taken: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # which question comes next
        time.sleep(chance.random() * PAUSE_S)
        while time.monotonic() < until:
            what = chance.choice(list(questions))
            begun = time.perf_counter()
            questions[what](chance)
            ms = (time.perf_counter() - begun) * 1_000
            taken[what].append(ms)
            time.sleep(max(0.0, PAUSE_S * 2 * chance.random() - ms / 1_000))

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return {what: times for what, times in sorted(taken.items()) if len(times) > 1}


def _questions(reading: Reading) -> dict[str, Question]:
    by_time, by_deadline = AlertFilter(), AlertFilter(sort=Sort.DEADLINE)
    deep = _hundredth(reading, by_time)

    def somewhere(chance: random.Random) -> str:
        return grid_of(chance)[: chance.choice(_CODE_DIGITS)]

    def in_area(sort: Sort) -> Question:
        return lambda chance: reading.alerts(
            AlertFilter(areas=(somewhere(chance),), sort=sort), limit=PAGE
        )

    return {
        "first page": lambda _: reading.alerts(by_time, limit=PAGE),
        "100th page": lambda _: reading.alerts(by_time, cursor=deep, limit=PAGE),
        "first page by deadline": lambda _: reading.alerts(by_deadline, limit=PAGE),
        "area with all below it": in_area(Sort.TIME),
        "area with all below it, by deadline": in_area(Sort.DEADLINE),
    }


def _hundredth(reading: Reading, wanted: AlertFilter) -> str | None:
    cursor = None
    for _ in range(PAGES_BEFORE):
        cursor = reading.alerts(wanted, cursor=cursor, limit=PAGE).cursor
        if cursor is None:
            break
    return cursor
