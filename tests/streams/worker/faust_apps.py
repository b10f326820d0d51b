"""An app of Faust that is made and not started, and ways to read what is inside Faust."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import faust
from faust.app.base import App
from faust.tables.recovery import Recovery
from faust.types import TP

from streams.worker.app import StageApp, stage_app, with_table
from streams.worker.rounds import Gathered, Rounds
from streams.worker.stores import MemoryStore
from streams.worker.table import DurableTable
from streams.worker.transport import ChunkedConsumer

TOPIC, CHANGELOG = "log", "changelog"
SLURP: Any = getattr(Recovery._slurp_changelogs, "fun", Recovery._slurp_changelogs)
HERE, THERE = TP(TOPIC, 0), TP(TOPIC, 1)


class Known:
    """A host that knows one partition to be durable up to an offset."""

    def __init__(self, durable: dict[TP, int] | None = None) -> None:
        self.durable = durable or {}
        self.rounds = Rounds(no_round, never)
        self.drained = 0

    def durable_partitions(self) -> Iterable[TP]:
        return list(self.durable)

    def durable_next(self, tp: TP) -> int | None:
        return self.durable.get(tp)

    async def revoked(self) -> None:
        self.drained += 1


async def no_round(gathered: Gathered) -> None:
    """Take nothing."""


def never(error: BaseException) -> None:
    raise AssertionError from error


def app_of(host: Known) -> StageApp:
    return stage_app("stage", [TOPIC], host, broker="kafka://127.0.0.1:9")


def within(test: Callable[[StageApp, ChunkedConsumer], Awaitable[None]], host: Known) -> None:
    """Run a test with an app that is made and not started: it speaks to nobody."""

    async def run() -> None:
        app = app_of(host)
        consumer: Any = app.consumer
        try:
            await test(app, consumer)
        finally:
            consumer._thread.thread_loop.close()

    asyncio.run(asyncio.wait_for(run(), 10.0))


def source(thing: Any) -> str:
    return inspect.getsource(thing)


def compiled(path: str) -> str:
    """The source of a part that Faust runs compiled."""
    return (Path(inspect.getfile(App)).parents[1] / path).read_text(encoding="utf-8")


def record(offset: int) -> Any:
    """A record with every part that Faust reads of one."""
    return faust.types.tuples.Message(TOPIC, 0, offset, 1.0, 0, [], b"key", b"value", None, tp=HERE)


def table_of(app: StageApp, told: list[set[int]]) -> DurableTable:
    async def tell(_table: DurableTable, owned: Iterable[int]) -> None:
        told.append(set(owned))

    return with_table(
        app,
        changelog=CHANGELOG,
        partitions=2,
        make_store=lambda _partition: MemoryStore(),
        failed=never,
        recovered=tell,
    )
