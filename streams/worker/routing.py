"""What stages and intake said, as batches of records by topic and partition.

Rules: where a record goes depends on the record alone (`streams.partitions`). A model's body goes
out in a wave before everything else, so that no activation is read before its body is there. The
same outputs give the same bytes in the same order.
"""

from collections.abc import Mapping

from schemas.areas import Directory
from schemas.closed import Closed
from schemas.codec import encode
from schemas.outcomes import DeadLetter
from schemas.records import Activation, Tick, Transition
from schemas.topics import (
    ALERTS,
    AREA_LOG,
    ASSESSMENTS,
    HELP_RETURNS,
    LOG_LETTERS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
    VAULT_RECORDS,
    Topic,
)
from streams.intake.intake import Taken
from streams.outputs import Outputs, PersonOutput
from streams.partitions import of_area, of_hex
from streams.worker.letter_room import fitting

Record = tuple[bytes, bytes]
Batches = dict[tuple[str, int], list[Record]]
STAGE_LOGS = (PERSON_LOG, AREA_LOG, SERVICE_LOG)


class Router:
    """Turns outputs into batches; `partitions` are the numbers of partitions by topic name."""

    def __init__(self, partitions: Mapping[str, int], directory: Directory) -> None:
        self._partitions = partitions
        self._directory = directory

    def stage_waves(self, out: Outputs) -> list[Batches]:
        """Return what a chunk of a stage said, in the waves in which it must go out."""
        bodies: Batches = {}
        rest: Batches = {}
        for snapshot in out.snapshots:
            self._hex(bodies, MODEL_SNAPSHOTS, snapshot.digest, snapshot)
        for alert in out.alerts:
            self._hex(rest, ALERTS, alert.alert_id, alert)
        for assessment in out.assessments:
            key = assessment.subject.encode()
            place = of_hex(assessment.assessment_id, self._partitions[ASSESSMENTS.name])
            rest.setdefault((ASSESSMENTS.name, place), []).append((key, encode(assessment)))
        for example in out.examples:
            record = (example.example_id.encode(), encode(example))
            rest.setdefault((TRAINING_EXAMPLES.name, 0), []).append(record)
        for clock in out.clocks:
            self._hex(rest, SERVICE_CLOCKS, clock.receipt, clock)
        for clock in out.returned:
            self._hex(rest, HELP_RETURNS, clock.receipt, clock)
        for record_for in out.person_records:
            self._person(rest, record_for)
        return [wave for wave in (bodies, rest) if wave]

    def take(self, batches: Batches, taken: Taken) -> None:
        """Add what became of one raw record, its dead letter excepted."""
        person, area, clock, vault, _ = taken
        if person is not None:
            self._hex(batches, PERSON_LOG, person.person, person)
        if area is not None:
            place = of_area(area.area, self._directory, self._partitions[AREA_LOG.name])
            record = (area.area.encode(), encode(area))
            batches.setdefault((AREA_LOG.name, place), []).append(record)
        if clock is not None:
            self._hex(batches, SERVICE_LOG, clock.receipt, clock)
        if vault is not None:
            self._hex(batches, VAULT_RECORDS, vault.record_id, vault)

    def help_back(self, batches: Batches, transition: Transition) -> None:
        """Add a transition for the log of the person who asked for help."""
        self._hex(batches, PERSON_LOG, transition.subject, transition)

    def tick(self, batches: Batches, tick: Tick, logs: tuple[Topic, ...] = STAGE_LOGS) -> None:
        """Add a tick to every partition of these logs, of all logs of stages unless told."""
        record = (b"tick", encode(tick))
        for log in logs:
            for partition in range(self._partitions[log.name]):
                batches.setdefault((log.name, partition), []).append(record)

    def dead_letter(self, batches: Batches, letter: DeadLetter, topic: str = "") -> None:
        """Add a dead letter to the topic beside the one it came from, or to that of the logs."""
        name = topic or LOG_LETTERS.name
        key = f"{letter.topic}|{letter.partition}|{letter.offset}".encode()
        place = letter.offset % self._partitions[name]
        batches.setdefault((name, place), []).append((key, encode(fitting(letter))))

    def _person(self, batches: Batches, record: PersonOutput) -> None:
        if isinstance(record, Activation):
            body = (record.version.encode(), encode(record))
            for partition in range(self._partitions[PERSON_LOG.name]):
                batches.setdefault((PERSON_LOG.name, partition), []).append(body)
        else:
            key = record.subject if isinstance(record, Transition) else record.person
            self._hex(batches, PERSON_LOG, key, record)

    def _hex(self, batches: Batches, topic: Topic, key: str, record: Closed) -> None:
        place = of_hex(key, self._partitions[topic.name])
        batches.setdefault((topic.name, place), []).append((key.encode(), encode(record)))
