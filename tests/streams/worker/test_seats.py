"""A seat reads its log as it is: what does not belong is a dead letter."""

from collections.abc import Iterable, Sequence

import pytest

from schemas.codec import encode
from schemas.outcomes import ModelSnapshot
from schemas.records import Tick
from schemas.rejections import Rejection
from schemas.taxonomy import Sign
from schemas.times import DAY_US
from streams.intake.dead_letters import context_of
from streams.outputs import Outputs
from streams.worker.seats import (
    LEARNER,
    LEARNER_KEY,
    STAGES,
    LearnerSeat,
    Parts,
    PersonSeat,
    Seat,
)
from streams.worker.state import PartitionState
from streams.worker.stores import MemoryStore, Store
from tests.builders import NOW_US, area_signal, person_signal
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.simulated_logs import SOURCES, Job, learner_job, parts_with, town_job

PARTS = parts_with()
HERE, ELSEWHERE = "00000002" + "a" * 24, "00000003" + "a" * 24
"""Keys of the first and of the second of two partitions."""


def seat_of(stage: str, store: Store | None = None, parts: Parts = PARTS, high: int = -1) -> Seat:
    state = PartitionState(MemoryStore() if store is None else store, 1, high)
    return STAGES[stage].seat(0, parts, state)


def logged(values: Iterable[bytes | None], first: int = 0) -> list[Logged]:
    return [Logged(offset, value) for offset, value in enumerate(values, start=first)]


def finish(seat: Seat, records: Sequence[Logged]) -> Outputs:
    """Take a chunk and make it durable."""
    out = Outputs()
    seat.take(records, out)
    last = records[-1].offset
    seat.state.changes(last, seat.progress(last + 1), 0.0)
    seat.state.merge(last)
    return out


def everything_said(out: Outputs) -> list[object]:
    return [
        *out.alerts,
        *out.assessments,
        *out.examples,
        *out.clocks,
        *out.returned,
        *out.snapshots,
        *out.person_records,
    ]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"type":"signal"}',
        b'{"type":"unheard-of"}',
        encode(Tick("another/9", NOW_US)),
        encode(Tick(SOURCES[0], NOW_US, ("another/9",))),
        encode(ModelSnapshot("v", 1, 1, b"", "d", 1)),
    ],
    ids=["tombstone", "empty", "no text", "list", "half", "type", "source", "others", "topic"],
)
def test_what_does_not_belong_is_one_dead_letter_and_changes_nothing(
    stage: str, value: bytes | None
) -> None:
    seat = seat_of(stage)
    before = seat.progress(0)
    out = Outputs()
    seat.take(logged([value], first=41), out)

    (letter,) = seat.letters
    assert (letter.reason, letter.topic, letter.partition, letter.offset) == (
        Rejection.NOT_OF_THIS_LOG,
        seat.log.name,
        0,
        41,
    )
    context = context_of(letter.topic, letter.partition, letter.offset)
    assert PARTS.sealer.open(letter.sealed, context, letter.key_version) == (value or b"")
    assert everything_said(out) == []
    assert seat.progress(0) == before
    assert [key for key, _ in seat.state.changes(41, before, 0.0)] == [b"\x01progress"]


@pytest.mark.parametrize(
    ("stage", "value"),
    [
        ("person", encode(person_signal(person=ELSEWHERE))),
        ("person", encode(person_signal(person="not hex digits"))),
        ("person", encode(area_signal())),
        ("area", encode(area_signal(area="440703101002003"))),
        ("area", encode(person_signal(person=HERE))),
        ("service", encode(person_signal(person=HERE))),
    ],
)
def test_a_record_of_another_partition_or_log_is_a_dead_letter(stage: str, value: bytes) -> None:
    seat = seat_of(stage)
    finish(seat, logged([value]))
    assert [letter.offset for letter in seat.letters] == [0]


def test_what_belongs_is_taken_between_what_does_not() -> None:
    seat = seat_of("person")
    good = encode(person_signal(person=HERE, severity=3, signs=(Sign.STRANGULATION,)))
    out = finish(seat, logged([b"{", good, None]))
    assert [letter.offset for letter in seat.letters] == [0, 2]
    assert len(out.alerts) == 1


