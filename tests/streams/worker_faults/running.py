"""Workers to break: a namespace with topics, a `forewarn worker` on it, and what became of it all.

Rules: a worker is the command itself, as a process of its own; what it did is read from the topics
and from its exit code and last line. Good reports are numbered, so that none can be lost unseen.
Every wait is for a condition and has a deadline.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from alerts.vault.keyring import write_keyring
from forewarn.broker.broker import Broker
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import Assessment, DeadLetter
from schemas.records import PersonSignal
from schemas.taxonomy import Feed, Scheme
from schemas.times import MINUTE_US, SECOND_US
from schemas.topics import ASSESSMENTS, FEEDS, PERSON_LOG
from streams.cluster.connect import Connection
from streams.cluster.dead_letters import LETTER_TOPICS
from streams.cluster.naming import named
from streams.cluster.provision import create
from streams.cluster.raw import TICK_HEADERS, TICK_KEY, RawTick, feeder_headers, write_tick
from streams.cluster.reading import partitions_on
from streams.worker.options import EVERY_STAGE
from tests.brokers import fresh_namespace
from tests.builders import NOW_US
from tests.streams.intake.contacts import KEYRING, contact, person

PARTITIONS = 2
RAW = FEEDS[Feed.INCIDENT].name
WAIT_S = 60.0
POLL_S = 0.2
SESSION_S = 3.0
WATCH_S = 1.0
FIRST_STAGES = "intake,person"
"""What a good report needs to be taken and assessed; a worker of two stages starts sooner."""
ALL_STAGES = ",".join(EVERY_STAGE)
BATCH_BYTES = 8 * 2**20

Headers = tuple[tuple[str, bytes], ...]


class Sent(NamedTuple):
    """One record as a test sends it."""

    value: bytes | None
    key: bytes | None = b"key"
    headers: Headers = ()


@dataclass(frozen=True)
class Space:
    """A namespace with its topics, and how to reach it."""

    connection: Connection
    namespace: str

    def topic(self, name: str) -> str:
        return named(self.namespace, name)


def space_on(broker: Broker, namespace: str | None = None) -> Space:
    """A namespace that no other test has, or the one named, with two partitions of each topic."""
    space = Space(broker.connection(), fresh_namespace() if namespace is None else namespace)
    create(space.connection, space.namespace, replication=1, partitions=PARTITIONS)
    return space


# ------------------------------------------------------------------------------- what is sent


def good(number: int, **data: Any) -> Sent:
    """The good report with that number, of a person of its own, with the feeder's word on it."""
    at_us = NOW_US + number * SECOND_US
    who = person(f"person-{number}", Scheme.PSEUDONYM)
    event = contact(f"good-{number}", at=at_us, ingest=at_us, **{"person": who, **data})
    return placed(msgspec.json.encode(event), number)


def placed(value: bytes | None, number: int, **more: Any) -> Sent:
    """Any value with the feeder's word on when it came in and where it stands."""
    at_us = NOW_US + number * SECOND_US
    return Sent(value, b"key", feeder_headers(received_us=at_us, place=number, **more))


def put(
    space: Space,
    name: str,
    records: Iterable[Sent],
    partition: int = 0,
    *,
    compression: str | None = None,
) -> list[int]:
    """Send records to one partition of a topic as one batch, and return their offsets."""

    async def send() -> list[int]:
        options = space.connection.aiokafka_options()
        async with AIOKafkaProducer(
            **options, compression_type=compression, max_batch_size=BATCH_BYTES
        ) as producer:
            batch = producer.create_batch()
            for value, key, headers in records:
                said = list(headers)
                assert batch.append(key=key, value=value, timestamp=None, headers=said) is not None
            number = batch.record_count()
            batch.close()
            acked = await producer.send_batch(batch, space.topic(name), partition=partition)
            first = (await acked).offset
            return list(range(first, first + number))

    return asyncio.run(send())


def tick(space: Space, number: int) -> None:
    """Tell every raw partition that all reports up to this number are there."""
    value = write_tick(RawTick(NOW_US + number * SECOND_US + MINUTE_US))
    for topic in FEEDS.values():
        for partition in range(PARTITIONS):
            put(space, topic.name, [Sent(value, TICK_KEY, TICK_HEADERS)], partition)


def put_good(space: Space, numbers: Sequence[int]) -> None:
    """Send these good reports, one partition or the other, and then a tick."""
    for partition in range(PARTITIONS):
        put(space, RAW, [good(n) for n in numbers if n % PARTITIONS == partition], partition)
    tick(space, numbers[-1])


# ------------------------------------------------------------------------------- what is there


def kept(space: Space, names: Iterable[str]) -> list[Any]:
    """All records of topics at present, each partition in its order, whatever is between them."""

    async def read() -> list[Any]:
        found: list[Any] = []
        options = space.connection.aiokafka_options()
        there = await partitions_on(space.connection, space.namespace, names)
        parts = [TopicPartition(space.topic(n), p) for n in there for p in range(there[n])]
        async with AIOKafkaConsumer(
            **options, group_id=None, auto_offset_reset="earliest"
        ) as consumer:
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            until = time.monotonic() + WAIT_S
            while any([await consumer.position(part) < ends[part] for part in parts]):
                assert time.monotonic() < until
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        return found

    return asyncio.run(read())


