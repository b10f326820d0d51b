"""Where outputs and logs go: a rule for each topic, and no activation before its model."""

import pytest

from schemas.areas import Directory
from schemas.codec import decoder_of
from schemas.events import RawRecord
from schemas.outcomes import (
    Assessment,
    ClockState,
    DeadLetter,
    ModelSnapshot,
    ServiceClock,
    VaultRecord,
)
from schemas.records import (
    Action,
    Activated,
    Activation,
    HistoryArrival,
    PersonSignal,
    Tick,
    Transition,
)
from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Kind, Purpose, Scope
from schemas.times import from_us
from schemas.topics import (
    AREA_LOG,
    ASSESSMENTS,
    CATALOGUE,
    FEEDS,
    HELP_RETURNS,
    LOG_LETTERS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
    VAULT_RECORDS,
)
from streams.intake.dead_letters import dead_letter
from streams.intake.intake import Taken
from streams.outputs import Outputs
from streams.partitions import of_area
from streams.worker.routing import STAGE_LOGS, Batches, Router
from tests.builders import AREA, NOW_US, PERSON, area_signal, person_signal, training_example
from tests.streams.intake.contacts import CODE_VERSION
from tests.streams.worker.simulated_logs import parts_with

PARTITIONS = {topic.name: topic.partitions for topic in CATALOGUE}
DIRECTORY = Directory()
KEY = f"{5 + 12 * 7:08x}" + "0" * 24
"""A key whose place among twelve partitions is 5."""


def router() -> Router:
    return Router(PARTITIONS, DIRECTORY)


def clock(state: ClockState = ClockState.OPENED) -> ServiceClock:
    at = from_us(NOW_US)
    return ServiceClock(KEY, state, Purpose.ENQUIRY, Kind.FAMILY_DISPUTE, AREA, at, at, at)


def letter(offset: int = 7, topic: str = PERSON_LOG.name) -> DeadLetter:
    parts = parts_with()
    record = RawRecord(b"what it was", topic, 1, offset, NOW_US)
    return dead_letter(record, Refused(Rejection.NOT_OF_THIS_LOG), parts.sealer, CODE_VERSION)


def activation(version: str = "person-1-abc") -> Activation:
    return Activation(Activated.PERSON_MODEL, version, 1, NOW_US)


def read(batches: Batches, topic: str) -> list[object]:
    decode = decoder_of(topic)
    return [
        decode(value)
        for (name, _), records in batches.items()
        if name == topic
        for _, value in records
    ]


def test_the_body_of_a_model_goes_out_before_its_activation() -> None:
    out = Outputs()
    snapshot = ModelSnapshot("person-1-abc", 1, 1, b"{}", "ab" * 32, NOW_US)
    out.person_records.append(activation())
    out.snapshots.append(snapshot)
    out.examples.append(training_example())

    first, second = router().stage_waves(out)

    assert {name for name, _ in first} == {MODEL_SNAPSHOTS.name}
    assert read(first, MODEL_SNAPSHOTS.name) == [snapshot]
    assert {name for name, _ in second} == {PERSON_LOG.name, TRAINING_EXAMPLES.name}


def test_an_activation_goes_to_every_partition_of_the_person_log() -> None:
    out = Outputs()
    out.person_records.append(activation())
    (wave,) = router().stage_waves(out)
    assert sorted(wave) == [(PERSON_LOG.name, n) for n in range(PERSON_LOG.partitions)]
    assert read(wave, PERSON_LOG.name) == [activation()] * PERSON_LOG.partitions


def test_nothing_said_is_no_wave() -> None:
    assert router().stage_waves(Outputs()) == []


@pytest.mark.parametrize(
    "record",
    [
        person_signal(person=KEY),
        HistoryArrival(KEY, PERSON, b"", NOW_US),
        Transition("t", Scope.PERSON, KEY, Action.HELP_OVERDUE, NOW_US),
    ],
    ids=["signal", "arrival", "transition"],
)
def test_what_is_about_a_person_goes_to_the_partition_of_the_person(
    record: PersonSignal | HistoryArrival | Transition,
) -> None:
    out = Outputs()
    out.person_records.append(record)
    (wave,) = router().stage_waves(out)
    ((place, ((key, _),)),) = wave.items()
    assert (place, key) == ((PERSON_LOG.name, 5), KEY.encode())


