"""Which logs a contact reaches is decided by its purpose, and by whether a person is at risk."""

from itertools import product
from typing import NamedTuple

import msgspec
import pytest

from alerts.vault.pseudonyms import Pseudonyms, signal_id
from alerts.vault.sealing import Sealer, SealError
from schemas.codec import encode
from schemas.outcomes import ClockState
from schemas.records import Alias, MoveReason
from schemas.taxonomy import Origin, Purpose, Scheme
from schemas.times import to_us
from streams.intake.intake import Taken
from streams.intake.sealed import Sealed
from tests.builders import AREA, NOW_US
from tests.streams.intake.contacts import (
    KEYRING,
    PHONE,
    SOURCE,
    contact,
    intake_with,
    person,
    raw,
    taken,
)


class Reaches(NamedTuple):
    person: bool
    area: bool
    clock: bool


# By hand, from the domain: what may feed a score, what is counted, what must be answered.
REACHES = {
    "harm_report": Reaches(person=True, area=True, clock=False),
    "help_request": Reaches(person=True, area=True, clock=True),
    "service_request": Reaches(person=False, area=True, clock=True),
    "complaint": Reaches(person=False, area=False, clock=True),
    "petition": Reaches(person=False, area=False, clock=True),
    "tip_off": Reaches(person=False, area=False, clock=True),
    "suggestion": Reaches(person=False, area=False, clock=True),
    "enquiry": Reaches(person=False, area=False, clock=True),
}
IDENTIFIERS = {
    Scheme.PHONE: PHONE,
    Scheme.CITIZEN_ID: "11010519491231002X",
    Scheme.CASE_NUMBER: "DV-2026/17",
    Scheme.PSEUDONYM: "Anna",
}
NEVER_ABOUT_A_PERSON = [name for name, reaches in REACHES.items() if not reaches.person]


def reached(found: Taken) -> Reaches:
    assert found.dead is None
    return Reaches(found.person is not None, found.area is not None, found.clock is not None)


def test_every_purpose_has_its_line() -> None:
    assert set(REACHES) == {purpose.value for purpose in Purpose}


@pytest.mark.parametrize(
    ("purpose", "origin", "scheme", "severity"),
    list(product(REACHES, [origin.value for origin in Origin], IDENTIFIERS, (0, 4))),
)
def test_a_contact_about_a_person_reaches_the_logs_of_its_purpose(
    purpose: str, origin: str, scheme: Scheme, severity: int
) -> None:
    who = person(IDENTIFIERS[scheme], scheme)
    found = taken(contact(purpose=purpose, origin=origin, person=who, severity=severity))
    assert reached(found) == REACHES[purpose]
    assert found.vault is not None
    if found.area is not None:
        assert not found.area.anonymous


@pytest.mark.parametrize(
    ("purpose", "origin", "severity"),
    list(product(REACHES, [origin.value for origin in Origin], (0, 4))),
)
def test_a_contact_without_a_person_reaches_no_persons_log(
    purpose: str, origin: str, severity: int
) -> None:
    found = taken(contact(purpose=purpose, origin=origin, severity=severity))
    assert reached(found) == REACHES[purpose]._replace(person=False)
    assert found.vault is None
    if found.area is not None:
        assert found.area.anonymous == REACHES[purpose].person


def test_signals_say_what_was_reported_and_when() -> None:
    hour = 3_600_000_000
    found = taken(
        contact(
            "7",
            at=NOW_US - hour,
            kind="domestic_violence",
            severity=3,
            signs=["injury", "child_present"],
            person=person(safe_contact={"hours": "09:00-17:00", "never_inform_household": True}),
        )
    )
    assert found.person is not None
    assert found.area is not None
    for signal in (found.person, found.area):
        assert signal.signal_id == signal_id(SOURCE, "7")
        assert (signal.kind, signal.severity) == ("domestic_violence", 3)
        assert signal.signs == ("injury", "child_present")
        assert (signal.time_us, signal.ingest_us) == (NOW_US - hour, NOW_US)
        assert (signal.area, signal.feed, signal.origin) == (AREA, "incident", "reported")
    assert found.person.person == Pseudonyms(KEYRING).person_key(Scheme.PHONE, SOURCE, PHONE)
    assert found.person.safe_contact is not None
    assert found.person.safe_contact.never_inform_household