def test_a_dead_letter_told_before_is_not_told_when_its_record_is_read_again() -> None:
    seat = seat_of("person", high=0)
    seat.take(logged([b"{", b"{"]), Outputs())
    assert [letter.offset for letter in seat.letters] == [1]


def test_the_records_of_a_town_all_belong() -> None:
    for stage in ("person", "area", "service"):
        job = town_job(stage)
        seat = seat_of(stage, parts=job.parts)
        finish(seat, job.log[0])
        assert seat.letters == []


@pytest.mark.parametrize("stage", ["person", "service", "learner"])
@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_seat_made_from_its_state_goes_on_as_if_nothing_had_been(stage: str, cut: int) -> None:
    job = learner_job() if stage == "learner" else town_job(stage)
    whole_store, store = MemoryStore(), MemoryStore()
    whole = seat_of(stage, whole_store, job.parts)
    expected = [everything_said(finish(whole, one)) for one in cuts(job, cut)]
    said = []
    for one in cuts(job, cut):
        seat = seat_of(stage, store, job.parts)
        said.append(everything_said(finish(seat, one)))

    assert said == expected
    assert any(said)
    assert {key: store.get(key) for key in every_key(store)} == {
        key: whole_store.get(key) for key in every_key(whole_store)
    }
    again = seat_of(stage, store, job.parts)
    assert again.clock.reading() == whole.clock.reading()
    assert again.activation() == whole.activation()
    assert again.model_version() == whole.model_version()
    assert bool(whole.model_version()) is (stage == "person")


def cuts(job: Job, size: int) -> list[list[Logged]]:
    log = job.log[0]
    size = len(log) // 40 * size or 1
    return [log[first : first + size] for first in range(0, len(log), size)]


def every_key(store: Store) -> list[bytes]:
    return sorted(key for section in range(1, 256) for key in store.keys(bytes([section])))


def test_a_restarted_learner_goes_on_after_what_it_learned() -> None:
    job = learner_job()
    store = MemoryStore()
    finish(seat_of("learner", store, job.parts), job.log[0][:200])

    again = seat_of("learner", store, job.parts, high=199)
    assert isinstance(again, LearnerSeat)
    assert again.stage.learner.examples == 200
    assert again.state.progress.next_offset == 200


def test_a_learner_whose_state_is_behind_what_was_told_learns_the_rest_in_silence() -> None:
    job = learner_job()
    store, whole_store = MemoryStore(), MemoryStore()
    finish(seat_of("learner", store, job.parts), job.log[0][:100])
    finish(seat_of("learner", whole_store, job.parts), job.log[0][:200])

    behind = seat_of("learner", store, job.parts, high=199)
    assert everything_said(finish(behind, job.log[0][100:200])) == []
    assert store.get(LEARNER + LEARNER_KEY.encode()) == whole_store.get(
        LEARNER + LEARNER_KEY.encode()
    )


def test_what_is_read_again_says_nothing_and_what_follows_it_says_what_it_should() -> None:
    strangled = [
        encode(
            person_signal(
                number,
                person=HERE,
                at_us=NOW_US + number * DAY_US,
                severity=3,
                signs=(Sign.STRANGULATION,),
            )
        )
        for number in range(3)
    ]
    told = everything_said(finish(seat_of("person"), logged(strangled)))
    again = everything_said(finish(seat_of("person", high=1), logged(strangled)))
    assert again
    assert again == told[-len(again) :] or all(one in told for one in again)
    assert len(again) < len(told)


def test_a_person_seat_names_the_models_that_a_chunk_activates() -> None:
    job = town_job("person")
    seat = seat_of("person", parts=job.parts)
    assert isinstance(seat, PersonSeat)
    assert seat.needs(job.log[0]) == list(job.parts.models)
    assert (
        seat.needs(logged([encode(person_signal(person=HERE)), None, b'"type":"activation"'])) == []
    )