def test_outputs_go_by_their_ids() -> None:
    out = Outputs()
    out.clocks.append(clock())
    out.returned.append(clock(ClockState.OVERDUE))
    out.assessments.append(
        Assessment(KEY, Scope.PERSON, PERSON, Kind.FAMILY_DISPUTE, AREA, from_us(NOW_US), "nothing")
    )
    out.examples.append(training_example())
    (wave,) = router().stage_waves(out)
    assert sorted(wave) == sorted(
        [
            (ASSESSMENTS.name, 5),
            (HELP_RETURNS.name, 5),
            (SERVICE_CLOCKS.name, 5),
            (TRAINING_EXAMPLES.name, 0),
        ]
    )
    assert [key for key, _ in wave[ASSESSMENTS.name, 5]] == [PERSON.encode()]


def test_what_became_of_a_raw_record_goes_to_the_logs_and_the_vault() -> None:
    batches: Batches = {}
    vault = VaultRecord(KEY, PERSON, "1", NOW_US, b"sealed")
    router().take(batches, Taken(person_signal(person=KEY), area_signal(), clock(), vault))
    assert sorted(batches) == sorted(
        [
            (PERSON_LOG.name, 5),
            (AREA_LOG.name, of_area(AREA, DIRECTORY, AREA_LOG.partitions)),
            (SERVICE_LOG.name, 5),
            (VAULT_RECORDS.name, 5),
        ]
    )


def test_a_refused_record_is_no_record_of_a_log() -> None:
    batches: Batches = {}
    router().take(batches, Taken(dead=letter()))
    assert batches == {}


def test_a_tick_goes_to_every_partition_of_every_log_behind_what_came_before_it() -> None:
    batches: Batches = {}
    routes = router()
    routes.take(batches, Taken(person_signal(person=KEY)))
    routes.tick(batches, Tick("incident/0", NOW_US))
    assert sorted(batches) == sorted(
        (log.name, n) for log in STAGE_LOGS for n in range(PARTITIONS[log.name])
    )
    signal, tick = map(decoder_of(PERSON_LOG.name), (v for _, v in batches[PERSON_LOG.name, 5]))
    assert (signal, tick) == (person_signal(person=KEY), Tick("incident/0", NOW_US))


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda topic: topic.name)
def test_a_dead_letter_lies_beside_the_topic_it_came_from(feed: object) -> None:
    name = getattr(feed, "name", "")
    batches: Batches = {}
    router().dead_letter(batches, letter(offset=7, topic=name), f"{name}.dlq")
    ((place, ((key, _),)),) = batches.items()
    assert (place, key) == ((f"{name}.dlq", 7 % 3), f"{name}|1|7".encode())


def test_a_dead_letter_of_a_log_goes_to_the_one_topic_of_the_logs() -> None:
    batches: Batches = {}
    router().dead_letter(batches, letter(offset=4))
    assert list(batches) == [(LOG_LETTERS.name, 1)]
    assert read(batches, LOG_LETTERS.name) == [letter(offset=4)]


def test_an_answer_for_a_person_comes_back_into_the_log_of_the_person() -> None:
    batches: Batches = {}
    answered = Transition("t", Scope.PERSON, KEY, Action.HELP_ANSWERED, NOW_US)
    router().help_back(batches, answered)
    assert list(batches) == [(PERSON_LOG.name, 5)]
    assert read(batches, PERSON_LOG.name) == [answered]


def test_the_same_outputs_give_the_same_bytes_in_the_same_order() -> None:
    def waves() -> list[Batches]:
        out = Outputs()
        out.person_records += [person_signal(n, person=KEY) for n in range(5)]
        out.clocks += [clock(), clock(ClockState.ANSWERED)]
        return router().stage_waves(out)

    assert waves() == waves()
    assert [list(wave.items()) for wave in waves()] == [list(wave.items()) for wave in waves()]