@pytest.mark.parametrize("purpose", NEVER_ABOUT_A_PERSON)
def test_a_contact_about_the_authority_is_kept_by_its_receipt_and_joins_no_person(
    purpose: str,
) -> None:
    found = taken(contact("9", purpose=purpose, person=person(), note="please answer"))
    assert found.clock is not None
    assert found.vault is not None
    assert found.vault.record_id == found.clock.receipt
    assert found.vault.subject == ""
    assert found.clock.return_address is None
    key = Pseudonyms(KEYRING).person_key(Scheme.PHONE, SOURCE, PHONE)
    outputs = b"".join(encode(part) for part in (found.clock, found.vault))
    assert key.encode() not in outputs
    assert signal_id(SOURCE, "9").encode() not in outputs


@pytest.mark.parametrize("purpose", ["harm_report", "help_request"])
def test_a_contact_about_a_person_is_kept_by_its_signal_and_person_key(purpose: str) -> None:
    found = taken(contact("9", purpose=purpose, person=person()))
    assert found.person is not None
    assert found.vault is not None
    assert found.vault.record_id == found.person.signal_id
    assert found.vault.subject == found.person.person
    if found.clock is not None:
        assert found.person.person.encode() not in encode(found.clock)
        assert found.person.signal_id.encode() not in encode(found.clock)


def test_the_vault_record_opens_to_what_was_said_in_its_own_context_only() -> None:
    found = taken(
        contact(
            "9",
            person=person("138 0013 8000", safe_contact={"hours": "09:00-17:00"}),
            location={"lat": 22.5, "lon": 113.25},
            note="third floor",
        )
    )
    assert found.vault is not None
    sealer = Sealer(KEYRING)
    record = found.vault
    opened = sealer.open(record.sealed, record.record_id.encode(), record.key_version)
    assert msgspec.json.decode(opened, type=Sealed) == Sealed(
        SOURCE, "9", "phone", PHONE, "09:00-17:00", False, 22.5, 113.25, "third floor"
    )
    with pytest.raises(SealError):
        sealer.open(record.sealed, b"0" * 32, record.key_version)


def test_one_name_at_two_sources_is_two_persons_and_one_phone_is_one() -> None:
    intake = intake_with()

    def key(source: str, value: str, scheme: Scheme) -> str:
        record = contact(source=source, person=person(value, scheme))
        found = intake.step(raw(record)).person
        assert found is not None
        return found.person

    names = {key(source, "Anna", Scheme.PSEUDONYM) for source in ("/a", "/b")}
    phones = {
        key(source, written, Scheme.PHONE)
        for source in ("/a", "/b")
        for written in (PHONE, "138-0013-8000")
    }
    assert len(names) == 2
    assert len(phones) == 1


@pytest.mark.parametrize("purpose", sorted(set(REACHES) - {"harm_report"}))
def test_a_clock_opens_when_the_contact_came_and_runs_to_its_limit(purpose: str) -> None:
    found = taken(contact("9", purpose=purpose, severity=4))
    assert found.clock is not None
    assert (found.clock.state, found.clock.purpose) == (ClockState.OPENED, purpose)
    assert to_us(found.clock.opened) == to_us(found.clock.updated) == NOW_US
    assert to_us(found.clock.due) == NOW_US + 2 * 3_600_000_000
    assert found.clock.receipt == Pseudonyms(KEYRING).receipt(SOURCE, "9")
    assert found.clock.area == AREA


def test_the_return_address_of_a_request_for_help_opens_to_the_person_and_follows_aliases() -> None:
    intake = intake_with()
    found = intake.step(raw(contact("9", purpose="help_request", person=person())))
    assert found.clock is not None
    assert found.person is not None
    address = intake.return_to(found.clock)
    assert address is not None
    assert (address.person, address.signal_id) == (found.person.person, found.person.signal_id)
    intake.keys.apply(Alias(found.person.person, "b" * 32, MoveReason.MERGE, NOW_US))
    moved = intake.return_to(found.clock)
    assert moved is not None
    assert moved.person == "b" * 32
    foreign = msgspec.structs.replace(found.clock, receipt="0" * 32)
    with pytest.raises(SealError):
        intake.return_to(foreign)


def test_a_request_for_help_without_a_person_has_no_return_address() -> None:
    intake = intake_with()
    found = intake.step(raw(contact(purpose="help_request")))
    assert found.clock is not None
    assert intake.return_to(found.clock) is None
