"""One partition of one stage: its step, its clock, its views on durable state.

Rules: a seat is made from the state alone, so a partition that comes to another worker goes on as
if nothing had been. It reads bytes of its log, in their order, and says what follows; it never
raises for what stands in a record. What does not belong in its log is a dead letter.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from alerts.vault.sealing import Sealer
from detectors.person_model import PersonModel
from schemas.areas import Directory
from schemas.codec import CodecError, decoder_of, encode
from schemas.events import RawRecord
from schemas.outcomes import DeadLetter, TrainingExample
from schemas.records import Activation, AreaSignal, Tick, Transition
from schemas.rejections import Refused, Rejection
from schemas.state import StageProgress
from schemas.topics import AREA_LOG, PERSON_LOG, SERVICE_LOG, TRAINING_EXAMPLES, Part, Topic
from schemas.versioned import (
    AREA_CELL,
    AREA_SERIES,
    LEARNER_STATE,
    OPEN_CLOCK,
    PERSON_HISTORY,
)
from streams.area_stage import AreaStage
from streams.clock import IDLE_US, StageClock
from streams.intake.dead_letters import dead_letter
from streams.learner_stage import LearnerStage
from streams.outputs import Outputs
from streams.partitions import of_area, of_hex
from streams.person_stage import PersonStage
from streams.pipeline import PipelineConfig
from streams.service_stage import ServiceStage
from streams.worker.letter_room import beginning
from streams.worker.state import PartitionState

PERSONS, SERIES, CELLS, CLOCKS, LEARNER = b"p", b"s", b"c", b"k", b"l"
LEARNER_KEY = "learner"


class Parts(NamedTuple):
    """What every seat of a process shares; `partitions` are the partitions of the logs by name."""

    config: PipelineConfig
    directory: Directory
    sources: tuple[str, ...]
    models: dict[str, PersonModel]
    partitions: Mapping[str, int]
    sealer: Sealer
    code_version: str
    idle_us: int = IDLE_US


class LogRecord(Protocol):
    """What a seat reads of a record, as a consumer gives it."""

    @property
    def offset(self) -> int:
        """The place of the record in its partition."""

    @property
    def value(self) -> bytes | None:
        """The bytes of the record; None for a tombstone."""

    @property
    def timestamp(self) -> int:
        """When the broker took it in, in milliseconds."""


class Seat:
    """Steps one partition; `letters` are the records of the chunk that do not belong."""

    def __init__(
        self, log: Topic, partition: int, parts: Parts, state: PartitionState, clock: StageClock
    ) -> None:
        self.log = log
        self.partition = partition
        self.parts = parts
        self.state = state
        self.clock = clock
        self.letters: list[DeadLetter] = []
        self._decode = decoder_of(log.name)
        self._sources = frozenset(parts.sources)
        clock.set_to(state.progress.clock)

    def take(self, records: Sequence[LogRecord], out: Outputs) -> None:
        """Step through records; what those up to the state's `high` say has been said already."""
        for record in records:
            again = record.offset <= self.state.high
            read = self._read(record, again=again)
            if read is not None:
                self.step(read, Outputs() if again else out)
        self.chunk_done()

    def _read(self, record: LogRecord, *, again: bool) -> Any:
        try:
            read = self._decode(record.value or b"")
        except CodecError:
            read = None
        if read is None or not self._belongs(read):
            if not again:
                self.letters.append(self._letter(record))
            return None
        return read

    def _belongs(self, read: Any) -> bool:
        if isinstance(read, Tick):
            return self._sources.issuperset((read.source, *read.others))
        return self.partition_of(read) in {self.partition, None}

    def _letter(self, record: LogRecord) -> DeadLetter:
        raw = RawRecord(
            record.value or b"",
            self.log.name,
            self.partition,
            record.offset,
            record.timestamp * 1_000,
        )
        refused = Refused(Rejection.NOT_OF_THIS_LOG)
        return dead_letter(beginning(raw), refused, self.parts.sealer, self.parts.code_version)

    def progress(self, next_offset: int) -> StageProgress:
        """Return how far this partition has come once the chunk is durable."""
        return StageProgress(next_offset, self.clock.reading(), self.activation())

    # What differs from stage to stage.

    def step(self, record: Any, out: Outputs) -> None:
        """Take one record that belongs here in."""
        raise NotImplementedError

    def partition_of(self, record: Any) -> int | None:  # noqa: ARG002  # there may be one only
        """Return the partition a record belongs to, None where any will do."""
        return None

    def chunk_done(self) -> None:
        """Put away what is kept once a chunk and not once a record."""

    def activation(self) -> bytes:
        """Return the activation in force as JSON."""
        return b""

    def model_version(self) -> str:
        """Return the version of the model in force, empty where there is none."""
        return ""

    def needs(self, records: Sequence[LogRecord]) -> list[str]:  # noqa: ARG002  # most need none
        """Return versions of models that a chunk activates."""
        return []


