"""Replaying a recorded run: the stages over the logs that decided, partition by partition.

    person-log ──► person stage ──┐
    area-log ────► area stage ────┼──► the same outputs, to the byte, and the same final state
    service-log ─► service stage ─┤
    examples ────► learner ───────┘

Rules: every partition begins with nothing and steps through its own log alone, as a worker does;
what does not belong in a log is passed over, where a worker makes a dead letter of it. Models come
from the recorded bodies; the logs say when each came into use.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from detectors.person_model import ModelError, PersonModel, model_of
from schemas.areas import Directory
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import ModelSnapshot
from schemas.records import Activation, Tick, Transition
from schemas.topics import (
    AREA_LOG,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
)
from schemas.versioned import AREA_CELL, AREA_SERIES, OPEN_CLOCK, PERSON_HISTORY
from streams.area_stage import AreaStage
from streams.clock import StageClock, idle_us_in
from streams.learner_stage import LearnerStage
from streams.log_files import LogFile, Manifest, RecordingError, read_log
from streams.outputs import Outputs
from streams.partitions import of_area_record, of_hex
from streams.person_stage import PersonStage
from streams.pipeline import PipelineConfig
from streams.service_stage import ServiceStage
from streams.state import LiveState, PackedState

_STAGE_LOGS = (PERSON_LOG.name, AREA_LOG.name, SERVICE_LOG.name, TRAINING_EXAMPLES.name)
_STEPS_TOLD = 4_096

Sections = dict[str, dict[str, bytes]]
Take = Callable[[Outputs], None]
"""Takes what was said and empties it."""
Progress = Callable[[int], None]


class Parts(NamedTuple):
    """What all partitions share; `partitions` counts those of each log by its name."""

    config: PipelineConfig
    directory: Directory
    sources: tuple[str, ...]
    models: Mapping[str, PersonModel]
    partitions: Mapping[str, int]
    idle_us: int


class Seat(NamedTuple):
    """One partition of one stage: its step, what belongs in its log, and its final state."""

    step: Callable[[Any, Outputs], None]
    belongs: Callable[[Any], bool]
    sections: Callable[[], Sections]


class FinalState(NamedTuple):
    """Where one partition ended: the digest of its state, and how many keys are in it."""

    topic: str
    partition: int
    records: int
    passed_over: int
    keys: int
    sha256: str


def replay_log(
    folder: Path,
    manifest: Manifest,
    config: PipelineConfig,
    directory: Directory,
    take: Take,
    stepped: Progress | None = None,
) -> list[FinalState]:
    """Run the stages over a recording and return where each partition ended.

    `take` is given what each record brought about; `stepped` is told the number of records. Raises
    RecordingError where a log does not reach back to its beginning, or files cannot be read.
    """
    logs = [log for name in _STAGE_LOGS for log in manifest.partitions(name)]
    for log in logs:
        if log.first:
            raise RecordingError(
                f"{log.topic} {log.partition} begins at offset {log.first}: what came before is "
                "gone from the cluster, so its state cannot be made anew; record a whole run"
            )
    parts = Parts(
        config,
        directory,
        manifest.sources,
        _models(folder, manifest),
        {name: len(manifest.partitions(name)) for name in _STAGE_LOGS},
        idle_us_in(manifest.namespace),
    )
    ended = []
    steps = 0
    for log in logs:
        seat = _SEATS[log.topic](log.partition, parts)
        ended.append(_run(folder, log, seat, take, stepped, steps))
        steps += log.records
    if stepped is not None:
        stepped(steps)
    return ended


def _run(
    folder: Path, log: LogFile, seat: Seat, take: Take, stepped: Progress | None, before: int
) -> FinalState:
    decode = decoder_of(log.topic)
    out = Outputs()
    passed_over = 0
    for number, record in enumerate(read_log(folder, log), start=before + 1):
        if stepped is not None and not number % _STEPS_TOLD:
            stepped(number)
        try:
            read = decode(record.value or b"")
        except CodecError:
            read = None
        if read is None or not seat.belongs(read):
            passed_over += 1
            continue
        seat.step(read, out)
        take(out)
    sections = seat.sections()
    keys = sum(len(section) for section in sections.values())
    return FinalState(
        log.topic, log.partition, log.records, passed_over, keys, digest_of_state(sections)
    )


def digest_of_state(sections: Sections) -> str:
    """Return the SHA-256 (hex) of versioned state bytes, by section and key in order."""
    digest = sha256()
    for section, values in sorted(sections.items()):
        for key, value in sorted(values.items()):
            for part in (section.encode(), key.encode(), value):
                digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _models(folder: Path, manifest: Manifest) -> dict[str, PersonModel]:
    models = {}
    decode = decoder_of(MODEL_SNAPSHOTS.name)
    for log in manifest.partitions(MODEL_SNAPSHOTS.name):
        for record in read_log(folder, log):
            try:
                snapshot: ModelSnapshot = decode(record.value or b"")
                models[snapshot.model_version] = model_of(snapshot)
            except (CodecError, ModelError) as error:
                raise RecordingError(f"a recorded model cannot be used: {error}") from error
    return models


def _person(partition: int, parts: Parts) -> Seat:
    state = PackedState(PERSON_HISTORY)
    clock = StageClock(parts.sources, parts.idle_us)
    stage = PersonStage(parts.config.person, state, clock, dict(parts.models))
    number = parts.partitions[PERSON_LOG.name]

    def belongs(record: Any) -> bool:
        if isinstance(record, Tick | Activation):
            return _told_by(record, parts)
        key = record.subject if isinstance(record, Transition) else record.person
        return _of_hex(key, number) == partition

    return Seat(stage.step, belongs, lambda: {"persons": state.snapshot()})


def _area(partition: int, parts: Parts) -> Seat:
    cells, series = LiveState(AREA_CELL), LiveState(AREA_SERIES)
    stage = AreaStage(
        parts.config.area,
        directory=parts.directory,
        cells=cells,
        series=series,
        clock=StageClock(parts.sources, parts.idle_us),
    )
    number = parts.partitions[AREA_LOG.name]

    def belongs(record: Any) -> bool:
        if isinstance(record, Tick):
            return _told_by(record, parts)
        return of_area_record(record, parts.directory, number) == partition

    return Seat(
        stage.step, belongs, lambda: {"cells": cells.snapshot(), "series": series.snapshot()}
    )


def _service(partition: int, parts: Parts) -> Seat:
    state = PackedState(OPEN_CLOCK)
    stage = ServiceStage(parts.config.service, state, StageClock(parts.sources, parts.idle_us))
    number = parts.partitions[SERVICE_LOG.name]

    def belongs(record: Any) -> bool:
        if isinstance(record, Tick):
            return _told_by(record, parts)
        return _of_hex(record.receipt, number) == partition

    return Seat(stage.step, belongs, lambda: {"clocks": state.snapshot()})


def _learner(partition: int, parts: Parts) -> Seat:  # noqa: ARG001  # there is one partition
    stage = LearnerStage(parts.config.learner, {})
    return Seat(stage.step, lambda _: True, lambda: {"learner": {"": stage.snapshot()}})


_SEATS: dict[str, Callable[[int, Parts], Seat]] = {
    PERSON_LOG.name: _person,
    AREA_LOG.name: _area,
    SERVICE_LOG.name: _service,
    TRAINING_EXAMPLES.name: _learner,
}


def _told_by(record: Tick | Activation, parts: Parts) -> bool:
    """Whether a tick is of known sources; an activation is for every partition."""
    if isinstance(record, Activation):
        return True
    return all(source in parts.sources for source in (record.source, *record.others))


def _of_hex(key: str, partitions: int) -> int:
    """Return the partition of a hex key, -1 for one that is none."""
    try:
        return of_hex(key, partitions)
    except ValueError:
        return -1


def outputs_of(manifest: Manifest, folder: Path, topic: str) -> Iterator[bytes]:
    """Yield the recorded values of an output topic."""
    for log in manifest.partitions(topic):
        for record in read_log(folder, log):
            if record.value is not None:
                yield record.value
