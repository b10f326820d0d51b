"""Every event of a synthetic town is well formed, plainly invented, and tells no secret."""

import json
import re
from collections import Counter
from datetime import UTC, timedelta

import msgspec
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.areas import Directory, read_directory, write_directory
from schemas.events import Event, Person
from schemas.taxonomy import AreaLevel, Channel, Kind, Origin, Purpose, Scheme, Sign
from streams.feeds.town import Town, simulate
from streams.feeds.town_cases import CASES
from streams.feeds.town_config import TownConfig
from streams.feeds.town_notes import all_notes
from streams.feeds.town_people import REGION, citizen_id_of, phone_of
from streams.feeds.town_truth import (
    CaseRecord,
    CopyRecord,
    PersonRecord,
    SurgeRecord,
    TownRecord,
    TruthRecord,
    truth_of,
)

CONFIG = TownConfig(persons=3_000, days=200, seed=11)
FIELDS = {
    "specversion", "id", "source", "type", "time", "ingesttime", "data",
    "purpose", "kind", "area", "severity", "signs", "origin", "channel",
    "person", "scheme", "value", "safe_contact", "hours", "never_inform_household",
    "location", "lat", "lon", "note",
}  # fmt: skip
NEVER_SAID = re.compile(
    r"suspect|aggressor|offender|perpetrator|reporter|husband|wife|ethnic|religio|gender|"
    r"\b(he|she|his|her|age|sex|tense|stable|surge|synthetic|duplicate)\b|"
    r"嫌疑|施暴|丈夫|妻子|民族|宗教|性别|年龄|户籍|男|女",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def town() -> Town:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def lines(town: Town) -> list[bytes]:
    encoder = msgspec.json.Encoder()
    return [encoder.encode(event) for batch in town.event_batches() for event in batch]


@pytest.fixture(scope="module")
def events(lines: list[bytes]) -> list[Event]:
    decoder = msgspec.json.Decoder(Event)
    return [decoder.decode(line) for line in lines]


@pytest.fixture(scope="module")
def truth(town: Town) -> list[TruthRecord]:
    return list(truth_of(town))


@pytest.fixture(scope="module")
def people(events: list[Event]) -> list[Person]:
    return [event.data.person for event in events if event.data.person is not None]


def keys_in(value: object) -> set[str]:
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(keys_in(inner) for inner in value.values()))


def test_every_event_decodes_and_has_no_field_beyond_the_known(
    lines: list[bytes], events: list[Event]
) -> None:
    assert len(events) == len(lines)
    assert set().union(*(keys_in(json.loads(line)) for line in lines)) <= FIELDS


def test_times_are_local_and_arrivals_are_in_utc(events: list[Event]) -> None:
    for event in events[:500]:
        assert event.time.utcoffset() == timedelta(hours=8)
        assert event.ingesttime is not None
        assert event.ingesttime.tzinfo is UTC
        assert event.time < event.ingesttime


def test_phones_are_valid_chinese_mobiles_of_the_invented_block(people: list[Person]) -> None:
    phones = {person.value for person in people if person.scheme is Scheme.PHONE}
    assert len(phones) > 1_000
    for phone in phones:
        parsed = phonenumbers.parse(phone)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == phone
        assert phone.startswith("+861349")


@given(st.integers(0, 2_100_000))
def test_citizen_ids_have_a_right_checksum_and_a_region_that_does_not_exist(person: int) -> None:
    number = citizen_id_of(person)
    assert re.fullmatch(REGION + r"19\d{9}[\dX]", number)
    values = [10 if each == "X" else int(each) for each in number]
    assert sum(value * pow(2, 17 - at, 11) for at, value in enumerate(values)) % 11 == 1


def test_no_two_people_share_an_identifier() -> None:
    some = range(0, 2_000_000, 997)
    assert len({phone_of(person) for person in some}) == len(some)
    assert len({citizen_id_of(person) for person in some}) == len(some)


def test_all_ways_of_naming_a_person_occur_and_some_people_have_two(
    people: list[Person], truth: list[TruthRecord]
) -> None:
    schemes = Counter(person.scheme for person in people)
    assert set(schemes) == {Scheme.PHONE, Scheme.CITIZEN_ID, Scheme.PSEUDONYM}
    held = [record.identifiers for record in truth if isinstance(record, PersonRecord)]
    split = sum(len(each) == 2 for each in held) / len(held)
    assert 0.035 <= split <= 0.065
    known = {identifier for each in held for identifier in each}
    known |= {i for record in truth if isinstance(record, CaseRecord) for i in record.identifiers}
    assert {person.value for person in people} <= known


