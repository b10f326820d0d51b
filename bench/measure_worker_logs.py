"""Fills logs and raw topics with what the worker is measured on: a town's feed, or many persons.

Rules: what is filled is what the product itself would write: the pure intake takes each event once,
the router places it, and ticks stand where the feeder's ticks stand. An active model is on the
logs, as in earnest. Nothing here is timed.
"""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench.feeds import directory, lines_of, pipeline
from bench.measure_worker_process import Task, options_of
from bench.peers.fill import Keyed, send
from bench.persons import START_US, four_each, learned
from detectors.person_model import model_of, snapshot_of
from schemas.codec import encode
from schemas.records import Activated, Activation, Tick
from schemas.topics import AREA_LOG, FEEDS, MODEL_SNAPSHOTS, PERSON_LOG, SERVICE_LOG
from streams.cluster.connect import Connection
from streams.cluster.feeder import feed
from streams.cluster.naming import named
from streams.feeds.town_config import TownConfig
from streams.partitions import of_hex
from streams.replay import TICK_US
from streams.replay_order import Line
from streams.worker.routing import Batches, Router

LOGS = (PERSON_LOG.name, AREA_LOG.name, SERVICE_LOG.name)
PARTITIONS = dict.fromkeys(LOGS, PERSON_LOG.partitions)


class Filled(NamedTuple):
    """What is on the logs of a namespace: events of the feed behind it, records by log, ticks."""

    namespace: str
    events: int
    records: dict[str, int]
    ticks: int

    def elsewhere(self) -> dict[str, str]:
        """Return the names under which a worker of another namespace finds these logs."""
        return {name: named(self.namespace, name) for name in (*LOGS, MODEL_SNAPSHOTS.name)}

    def note(self) -> str:
        """Say what it is."""
        person, area = self.records[PERSON_LOG.name], self.records[AREA_LOG.name]
        return (
            f"{self.events:,} events of a town: {person:,} records for persons, {area:,} for "
            f"areas, {self.ticks:,} ticks"
        )


def activate(bootstrap: str, namespace: str) -> None:
    """Put a model's body on its topic, and its activation on the person log."""
    snapshot = snapshot_of(learned(), 1, START_US)
    version = model_of(snapshot).version
    record = Activation(Activated.PERSON_MODEL, version, 1, START_US)
    body = (0, snapshot.digest.encode(), encode(snapshot))
    send(bootstrap, named(namespace, MODEL_SNAPSHOTS.name), [body])
    active = [(number, version.encode(), encode(record)) for number in range(PERSON_LOG.partitions)]
    send(bootstrap, named(namespace, PERSON_LOG.name), active)


def fill_town(bootstrap: str, namespace: str, lines: list[Line]) -> Filled:
    """Write what the intake makes of a feed to the logs of a namespace, ticks of all sources in."""
    batches, ticks = _taken(bootstrap, lines)
    activate(bootstrap, namespace)
    counts = dict.fromkeys(LOGS, 0)
    for name in LOGS:
        counts[name] = send(bootstrap, named(namespace, name), _of_topic(batches, name))
        counts[name] -= ticks * PARTITIONS[name]
    return Filled(namespace, len(lines), counts, ticks)


def _taken(bootstrap: str, lines: list[Line]) -> tuple[Batches, int]:
    sources = options_of(Task(bootstrap, "", (), 0)).sources()
    intake = pipeline().intake
    everywhere = {name: PARTITIONS.get(name, 1) for name in (*LOGS, "forewarn.vault-records.v1")}
    router, batches, ticks = Router(everywhere, directory()), Batches(), 0
    next_us = (lines[0].ingest_us // TICK_US + 1) * TICK_US
    for line in lines:
        while line.ingest_us >= next_us:
            router.tick(batches, Tick(sources[0], next_us, sources[1:]))
            next_us, ticks = next_us + TICK_US, ticks + 1
        router.take(batches, intake.step(line.record())._replace(vault=None))
    router.tick(batches, Tick(sources[0], next_us, sources[1:]))
    return batches, ticks + 1


def _of_topic(batches: Batches, name: str) -> Iterator[Keyed]:
    """Yield the records of a topic, the partitions in turn as the intake would write them."""
    places = [
        (place, iter(records)) for (topic, place), records in batches.items() if topic == name
    ]
    while places:
        left = []
        for place, records in places:
            some = list(islice(records, 100))
            yield from ((place, key, value) for key, value in some)
            if some:
                left.append((place, records))
        places = left


def feed_town(bootstrap: str, namespace: str, lines: Iterable[Line]) -> int:
    """Feed the raw topics of a namespace as `forewarn feed` does; return how many events."""
    report = asyncio.run(feed(Connection((bootstrap,)), namespace, iter(lines)))
    return report.records


def raw_elsewhere(namespace: str) -> dict[str, str]:
    """Return the names under which a worker of another namespace finds raw topics fed once."""
    return {topic.name: named(namespace, topic.name) for topic in FEEDS.values()}


def town(folder: Path, config: TownConfig, most: int) -> list[Line]:
    """Return a town's events in order, in memory; none that the order knows no time of."""
    return [line for line in lines_of(folder, config, most) if line.ingest_us]


def fill_signals(bootstrap: str, topic: str, persons: int, begin: int, end: int) -> int:
    """Write signals `begin` to `end` of `four_each(persons)` where their histories are."""
    signals = islice(four_each(persons), begin, end)
    number = PERSON_LOG.partitions
    return send(
        bootstrap,
        topic,
        ((of_hex(one.person, number), one.person.encode(), encode(one)) for one in signals),
    )