class PersonSeat(Seat):
    """Histories of the persons of one partition."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        super().__init__(
            PERSON_LOG, partition, parts, state, StageClock(parts.sources, parts.idle_us)
        )
        persons = state.view(PERSONS, PERSON_HISTORY)
        self._number = parts.partitions[PERSON_LOG.name]
        self.stage = PersonStage(parts.config.person, persons, self.clock, parts.models)
        if state.progress.activation:
            in_force = msgspec.json.decode(state.progress.activation, type=Activation)
            self.stage.step(in_force, Outputs())

    def step(self, record: Any, out: Outputs) -> None:
        """Take one record of the person log in."""
        self.stage.step(record, out)

    def partition_of(self, record: Any) -> int | None:
        """Return the partition of the person a record is about."""
        if isinstance(record, Activation):
            return None
        key = record.subject if isinstance(record, Transition) else record.person
        return _of_hex(key, self._number)

    def activation(self) -> bytes:
        """Return the activation in force as JSON."""
        return encode(self.stage.activation) if self.stage.activation else b""

    def model_version(self) -> str:
        """Return the version of the model in force, empty where there is none."""
        return self.stage.activation.version if self.stage.activation else ""

    def needs(self, records: Sequence[LogRecord]) -> list[str]:
        """Return the versions of models that a chunk activates."""
        mark = b'"type":"activation"'
        found = [self._read(r, again=True) for r in records if r.value and mark in r.value]
        return [one.version for one in found if isinstance(one, Activation)]


class AreaSeat(Seat):
    """Counts and incidents of the counties of one partition."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        super().__init__(
            AREA_LOG, partition, parts, state, StageClock(parts.sources, parts.idle_us)
        )
        # Series before cells: what a scan decided is written before what it read.
        series = state.view(SERIES, AREA_SERIES, live=True)
        cells = state.view(CELLS, AREA_CELL, live=True)
        self._number = parts.partitions[AREA_LOG.name]
        self.stage = AreaStage(
            parts.config.area,
            directory=parts.directory,
            cells=cells,
            series=series,
            clock=self.clock,
        )

    def step(self, record: Any, out: Outputs) -> None:
        """Take one record of the area log in."""
        self.stage.step(record, out)

    def partition_of(self, record: Any) -> int | None:
        """Return the partition of the county a record is about."""
        area = record.area if isinstance(record, AreaSignal) else record.subject
        return of_area(area, self.parts.directory, self._number)


class ServiceSeat(Seat):
    """Response clocks of the receipts of one partition."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        super().__init__(
            SERVICE_LOG, partition, parts, state, StageClock(parts.sources, parts.idle_us)
        )
        clocks = state.view(CLOCKS, OPEN_CLOCK)
        self._number = parts.partitions[SERVICE_LOG.name]
        self.stage = ServiceStage(parts.config.service, clocks, self.clock)

    def step(self, record: Any, out: Outputs) -> None:
        """Take one record of the service log in."""
        self.stage.step(record, out)

    def partition_of(self, record: Any) -> int | None:
        """Return the partition of a receipt."""
        return _of_hex(record.receipt, self._number)


class LearnerSeat(Seat):
    """The learner; its state and the offset it has learned up to change together."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        super().__init__(TRAINING_EXAMPLES, partition, parts, state, StageClock(("none",)))
        self._view = state.view(LEARNER, LEARNER_STATE)
        self.stage = LearnerStage(parts.config.learner, dict(parts.models))
        self._learned = False
        kept = self._view.get(LEARNER_KEY)
        if kept is not None:
            self.stage.restore(LEARNER_STATE.encode(kept))

    def step(self, record: TrainingExample, out: Outputs) -> None:
        """Learn from one example."""
        self.stage.step(record, out)
        self._learned = True

    def chunk_done(self) -> None:
        """Put the learner away, once a chunk in which it learned."""
        if self._learned:
            self._view.put(LEARNER_KEY, LEARNER_STATE.decode(self.stage.snapshot()))
            self._learned = False


def _of_hex(key: str, partitions: int) -> int:
    """Return the partition of a hex key, -1 for one that is none."""
    try:
        return of_hex(key, partitions)
    except ValueError:
        return -1


MakeSeat = Callable[[int, Parts, PartitionState], Seat]


class StageKind(NamedTuple):
    """A stage as data: who it is, which log it reads, how a partition of it is made."""

    part: Part
    log: Topic
    seat: MakeSeat


STAGES: dict[str, StageKind] = {
    "person": StageKind(Part.PERSON, PERSON_LOG, PersonSeat),
    "area": StageKind(Part.AREA, AREA_LOG, AreaSeat),
    "service": StageKind(Part.SERVICE, SERVICE_LOG, ServiceSeat),
    "learner": StageKind(Part.LEARNER, TRAINING_EXAMPLES, LearnerSeat),
}
