"""What must be found of every line of a feed, by the pure intake alone.

Rules: nothing of the run is asked. A line is found again by what it became: its signals byte for
byte on their logs, its receipt, its sealed record by id, its dead letter by reason and digest.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from alerts.service_limits import LimitCalendar
from alerts.vault.keyring import Keyring
from alerts.vault.pseudonyms import Pseudonyms
from alerts.vault.sealing import Sealer
from schemas.codec import decoder_of, encode
from schemas.outcomes import DeadLetter, ServiceClock, VaultRecord
from schemas.topics import AREA_LOG, FEEDS, PERSON_LOG, SERVICE_LOG, VAULT_RECORDS
from streams.intake.intake import Intake, Taken
from streams.pipeline import PipelineConfig
from streams.replay import TICK_US
from tests.faults.towns import Feed

Trace = tuple[str, ...] | tuple[str, bytes]
DEAD_LETTERS = tuple(f"{topic.name}.dlq" for topic in FEEDS.values())
TRACED = (PERSON_LOG.name, AREA_LOG.name, SERVICE_LOG.name, VAULT_RECORDS.name, *DEAD_LETTERS)
_SIGNAL = b'"signal_id"'


class Expected(NamedTuple):
    """`of_line` are the traces each line must leave; `ticks` are the moments that time is told."""

    of_line: list[tuple[Trace, ...]]
    ticks: int

    def counts(self) -> Counter[str]:
        """How many distinct traces there must be on each topic."""
        return Counter(trace[0] for trace in {one for of in self.of_line for one in of})


def intake_of(feed: Feed, keyring: Keyring, config: PipelineConfig, code: str) -> Intake:
    """The intake that the workers have, without a worker."""
    return Intake(
        config.intake,
        directory=feed.directory,
        pseudonyms=Pseudonyms(keyring, config.namespace),
        sealer=Sealer(keyring),
        calendar=LimitCalendar(config.limits, feed.directory.time_zone),
        code_version=code,
    )


def expected_of(feed: Feed, intake: Intake) -> Expected:
    """What must be found of a feed."""
    of_line = [tuple(_traces(intake.step(line.record()))) for line in feed.lines]
    times = [line.ingest_us for line in feed.lines if line.ingest_us]
    return Expected(of_line, times[-1] // TICK_US - times[0] // TICK_US + 1)


def _traces(taken: Taken) -> Iterator[Trace]:
    if taken.person is not None:
        yield PERSON_LOG.name, encode(taken.person)
    if taken.area is not None:
        yield AREA_LOG.name, encode(taken.area)
    if taken.clock is not None:
        yield SERVICE_LOG.name, taken.clock.receipt
    if taken.vault is not None:
        yield VAULT_RECORDS.name, taken.vault.record_id
    if taken.dead is not None:
        yield "dead letter", taken.dead.reason, taken.dead.digest


def trace_on(topic: str, value: bytes) -> Trace | None:
    """The trace that a record on a topic is, None where it is none (a tick, a transition)."""
    if topic in {PERSON_LOG.name, AREA_LOG.name}:
        return (topic, value) if value.startswith(b'{"type":"signal"') else None
    read: Any = decoder_of(topic)(value)
    match read:
        case ServiceClock():
            return topic, read.receipt
        case VaultRecord():
            return topic, read.record_id
        case DeadLetter():
            return "dead letter", read.reason, read.digest
        case _:
            return None