def read_as(space: Space, name: str) -> list[Any]:
    """All records of a topic that can be read, decoded."""
    decode = decoder_of(name)
    found = []
    for record in kept(space, [name]):
        try:
            found.append(decode(record.value or b""))
        except CodecError:
            continue
    return found


def assessed(space: Space) -> set[str]:
    """The subjects that the person stage has assessed: one for each good report."""
    return {one.subject for one in read_as(space, ASSESSMENTS.name) if isinstance(one, Assessment)}


def on_person_log(space: Space) -> set[str]:
    """The signals on the person log: one for each good report."""
    read = read_as(space, PERSON_LOG.name)
    return {one.signal_id for one in read if isinstance(one, PersonSignal)}


def letters(space: Space) -> list[DeadLetter]:
    """All dead letters, each place once."""
    found = {}
    for name in LETTER_TOPICS:
        for letter in read_as(space, name):
            found[letter.topic, letter.partition, letter.offset] = letter
    return list(found.values())


def reasons(space: Space) -> Counter[str]:
    """Dead letters by reason."""
    return Counter(letter.reason for letter in letters(space))


def wait_until(condition: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Return when the condition holds; fail with what was waited for."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}"
        time.sleep(POLL_S)


def wait_for_good(space: Space, number: int, within_s: float = WAIT_S) -> None:
    """Return when so many good reports are on the log and assessed."""
    wait_until(lambda: len(assessed(space)) >= number, f"{number} good reports assessed", within_s)
    assert len(on_person_log(space)) == len(assessed(space)) == number


@contextmanager
def admin_of(space: Space) -> Iterator[KafkaAdminClient]:
    """kafka-python's admin client."""
    admin = KafkaAdminClient(**space.connection.kafka_python_options())
    try:
        yield admin
    finally:
        admin.close()


def committed(space: Space, group: str) -> dict[str, int]:
    """What a group has committed, by `topic/partition` without the namespace."""
    name = space.topic(f"forewarn-{group}")
    with admin_of(space) as admin:
        told = admin.list_group_offsets({name: None})[name]
    prefix = space.topic("")
    return {
        f"{place.topic.removeprefix(prefix)}/{place.partition}": one.offset
        for place, one in told.items()
    }


# ------------------------------------------------------------------------------- who is broken


class Ended(NamedTuple):
    """How a worker ended: exit code and the last line it said."""

    code: int
    last: str


class WorkerProcess:
    """One `forewarn worker`, with all it said in a file."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process = process
        self._said = said

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def started(self) -> None:
        """Wait until its stages run."""
        wait_until(lambda: "are running" in self.said() or not self.running, "a worker that runs")
        assert self.running, self.said()

    def ended(self, within_s: float = WAIT_S) -> Ended:
        """Wait until it has ended by itself."""
        code = self._process.wait(within_s)
        lines = self.said().strip().splitlines()
        return Ended(code, lines[-1] if lines else "")

    def stopped(self, within_s: float = WAIT_S) -> Ended:
        """Tell it to stop, as an operator does, once it runs: an interpreter knows no drain yet."""
        wait_until(lambda: "are running" in self.said() or not self.running, "a worker that runs")
        self._process.send_signal(signal.SIGTERM)
        return self.ended(within_s)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(WAIT_S)


def environment_of(connection: Connection, folder: Path) -> dict[str, str]:
    """The settings of a worker on this cluster, with the keyring of the tests."""
    folder.mkdir(parents=True, exist_ok=True)
    keys, secret = folder / "keys.json", folder / "password"
    keys.write_bytes(write_keyring(KEYRING))
    secret.write_text(f"{connection.password}\n", encoding="utf-8")
    settings = {
        "KEYS_FILE": keys,
        "KAFKA_BOOTSTRAP": ",".join(connection.bootstrap),
        "KAFKA_SECURITY": connection.security.value,
        "KAFKA_REQUEST_TIMEOUT_S": connection.request_timeout_s,
        "LOG_LEVEL": "WARNING",
    }
    if connection.username:
        settings |= {
            "KAFKA_USERNAME": connection.username,
            "KAFKA_PASSWORD_FILE": secret,
            "KAFKA_CA_FILE": connection.ca_file or "",
        }
    return {**os.environ, **{f"FOREWARN_{name}": str(value) for name, value in settings.items()}}


@contextmanager
def worker_process(
    space: Space,
    folder: Path,
    *options: str,
    metrics_port: int = 0,
    stages: str = FIRST_STAGES,
) -> Iterator[WorkerProcess]:
    """Run `forewarn worker` on a namespace; it is killed at the end if it still runs."""
    environment = environment_of(space.connection, folder)
    said = folder / f"said-{len(list(folder.glob('said-*')))}"
    command = [
        *(str(Path(sys.executable).with_name("forewarn")), "worker"),
        *("--namespace", space.namespace, "--metrics-port", str(metrics_port)),
        *("--session-s", str(SESSION_S), "--watch-s", str(WATCH_S), "--stages", stages, *options),
    ]
    with said.open("wb") as out:
        process = subprocess.Popen(  # our own program and arguments
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    running = WorkerProcess(process, said)
    try:
        yield running
    finally:
        if running.running:
            running.kill()


def ended_of(space: Space, folder: Path, *options: str, **more: Any) -> Ended:
    """Run a worker that cannot start or cannot go on, and return how it ended."""
    with worker_process(space, folder, *options, **more) as worker:
        return worker.ended()
