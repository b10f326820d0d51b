"""Logs for the simulation: what intake and router write for a small town, and plain counts."""

import random
from functools import cache
from typing import NamedTuple

from alerts.vault.sealing import Sealer
from detectors.person_model import PersonModel, PersonModelConfig, model_of, snapshot_of
from schemas.areas import Directory
from schemas.codec import decoder_of, encode
from schemas.outcomes import ClockAnswer, ServiceClock
from schemas.records import Activated, Activation, Tick
from schemas.times import HOUR_US, to_us
from schemas.topics import (
    CATALOGUE,
    PERSON_LOG,
    SERVICE_LOG,
)
from streams.pipeline import PipelineConfig
from streams.worker.routing import Batches, Router
from streams.worker.seats import STAGES, Parts, StageKind
from tests.detectors.synthetic_examples import synthetic, taught
from tests.streams.intake.contacts import CODE_VERSION, KEYRING, intake_with, raw
from tests.streams.towns import lines_of, town_events
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.counting import COUNT

SOURCES = ("incident/0", "hotline/0")
PARTITIONS = {topic.name: min(topic.partitions, 2) for topic in CATALOGUE}
TICK_US = 8 * HOUR_US
Log = dict[int, list[Logged]]


class Job(NamedTuple):
    """A stage, what its seats share, and its log by partition."""

    kind: StageKind
    parts: Parts
    log: Log


@cache
def _model() -> tuple[PersonModel, Activation]:
    snapshot = snapshot_of(taught(300), 1, 1)
    activation = Activation(Activated.PERSON_MODEL, snapshot.model_version, 1, 1)
    return model_of(snapshot), activation


def parts_with(directory: Directory | None = None) -> Parts:
    """What seats share in these tests: the catalogue's partitions, two each at most."""
    model, activation = _model()
    return Parts(
        PipelineConfig(),
        directory or Directory(),
        SOURCES,
        {activation.version: model},
        PARTITIONS,
        Sealer(KEYRING),
        CODE_VERSION,
    )


@cache
def _town() -> tuple[Batches, Directory]:
    """The logs of a small town; a model is activated when a third of it has happened."""
    events, directory = town_events(persons=150, days=45, seed=4)
    intake, router = intake_with(directory=directory), Router(PARTITIONS, directory)
    logs: Batches = {}
    next_tick_us = to_us(events[0].ingesttime or events[0].time) // TICK_US * TICK_US
    for number, (event, line) in enumerate(zip(events, lines_of(events), strict=True)):
        at_us = to_us(event.ingesttime or event.time)
        while next_tick_us <= at_us:
            _tick(router, logs, next_tick_us)
            next_tick_us += TICK_US
        if number == len(events) // 3:
            _activate(logs)
        router.take(logs, intake.step(raw(line.strip(), received_us=at_us, offset=number)))
        if number % 7 == 0:  # a source repeats itself
            router.take(logs, intake.step(raw(line.strip(), received_us=at_us, offset=number)))
    for _ in range(120):
        _tick(router, logs, next_tick_us)
        next_tick_us += TICK_US
    return logs, directory


def _tick(router: Router, logs: Batches, at_us: int) -> None:
    for source in SOURCES:
        router.tick(logs, Tick(source, at_us))


def _activate(logs: Batches) -> None:
    record = (b"", encode(_model()[1]))
    for partition in range(PARTITIONS[PERSON_LOG.name]):
        logs[PERSON_LOG.name, partition].append(record)


def _logged(values: list[bytes]) -> list[Logged]:
    return [Logged(offset, value) for offset, value in enumerate(values)]


def _answered(values: list[bytes]) -> list[bytes]:
    """The service log with every third clock answered as soon as it was opened."""
    read = decoder_of(SERVICE_LOG.name)
    with_answers: list[bytes] = []
    for number, value in enumerate(values):
        with_answers.append(value)
        record = read(value)
        if isinstance(record, ServiceClock) and number % 3 == 0:
            with_answers.append(encode(ClockAnswer(record.receipt, to_us(record.opened))))
    return with_answers


def town_job(stage: str) -> Job:
    """A stage of the product over the log of the small town."""
    logs, directory = _town()
    kind = STAGES[stage]
    values = {n: [value for _, value in logs[kind.log.name, n]] for n in range(2)}
    if kind.log is SERVICE_LOG:
        values = {number: _answered(one) for number, one in values.items()}
    return Job(kind, parts_with(directory), {n: _logged(one) for n, one in values.items()})


def learner_job() -> Job:
    """The learner over examples with a known truth; it publishes every 20."""
    eager = PersonModelConfig(base_rate=0.1, examples_min=100, publish_every_examples=20)
    parts = parts_with()._replace(config=PipelineConfig(learner=eager))
    log = _logged([encode(example) for example in synthetic(300, seed=3)])
    return Job(STAGES["learner"], parts, {0: log})


def count_job(seed: int, records: int = 240) -> Job:
    """The plain count over a log of few keys."""
    chance = random.Random(seed)  # noqa: S311  # a seed, no secret
    log = {
        partition: _logged([b"%d" % chance.randrange(12) for _ in range(records)])
        for partition in range(2)
    }
    return Job(COUNT, parts_with(), log)
