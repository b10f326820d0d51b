"""Clocks that jump: a tick from the future is refused and counted, one from the past not told."""

import asyncio
import time
import urllib.request
from pathlib import Path

import msgspec

from forewarn.broker.broker import Broker
from forewarn.broker.ports import free_ports
from schemas.records import Tick
from schemas.taxonomy import Feed, Scheme
from schemas.times import DAY_US, SECOND_US
from schemas.topics import FEEDS, PERSON_LOG
from streams.cluster.raw import (
    TICK_AHEAD_US_MAX,
    TICK_HEADERS,
    TICK_KEY,
    RawTick,
    read_tick,
    write_tick,
)
from streams.worker.producing import StageProducer
from streams.worker.ticker import Ticker
from tests.brokers import own_broker
from tests.builders import NOW_US
from tests.streams.intake.contacts import contact, person
from tests.streams.worker_faults.running import (
    RAW,
    Sent,
    assessed,
    kept,
    put,
    read_as,
    space_on,
    wait_for_good,
    wait_until,
    worker_process,
)

REFUSED = 'forewarn_counts_total{name="tick_refused",stage="intake"}'


def live(number: int, at_us: int) -> Sent:
    """A good report as a gateway sends it, with no word on when it came in."""
    who = person(f"person-{number}", Scheme.PSEUDONYM)
    event = contact(f"live-{number}", at=at_us, ingest=at_us, person=who)
    return Sent(msgspec.json.encode(event))


def metric(port: int, name: str) -> float:
    """The value of a metric of a worker, 0 where it does not show it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_live_tick_from_the_future_or_of_a_former_ticker_moves_nothing(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with own_broker(tmp_path) as broker:
        space = space_on(broker, "")
        with worker_process(space, tmp_path, metrics_port=port) as worker:
            wait_until(lambda: read_as(space, PERSON_LOG.name), "a first tick on the person log")
            now_us = int(time.time() * SECOND_US)
            put(space, RAW, [live(1, now_us)])
            ahead = write_tick(RawTick(now_us + 30 * DAY_US, 1_000))
            former = write_tick(RawTick(now_us, -1))
            put(space, RAW, [Sent(value, TICK_KEY, TICK_HEADERS) for value in (ahead, former)])
            put(space, RAW, [live(2, int(time.time() * SECOND_US))])
            wait_for_good(space, 2)
            wait_until(lambda: metric(port, REFUSED) == 2, "both ticks to be counted as refused")
            assert worker.stopped().code == 0
        ticks = [one.at_us for one in read_as(space, PERSON_LOG.name) if isinstance(one, Tick)]
        assert ticks
        assert max(ticks) <= time.time() * SECOND_US + TICK_AHEAD_US_MAX
        assert len(assessed(space)) == 2


def test_a_ticker_whose_clock_goes_back_leaves_the_tick_out(broker: Broker) -> None:
    space = space_on(broker)
    places = [(space.topic(topic.name), 0) for topic in FEEDS.values()]
    failures: list[BaseException] = []

    async def tell() -> None:
        producer = StageProducer(space.connection.aiokafka_options())
        await producer.start()
        ticker = Ticker(producer, places, every_s=60, epoch=lambda: 1, failed=failures.append)
        for at_us in (NOW_US, NOW_US - DAY_US, NOW_US, NOW_US + SECOND_US):
            await ticker.tell(at_us, 1)
        await producer.stop()

    asyncio.run(tell())
    for feed in Feed:
        records = kept(space, [FEEDS[feed].name])
        ticks = [read_tick(record.value, record.headers) for record in records]
        assert ticks == [RawTick(NOW_US, 1), RawTick(NOW_US + SECOND_US, 1)]
    assert not failures
