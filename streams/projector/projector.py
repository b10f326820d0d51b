"""The projector: topics into the store, outbox onto the logs, one pass after another.

Rules: what a fetch brought and the offsets after it are one transaction. Store or cluster away:
everything is opened anew, from the store's own offsets, until a bound has passed without a good
pass; then it ends, and whatever supervises it starts it again. Told to stop, it ends the pass.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Engine

from alerts.store.engine import StoreError
from alerts.store.lifecycle import HandlingLimits
from alerts.store.projection import Projection
from alerts.store.retention import Retention, newest_us, retain
from alerts.store.told import PutAside, Told
from alerts.store.writing import Writer
from schemas.areas import Directory
from schemas.outcomes import Alert
from schemas.times import SECOND_US
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.sending import producer_to
from streams.projector.meters import ProjectorMeters
from streams.projector.records import sorted_out
from streams.projector.relay import BATCH_MAX, relay
from streams.projector.source import Fetched, Source, source_of

_AWAY = (StoreError, ClusterError, KafkaError, OSError)
_PAUSE_S_MIN = 0.2
_PAUSE_S_MAX = 5.0
_log = structlog.get_logger("forewarn.projector")


class ProjectorError(Exception):
    """The projector cannot go on; the message says what it waited for."""


@dataclass(frozen=True)
class ProjectorOptions:
    """What a projector is told; `records_max` is what one transaction takes at most."""

    connection: Connection
    namespace: str
    engine: Engine
    directory: Directory
    limits: HandlingLimits = field(default_factory=HandlingLimits)
    records_max: int = 4_000
    wait_s: float = 0.05
    away_s_max: float = 60.0
    retention: Retention = field(default_factory=Retention)
    retain_every_s: float = 3_600.0


class Projector:
    """Runs until told to stop; `running` is set once it reads."""

    def __init__(self, options: ProjectorOptions, meters: ProjectorMeters | None = None) -> None:
        self._options = options
        self.meters = meters or ProjectorMeters()
        self.running = asyncio.Event()
        self._good_s = time.monotonic()
        self.meters.commit_age.set_function(lambda: time.monotonic() - self._good_s)

    async def run(self, stopping: asyncio.Event) -> None:
        """Project until `stopping` is set. Raises ProjectorError, AheadError."""
        self._good_s = time.monotonic()
        housekeeping = asyncio.create_task(self._keep_house(stopping))
        try:
            await self._run(stopping)
        finally:
            stopping.set()
            await housekeeping

    async def _run(self, stopping: asyncio.Event) -> None:
        pause_s = _PAUSE_S_MIN
        while not stopping.is_set():
            good_s = self._good_s
            try:
                await self._opened(stopping)
            except _AWAY as error:
                self._note_away(error)
                pause_s = _PAUSE_S_MIN if self._good_s > good_s else min(2 * pause_s, _PAUSE_S_MAX)
                await _waited(stopping, pause_s)

    async def _keep_house(self, stopping: asyncio.Event) -> None:
        """Delete what is old, now and then; a historical feed is as old as its newest report."""
        one = self._options
        while not await _waited(stopping, one.retain_every_s):
            try:
                now_us = _now_us()
                if one.namespace:
                    now_us = await asyncio.to_thread(newest_us, one.engine, now_us)
                gone = await asyncio.to_thread(retain, one.engine, one.retention, now_us)
            except StoreError as error:
                # The projection itself finds that out too, and it has a bound.
                _log.warning("retention_waits", detail=str(error))
            else:
                for table, rows in gone.items():
                    self.meters.deleted.labels(table).inc(rows)

    def _note_away(self, error: BaseException) -> None:
        self.running.clear()
        away_s = time.monotonic() - self._good_s
        what = "store" if isinstance(error, StoreError) else "cluster"
        self.meters.failures.labels(what).inc()
        _log.warning("projector_waits", what=what, detail=str(error), away_s=round(away_s, 1))
        if away_s > self._options.away_s_max:
            raise ProjectorError(
                f"no good pass for {away_s:.0f} s: {type(error).__name__}: {error}"
            ) from error

    async def _opened(self, stopping: asyncio.Event) -> None:
        """Open store and cluster, and make passes until told to stop or something is away."""
        one = self._options
        writer = Writer(one.directory, one.limits)
        async with AsyncExitStack() as stack:
            projection = Projection(one.engine, writer)
            await asyncio.to_thread(projection.__enter__)
            stack.push(projection)
            offsets = await asyncio.to_thread(projection.offsets)
            source = await stack.enter_async_context(
                source_of(one.connection, one.namespace, offsets)
            )
            producer = await stack.enter_async_context(producer_to(one.connection))
            for topic, records in source.lost.items():
                _log.error("records_lost", topic=topic, records=records)
                self.meters.lost.labels(topic).inc(records)
            self.running.set()
            while not stopping.is_set():
                await self._project(projection, source)
                await self._relay(projection, source, producer)
                self._good_s = time.monotonic()
                self.meters.durable.set(time.time())

    async def _project(self, projection: Projection, source: Source) -> None:
        fetched = await source.fetch(self._options.records_max, self._options.wait_s)
        if fetched.offsets:
            await asyncio.to_thread(self._write, projection, fetched)
        for topic, waiting in source.lag().items():
            self.meters.lag.labels(topic).set(waiting)

    def _write(self, projection: Projection, fetched: Fetched) -> None:
        """Write what was fetched; in a thread, so that fetching goes on."""
        found = sorted_out(fetched.records)
        with self.meters.write_seconds.time():
            rows, aside = projection.write(found.told, found.aside, fetched.offsets)
        for table, number in rows.items():
            self.meters.rows.labels(table).inc(number)
        self._note_aside(aside)
        self._note_age(found.told)

    def _note_aside(self, aside: list[PutAside]) -> None:
        for one in aside:
            self.meters.poisoned.labels(one.topic).inc()
            _log.error(
                "record_put_aside",
                topic=one.topic,
                partition=one.partition,
                offset=one.offset,
                reason=one.reason,
            )

    def _note_age(self, told: list[Told]) -> None:
        now_us = _now_us()
        for one in told:
            if isinstance(one.record, Alert):
                self.meters.alert_age_seconds.observe(max(0, now_us - one.at_us) / SECOND_US)

    async def _relay(
        self, projection: Projection, source: Source, producer: AIOKafkaProducer
    ) -> None:
        waiting = await asyncio.to_thread(projection.waiting, BATCH_MAX)
        self.meters.outbox.set(len(waiting))
        if not waiting:
            return
        await relay(
            producer,
            waiting,
            namespace=self._options.namespace,
            directory=self._options.directory,
            partitions=source.partitions,
        )
        await asyncio.to_thread(projection.sent, waiting, _now_us())
        self.meters.outbox.set(0)
        self.meters.relayed.inc(len(waiting))


def _now_us() -> int:
    return time.time_ns() // 1_000


async def _waited(stopping: asyncio.Event, pause_s: float) -> bool:
    """Wait so long, or until it is time to stop; say whether it is."""
    try:
        return await asyncio.wait_for(stopping.wait(), pause_s)
    except TimeoutError:
        return False