def test_safe_contact_is_given_in_domestic_violence_only(events: list[Event]) -> None:
    careful = [e for e in events if e.data.person and e.data.person.safe_contact is not None]
    assert careful
    assert {event.data.kind for event in careful} == {Kind.DOMESTIC_VIOLENCE}


def test_tip_offs_name_nobody_and_the_rest_of_the_vocabulary_is_used(events: list[Event]) -> None:
    assert all(e.data.person is None for e in events if e.data.purpose is Purpose.TIP_OFF)
    assert {event.data.kind for event in events} == set(Kind)
    assert {event.data.purpose for event in events} == set(Purpose)
    assert {event.data.origin for event in events} == set(Origin)
    assert {event.data.channel for event in events} == set(Channel)
    assert {sign for event in events for sign in event.data.signs} == set(Sign)


def test_notes_say_nothing_about_another_party_or_about_who_somebody_is() -> None:
    assert [note for note in all_notes() if NEVER_SAID.search(note)] == []


def test_the_directory_nests_and_every_event_lies_in_it(town: Town, events: list[Event]) -> None:
    directory = read_directory(write_directory(town.directory()))
    levels = Counter(area.level for area in directory.areas.values())
    assert levels[AreaLevel.COUNTY] == 2
    assert levels[AreaLevel.GRID] == len(town.ground.grids) == 96
    for area in directory.areas.values():
        assert area.code.startswith(area.parent or "99")
        for neighbour in area.neighbours:
            assert directory.parent(neighbour) == area.parent
            assert area.code in directory.areas[neighbour].neighbours
    assert all(county_of(directory, event) in event.source for event in events)


def county_of(directory: Directory, event: Event) -> str:
    placed = directory.place(event.data.area)
    assert placed is not None
    return placed.home


def test_truth_names_every_repeated_id_and_every_near_copy(
    events: list[Event], truth: list[TruthRecord]
) -> None:
    copies = [record for record in truth if isinstance(record, CopyRecord)]
    times = Counter(event.id for event in events)
    again = Counter(record.event for record in copies if record.how == "exact")
    assert {each: count for each, count in times.items() if count > 1} == {
        each: count + 1 for each, count in again.items()
    }
    by_id = {event.id: event for event in events}
    near = [record for record in copies if record.how == "near"]
    assert near
    for record in near:
        one, other = by_id[record.of], by_id[record.event]
        assert timedelta(0) < other.time - one.time < timedelta(minutes=15)
        assert one.data.kind is other.data.kind


def test_truth_links_reported_harm_surges_and_cases_to_events(
    events: list[Event], truth: list[TruthRecord]
) -> None:
    by_id = {event.id: event for event in events}
    people = [record for record in truth if isinstance(record, PersonRecord)]
    assert len(people) == CONFIG.persons
    told = [harm for person in people for harm in person.harms if harm.event is not None]
    assert told
    for harm in told:
        assert by_id[harm.event or ""].data.severity == harm.severity
        assert by_id[harm.event or ""].time == harm.time
    for surge in (record for record in truth if isinstance(record, SurgeRecord)):
        assert len(set(surge.events)) == surge.size
        assert {by_id[each].data.kind.value for each in surge.events} == {surge.kind}
        assert all(by_id[each].data.area.startswith(surge.place) for each in surge.events)
    cases = {record.name: record for record in truth if isinstance(record, CaseRecord)}
    assert {name: len(case.events) for name, case in cases.items()} == {
        case.name: len(case.scenes) for case in CASES
    }


def test_the_cast_shows_danger_to_life_in_the_first_day(
    town: Town, events: list[Event], truth: list[TruthRecord]
) -> None:
    by_id = {event.id: event for event in events}
    cases = {record.name: record for record in truth if isinstance(record, CaseRecord)}
    first = by_id[cases["strangulation"].events[0]]
    assert Sign.STRANGULATION in first.data.signs
    assert first.data.person is not None
    nobody = by_id[cases["weapon-nobody-named"].events[0]]
    assert {Sign.WEAPON, Sign.THREAT_TO_KILL} <= set(nobody.data.signs)
    assert nobody.data.person is None
    assert {first.time.date(), nobody.time.date()} == {town.config.start}
    assert len(cases["two-identifiers"].identifiers) == 2


def test_truth_begins_with_how_the_town_was_made(truth: list[TruthRecord]) -> None:
    made = truth[0]
    assert isinstance(made, TownRecord)
    assert made.synthetic
    config = msgspec.convert(made.config, TownConfig)
    assert config == CONFIG
