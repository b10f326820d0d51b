"""What does not belong on logs of stages and on changelogs: refused, or the end of the worker.

A record of a log that does not belong is a dead letter and the rest goes on. State of newer code,
or bytes that are no state, must never be guessed at: the worker ends and says what to run.
(A record without a key cannot be on a changelog: a broker refuses it on a compacted topic.)
"""

from contextlib import ExitStack
from pathlib import Path

from forewarn.broker.broker import Broker
from schemas.codec import encode
from schemas.records import Tick
from schemas.rejections import Rejection
from schemas.state import ClockReading, StageProgress
from schemas.topics import (
    AREA_LOG,
    CHANGELOGS,
    HELP_RETURNS,
    PERSON_LOG,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
    Part,
)
from schemas.versioned import STAGE_PROGRESS
from streams.partitions import of_hex
from streams.worker.frames import Stamp, framed
from streams.worker.seats import PERSONS
from streams.worker.state import PROGRESS_KEY
from tests.builders import NOW_US, person_signal, signal_id
from tests.streams.worker_faults.running import (
    ALL_STAGES,
    PARTITIONS,
    Sent,
    Space,
    assessed,
    ended_of,
    letters,
    put,
    put_good,
    space_on,
    wait_for_good,
    wait_until,
    worker_process,
)

NEWER = bytes([STAGE_PROGRESS.version + 1])
CHANGELOG = CHANGELOGS[Part.PERSON].name
OLD = Stamp(1, 0)
LOGS = (PERSON_LOG, AREA_LOG, SERVICE_LOG, TRAINING_EXAMPLES, HELP_RETURNS)


def person_of_partition(partition: int) -> str:
    """A person key that belongs to a partition."""
    return next(
        key for n in range(100) if of_hex(key := signal_id(n * 2**96), PARTITIONS) == partition
    )


def test_what_does_not_belong_on_a_log_is_a_dead_letter_and_the_rest_goes_on(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    foreign = [Sent(None), Sent(None, None), Sent(b""), Sent(b"\xff garbage", b"\xff")]
    newer = Sent(b'{"type":"signal-of-newer-code","version":9}')
    astray = encode(person_signal(person=person_of_partition(1)))
    unknown = encode(Tick("newspaper/0", NOW_US))
    for log in LOGS:
        put(space, log.name, [*foreign, newer])
    put(space, PERSON_LOG.name, [Sent(astray), Sent(unknown)], 0)
    put_good(space, range(10))
    with worker_process(space, tmp_path, stages=ALL_STAGES) as worker:
        wait_until(lambda: len(assessed(space)) == 10, "all good reports assessed")
        expected = len(LOGS) * 5 + 2
        wait_until(lambda: len(letters(space)) == expected, "all dead letters")
        assert worker.stopped().code == 0
    assert {letter.reason for letter in letters(space)} == {Rejection.NOT_OF_THIS_LOG.value}
    assert {letter.topic for letter in letters(space)} == {log.name for log in LOGS}
    assert len(assessed(space)) == 10


def poisoned_changelogs() -> dict[str, tuple[Sent, str]]:
    """One record each that must end the worker, and what its last line must say."""
    person = PERSONS + person_of_partition(0).encode()
    newer = "run the newer code"
    return {
        "no frame": (Sent(b"?", person), "shorter than its head"),
        "newer frame": (Sent(b"\x02" + framed(OLD, b"x")[1:], person), newer),
        "newer progress": (Sent(framed(OLD, NEWER + b"\x90"), PROGRESS_KEY), newer),
        "newer history": (Sent(framed(OLD, NEWER + b"\x90"), person), newer),
        "damaged history": (Sent(framed(OLD, b"\x01\xc1"), person), "cannot be read"),
    }


def poisoned_space(broker: Broker, record: Sent) -> Space:
    space = space_on(broker)
    whole = framed(OLD, STAGE_PROGRESS.encode(StageProgress(0, ClockReading())))
    put(
        space,
        CHANGELOG,
        [record, *([] if record.key == PROGRESS_KEY else [Sent(whole, PROGRESS_KEY)])],
        0,
    )
    put(space, PERSON_LOG.name, [Sent(encode(person_signal(person=person_of_partition(0))))], 0)
    return space


def test_state_that_this_code_cannot_read_ends_the_worker_and_says_what_to_run(
    broker: Broker, tmp_path: Path
) -> None:
    with ExitStack() as running:
        workers = {}
        for number, (name, (record, said)) in enumerate(poisoned_changelogs().items()):
            space = poisoned_space(broker, record)
            folder = tmp_path / str(number)
            process = worker_process(space, folder, stages="person")
            workers[name] = running.enter_context(process), said
        ended = {name: (worker.ended(), said) for name, (worker, said) in workers.items()}
    assert {name: end.code for name, (end, _) in ended.items()} == dict.fromkeys(ended, 70)
    for name, (end, said) in ended.items():
        assert said in end.last, (name, end)
        assert "StateError" in end.last, (name, end)


def test_tombstones_on_a_changelog_hold_nothing_back(broker: Broker, tmp_path: Path) -> None:
    space = space_on(broker)
    for part, partition in ((Part.PERSON, 0), (Part.PERSON, 1), (Part.AREA, 1)):
        put(space, CHANGELOGS[part].name, [Sent(None, b"p" + b"0" * 32), Sent(None)], partition)
    put_good(space, range(10))
    with worker_process(space, tmp_path, stages=ALL_STAGES) as worker:
        wait_for_good(space, 10)
        assert worker.stopped().code == 0
    assert not letters(space)


def test_an_unknown_stage_is_refused_with_the_names_of_all(broker: Broker, tmp_path: Path) -> None:
    ended = ended_of(space_on(broker), tmp_path, stages="person,nonsense")
    assert ended.code == 2
    assert "no stage is called nonsense; there are intake, person" in ended.last
