"""Latency: from sending a record to the feed to having its alert from the alerts topic.

Rules: it is a live run, in the namespace of live topics, with all stages and the ticker in one
process, at a fixed rate that does not wait for anybody. A small share of the events are danger to
life of a person of their own, so that each must alert at once; those are timed, by the clock of the
one process that sends and reads.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec.structs import replace

from alerts.vault.pseudonyms import signal_id
from bench.measure_worker_logs import town
from bench.measure_worker_process import GO, Task
from bench.measure_worker_running import Bench, stopped, workers
from bench.peers.watched import PeerError
from bench.rows import Row, at_most
from schemas.codec import decoder_of, encode
from schemas.events import Event, EventData, Person
from schemas.outcomes import Alert
from schemas.taxonomy import Channel, Kind, Origin, Purpose, Scheme, Sign
from schemas.topics import ALERTS, FEEDS, PERSON_LOG
from streams.cluster.connect import Connection
from streams.cluster.feeder import feed_of
from streams.cluster.provision import create

P50_MS_MAX = 25.0
P99_MS_MAX = 80.0
RED_ONE_IN = 50
STAGES = ("intake", "person", "area", "service")
_STEP_S = 0.004
_READ_MS = 100
_LAST_ALERT_S_MAX = 10.0
_HAPPENED_BEFORE = timedelta(minutes=5)


class Timed:
    """When each alerting record was sent, and how long its alert took, in milliseconds."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.took_ms: list[float] = []

    def told(self, alert: Alert, now_s: float) -> None:
        """Take note of an alert, the first of its signal."""
        for evidence in alert.evidence:
            sent_s = self.sent.pop(evidence.signal_id, 0.0)
            if sent_s:
                self.took_ms.append((now_s - sent_s) * 1_000)


Follow = Callable[[Timed], AbstractAsyncContextManager[Awaitable[None]]]
"""Opens what follows alerts and tells each to the one who times; it reads until it is cancelled."""


def live_events(bench: Bench) -> list[Event]:
    """Return events for the whole run, without times: a town's, and among them danger to life."""
    number = bench.sizes.latency_rate * (bench.sizes.latency_s + bench.sizes.warm_s)
    lines = town(bench.folder, bench.sizes.town, number)
    decode = msgspec.json.Decoder(Event).decode
    ordinary = [decode(line.value) for line in lines]
    return [_live(ordinary[place % len(ordinary)], place) for place in range(number)]


def _live(event: Event, place: int) -> Event:
    live = replace(event, id=f"live-{place}", ingesttime=None)
    return live if place % RED_ONE_IN else replace(live, data=_danger(place, live.data.area))


def _danger(place: int, area: str) -> EventData:
    return EventData(
        purpose=Purpose.HARM_REPORT,
        kind=Kind.DOMESTIC_VIOLENCE,
        area=area,
        severity=4,
        signs=(Sign.STRANGULATION,),
        origin=Origin.REPORTED,
        channel=Channel.PHONE,
        person=Person(Scheme.PSEUDONYM, f"bench-{place}"),
    )


def latency_rows(bench: Bench) -> list[Row]:
    """Measure the latency of alerts in a live run."""
    create(Connection((bench.bootstrap,)), "", replication=1)
    return live_rows(bench, "alert", partial(_from_topic, bench.bootstrap), P50_MS_MAX, P99_MS_MAX)


def live_rows(
    bench: Bench, what: str, follow: Follow, p50_ms_max: float, p99_ms_max: float
) -> list[Row]:
    """Run a worker on the live topics, which are there, and time what is followed."""
    events = live_events(bench)
    task = Task(bench.bootstrap, "", STAGES, PERSON_LOG.partitions, gated=False)
    with workers([task]) as (processes, _):
        processes[0].tell(GO)
        took_ms = sorted(uvloop.run(measured(bench, events, follow)))
        stopped(processes)
    rate = bench.sizes.latency_rate
    name = f"record in the feed to its {what}, at {rate:,} events/s"
    note = f"{len(took_ms):,} alerts in {bench.sizes.latency_s} s; max {took_ms[-1]:.0f} ms"
    return [
        Row(f"{name}, p50", _share(took_ms, 0.5), "ms", note, at_most(p50_ms_max)),
        Row(f"{name}, p99", _share(took_ms, 0.99), "ms", note, at_most(p99_ms_max)),
    ]


def _share(in_order: Sequence[float], share: float) -> float:
    return in_order[min(int(len(in_order) * share), len(in_order) - 1)]


@asynccontextmanager
async def _from_topic(bootstrap: str, timed: Timed) -> AsyncIterator[Awaitable[None]]:
    options = Connection((bootstrap,)).aiokafka_options()
    async with AIOKafkaConsumer(ALERTS.name, **options, auto_offset_reset="earliest") as consumer:
        yield _read_alerts(consumer, timed)


async def measured(bench: Bench, events: Sequence[Event], follow: Follow) -> list[float]:
    """Send at the rate and follow alerts meanwhile; PeerError when alerts are missing."""
    timed = Timed()
    options = Connection((bench.bootstrap,)).aiokafka_options()
    async with follow(timed) as following, AIOKafkaProducer(**options, acks="all") as producer:
        reading = asyncio.ensure_future(following)
        warm = bench.sizes.latency_rate * bench.sizes.warm_s
        await _send(producer, events[:warm], bench.sizes.latency_rate, timed)
        await _all_told(timed, reading)
        timed.took_ms.clear()
        await _send(producer, events[warm:], bench.sizes.latency_rate, timed)
        await _all_told(timed, reading)
        reading.cancel()
        await asyncio.wait([reading])
    return timed.took_ms


async def _send(
    producer: AIOKafkaProducer, events: Sequence[Event], rate: int, timed: Timed
) -> None:
    """Send events, each when its turn is by the clock, however the others fare."""
    waiting: list[asyncio.Future[object]] = []
    begun_s = time.perf_counter()
    for some in _in_steps(len(events), rate):
        await asyncio.sleep(max(begun_s + some.start / rate - time.perf_counter(), 0))
        for place in some:
            happened = datetime.now(UTC) - _HAPPENED_BEFORE
            event = replace(events[place], time=happened)
            value = encode(event)
            if event.data.signs == (Sign.STRANGULATION,) and event.data.severity == 4:
                timed.sent[signal_id(event.source, event.id)] = time.perf_counter()
            key = f"{event.source}|{event.id}".encode()
            topic = FEEDS[feed_of(value)].name
            waiting.append(await producer.send(topic, value, key=key))
    await asyncio.gather(*waiting)


def _in_steps(number: int, rate: int) -> Iterator[range]:
    each = max(int(rate * _STEP_S), 1)
    for start in range(0, number, each):
        yield range(start, min(start + each, number))


async def _read_alerts(consumer: AIOKafkaConsumer, timed: Timed) -> None:
    decode = decoder_of(ALERTS.name)
    while True:
        fetched = await consumer.getmany(timeout_ms=_READ_MS)
        now_s = time.perf_counter()
        for records in fetched.values():
            for record in records:
                alert = decode(record.value)
                if isinstance(alert, Alert):
                    timed.told(alert, now_s)


async def _all_told(timed: Timed, reading: asyncio.Future[None]) -> None:
    until = time.monotonic() + _LAST_ALERT_S_MAX
    while timed.sent:
        if reading.done():
            reading.result()
        if time.monotonic() > until:
            raise PeerError(f"{len(timed.sent)} alerts did not come: {next(iter(timed.sent))}")
        await asyncio.sleep(_STEP_S)
