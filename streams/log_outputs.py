"""What a replayed log said: to files, and held against what the run itself said.

Rules: outputs are known by their ids, and the same id has the same bytes, whoever says it and
however often; so two runs are compared as sets. Files have the names and lines of a replay's.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from schemas.closed import Closed
from schemas.codec import CodecError, decoder_of, encode
from schemas.outcomes import (
    Alert,
    Assessment,
    Change,
    ModelSnapshot,
    ServiceClock,
    TrainingExample,
)
from schemas.topics import (
    ALERTS,
    ASSESSMENTS,
    HELP_RETURNS,
    MODEL_SNAPSHOTS,
    SERVICE_CLOCKS,
    TRAINING_EXAMPLES,
)
from streams.log_files import Manifest
from streams.outputs import Outputs
from streams.replay_files import SUMMARY, OutputLines, WholeFiles
from streams.replay_log import FinalState, outputs_of

_FORMAT = 1
_DIGEST_BYTES = 16
_FILES = {
    ALERTS.name: "alerts",
    ASSESSMENTS.name: "assessments",
    SERVICE_CLOCKS.name: "service-clocks",
}
COMPARED = (
    ALERTS.name,
    ASSESSMENTS.name,
    SERVICE_CLOCKS.name,
    HELP_RETURNS.name,
    TRAINING_EXAMPLES.name,
    MODEL_SNAPSHOTS.name,
)


class Compared(NamedTuple):
    """One topic compared: ids that agree, and ids that differ or that one side alone has.

    `only_recorded` and `only_replayed` count what lies on one side; `examples` names some ids.
    """

    topic: str
    same: int
    differing: int
    only_recorded: int
    only_replayed: int
    examples: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether both sides said the same."""
        return not (self.differing or self.only_recorded or self.only_replayed)


def id_of(record: Closed) -> str:
    """Return what an output is known by."""
    match record:
        case Alert():
            return f"{record.alert_id} {record.revision}"
        case Assessment():
            return f"{record.scope} {record.assessment_id}"
        case ServiceClock():
            return f"{record.receipt} {record.state}"
        case TrainingExample():
            return record.example_id
        case ModelSnapshot():
            return record.model_version
        case _:
            raise TypeError(f"a {type(record).__name__} is no output of a stage")


class LogOutputs(WholeFiles):
    """Takes what stages say into a folder; a context manager that leaves whole files or none."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.tally: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self._lines = {name: OutputLines(folder, name) for name in sorted(_FILES.values())}
        self._digests: dict[str, str] = {}
        self._said: dict[str, dict[str, set[bytes]]] = {name: {} for name in COMPARED}

    def take(self, out: Outputs) -> None:
        """Take what a step said, and empty it."""
        said: tuple[tuple[str, list[Any]], ...] = (
            (ALERTS.name, out.alerts),
            (ASSESSMENTS.name, out.assessments),
            (SERVICE_CLOCKS.name, out.clocks),
            (HELP_RETURNS.name, out.returned),
            (TRAINING_EXAMPLES.name, out.examples),
            (MODEL_SNAPSHOTS.name, out.snapshots),
        )
        for topic, records in said:
            if records:
                self._take(topic, records)
                records.clear()
        out.person_records.clear()  # they are in the recorded log itself
        out.daily.clear()
        self.counts.update(out.counts)
        out.counts.clear()

    def _take(self, topic: str, records: Iterable[Closed]) -> None:
        lines = self._lines.get(_FILES.get(topic, ""))
        for record in records:
            _note(self._said[topic], record, encode(record))
            if lines is not None:
                lines.write(record)
            if isinstance(record, Alert) and record.change is Change.OPENED:
                self.tally[f"alerts.opened.{record.scope.value}.{record.level.value}"] += 1

    def finish(self, states: list[FinalState], about: dict[str, str]) -> dict[str, Any]:
        """Write the summary, give all files their names, return the summary."""
        self._digests = {name: lines.finish(whole=True) for name, lines in self._lines.items()}
        summary = {
            "format": _FORMAT,
            "about": about,
            "written": {name: lines.count for name, lines in self._lines.items()},
            "tally": dict(sorted(self.tally.items())),
            "counts": dict(sorted(self.counts.items())),
            "state": [state._asdict() for state in states],
            "sha256": self._digests,
        }
        partial = self.folder / f".{SUMMARY}.partial"
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
        partial.replace(self.folder / SUMMARY)
        return summary

    def compare(self, recording: Path, manifest: Manifest) -> list[Compared]:
        """Hold what was said against the recorded outputs, each id once.

        Where the beginning of an output topic was gone before the recording, what is only replayed
        is not counted.
        """
        return [self._compared(topic, recording, manifest) for topic in COMPARED]

    def _compared(self, topic: str, recording: Path, manifest: Manifest) -> Compared:
        recorded: dict[str, set[bytes]] = {}
        decode = decoder_of(topic)
        for value in outputs_of(manifest, recording, topic):
            try:
                _note(recorded, decode(value), value)
            except CodecError:
                recorded.setdefault("unreadable", set()).add(_short(value))
        replayed = self._said[topic]
        both = replayed.keys() & recorded.keys()
        differing = sorted(one for one in both if replayed[one] != recorded[one])
        only_recorded = sorted(recorded.keys() - both)
        whole = not any(log.first for log in manifest.partitions(topic))
        only_replayed = sorted(replayed.keys() - both) if whole else []
        return Compared(
            topic,
            len(both) - len(differing),
            len(differing),
            len(only_recorded),
            len(only_replayed),
            tuple((differing + only_recorded + only_replayed)[:5]),
        )


def _note(said: dict[str, set[bytes]], record: Closed, value: bytes) -> None:
    said.setdefault(id_of(record), set()).add(_short(value))


def _short(value: bytes) -> bytes:
    return sha256(value).digest()[:_DIGEST_BYTES]
