"""Identity, note and exact location are in no output but sealed ones."""

import base64
from itertools import product
from typing import Any

import msgspec
import pytest

from schemas.closed import Closed
from schemas.codec import encode
from schemas.taxonomy import Purpose, Scheme
from streams.intake.intake import Taken
from tests.builders import NOW_US
from tests.streams.intake.contacts import contact, person, pipeline_with, raw, taken

LAT, LON = 22.591827, 113.094857
NOTE = "third floor, behind the bakery"
EVENT_ID = "call-4711-0815"
NAMED = {
    Scheme.PHONE: "+8613800138000",
    Scheme.CITIZEN_ID: "11010519491231002X",
    Scheme.CASE_NUMBER: "(2026)粤0703民初123号",
    Scheme.PSEUDONYM: "Anna of the bakery",
}
TELLING = (
    "13800138000",
    "19491231",
    "0703民初123",
    "Anna",
    "bakery",
    EVENT_ID,
    "22.59",
    "113.09",
)


def forms_of(word: str) -> list[bytes]:
    """How a word would look in a record: as it is, in hex, and in base64 wherever it begins."""
    plain = word.encode()
    forms = [plain, plain.hex().encode()]
    for shift, begin in enumerate((0, 2, 3)):
        whole = (shift + len(plain)) * 8 // 6
        forms.append(base64.b64encode(bytes(shift) + plain)[begin:whole])
    return forms


def shown(record: Closed | None) -> list[str]:
    """What of the secret can be read in a record as it is written."""
    if record is None:
        return []
    written = encode(record)
    return [word for word in TELLING if any(form in written for form in forms_of(word))]


def secret_contact(scheme: Scheme | None = None, **data: Any) -> dict[str, Any]:
    if scheme is not None:
        data["person"] = person(NAMED[scheme], scheme)
    location = {"lat": LAT, "lon": LON}
    return contact(EVENT_ID, note=NOTE, location=location, **data)


def everything_but_the_area(found: Taken) -> list[str]:
    return [
        word
        for record in (found.person, found.clock, found.dead, found.vault)
        for word in shown(record)
    ]


def test_the_search_finds_a_secret_that_is_there() -> None:
    for begin in ("", "a", "ab"):
        letter = taken(contact(area="nowhere")).dead
        assert letter is not None
        unsealed = msgspec.structs.replace(letter, sealed=f"{begin}Anna {NOTE}".encode())
        assert shown(unsealed) == ["Anna", "bakery"]
    found = taken(secret_contact(severity=2))
    assert found.area is not None
    assert shown(found.area) == ["22.59", "113.09"]


@pytest.mark.parametrize(("purpose", "scheme"), list(product(Purpose, Scheme)))
def test_nothing_of_a_contact_about_a_person_is_to_be_read(
    purpose: Purpose, scheme: Scheme
) -> None:
    found = taken(secret_contact(scheme, purpose=purpose.value))
    assert found.vault is not None
    assert everything_but_the_area(found) + shown(found.area) == []


@pytest.mark.parametrize("purpose", Purpose)
def test_where_help_is_needed_is_told_only_of_harm_and_need_without_a_person(
    purpose: Purpose,
) -> None:
    found = taken(secret_contact(purpose=purpose.value))
    assert everything_but_the_area(found) == []
    about_harm = purpose in {Purpose.HARM_REPORT, Purpose.HELP_REQUEST}
    assert bool(found.area and found.area.location) == about_harm
    assert shown(found.area) == (["22.59", "113.09"] if about_harm else [])


@pytest.mark.parametrize(
    "damage",
    [
        {"area": "unknown-4711"},
        {"severity": 5},
        {"kind": "bakery"},
        {"aggressor": "Anna"},
        {"note": NOTE * 100},
        {"location": {"lat": 91, "lon": LON}},
    ],
)
@pytest.mark.parametrize("scheme", Scheme)
def test_nothing_of_a_refused_contact_is_to_be_read(damage: dict[str, Any], scheme: Scheme) -> None:
    event = secret_contact(scheme)
    event["data"].update(damage)
    found = taken(event)
    assert found.dead is not None
    assert (found.person, found.area, found.clock, found.vault) == (None, None, None, None)
    assert shown(found.dead) == []
    assert b"4711" not in encode(found.dead)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("scheme", Scheme)
def test_nothing_of_a_person_leaves_the_whole_house_in_clear(
    purpose: Purpose, scheme: Scheme
) -> None:
    pipeline, kept = pipeline_with()
    event = secret_contact(scheme, purpose=purpose.value, signs=["strangulation"], severity=4)
    pipeline.take(raw(event))
    wrong = secret_contact(Scheme.PHONE, purpose=purpose.value)
    wrong["data"]["person"]["value"] = "12800138000"
    pipeline.take(raw(wrong, offset=2))
    pipeline.tick(NOW_US + 10**13)
    assert len(kept.dead_letters) == 1
    assert [word for record in kept.said() for word in shown(record)] == []
    assert [word for record in kept.vault_records for word in shown(record)] == []
    assert kept.said()
