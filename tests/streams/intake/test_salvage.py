"""A slip in a report of danger to life must not silence it: refused, and yet a red alert."""

from typing import Any

import msgspec
import pytest

from schemas.areas import Directory
from schemas.codec import encode
from schemas.outcomes import Alert
from schemas.records import UNASSIGNED_AREA
from schemas.taxonomy import Level, Purpose, Scheme, Scope
from schemas.times import DAY_US, HOUR_US
from tests.builders import AREA, NOW_US
from tests.streams.intake.contacts import (
    Kept,
    contact,
    person,
    pipeline_with,
    raw,
    taken,
)

RIGHT = person("11010519491231002X", Scheme.CITIZEN_ID)
WRONG = person("110105194912310021", Scheme.CITIZEN_ID)
RED: dict[str, Any] = {"kind": "domestic_violence", "severity": 3, "signs": ["strangulation"]}
ORANGE: dict[str, Any] = {"kind": "domestic_violence", "severity": 3, "signs": ["threat_to_kill"]}

SLIPS: list[tuple[str, dict[str, Any], str, str]] = [
    ("a wrong check digit", {"person": WRONG}, "identifier_checksum", AREA),
    ("half a telephone number", {"person": person("1380013")}, "identifier_malformed", AREA),
    ("an unknown area", {"person": RIGHT, "area": "nowhere"}, "unknown_area", UNASSIGNED_AREA),
    ("a time of 1970", {"person": RIGHT, "at": "1970-01-01T00:00:00Z"}, "time_too_old", AREA),
    ("a time before", {"at": "0001-01-01T00:00:00+14:00"}, "time_too_old", AREA),
    ("a time to come", {"person": RIGHT, "at": NOW_US + DAY_US}, "time_in_future", AREA),
    ("all at once", {"person": WRONG, "area": "x", "at": NOW_US * 2}, "unknown_area", "unassigned"),
]
slips = pytest.mark.parametrize(
    ("slip", "reason", "area"), [slip[1:] for slip in SLIPS], ids=[slip[0] for slip in SLIPS]
)
purposes = pytest.mark.parametrize("purpose", ["harm_report", "help_request"])


@slips
@purposes
def test_danger_to_life_with_a_slip_is_refused_and_an_incident_without_a_person(
    slip: dict[str, Any], reason: str, area: str, purpose: str
) -> None:
    where = {"lat": 22.59, "lon": 113.09}
    found = taken(contact("7", purpose=purpose, location=where, **{**RED, **slip}))
    assert found.dead is not None
    assert found.dead.reason == reason
    assert (found.person, found.clock, found.vault) == (None, None, None)
    signal = found.area
    assert signal is not None
    assert signal.anonymous
    assert (signal.area, signal.signs, signal.purpose) == (area, ("strangulation",), purpose)
    assert signal.location is not None
    assert NOW_US - 3_650 * DAY_US <= signal.time_us <= signal.ingest_us == NOW_US
    assert b"11010519491231002" not in encode(signal)


@slips
@purposes
@pytest.mark.parametrize("matter", [ORANGE, {"severity": 4}, {"severity": 0}])
def test_what_is_not_danger_to_life_is_refused_alone(
    slip: dict[str, Any], reason: str, area: str, purpose: str, matter: dict[str, Any]
) -> None:
    found = taken(contact(purpose=purpose, **{**matter, **slip}))
    assert found.dead is not None
    assert found.dead.reason == reason
    assert found[:4] == (None, None, None, None)


@slips
@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {"harm_report", "help_request"}))
def test_what_judges_the_authority_is_never_an_incident(
    slip: dict[str, Any], reason: str, area: str, purpose: str
) -> None:
    found = taken(contact(purpose=purpose, **{**RED, **slip}))
    assert found.dead is not None
    assert found.dead.reason == reason
    assert found[:4] == (None, None, None, None)


def red_incidents(kept: Kept) -> list[Alert]:
    return [
        alert
        for alert in kept.alerts
        if alert.scope is Scope.INCIDENT and alert.level is Level.RED and alert.open
    ]


@slips
def test_danger_to_life_with_a_slip_is_a_red_alert_at_once_and_only_once(
    slip: dict[str, Any], reason: str, area: str
) -> None:
    pipeline, kept = pipeline_with()
    event = contact("7", **{**RED, **slip})
    pipeline.take(raw(event))
    pipeline.take(raw(event, offset=2))
    assert [letter.reason for letter in kept.dead_letters] == [reason, reason]
    alerts = red_incidents(kept)
    assert len(alerts) == len(kept.alerts) == 1
    assert alerts[0].area == area
    assert [reason.code for reason in alerts[0].reasons] == ["strangulation"]
    assert alerts[0].subject == alerts[0].evidence[0].signal_id
    pipeline.tick(NOW_US + DAY_US)
    assert b"1949" not in b"".join(encode(record) for record in kept.said())


@slips
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati"])
def test_no_slip_stalls_the_house_in_any_time_zone(
    slip: dict[str, Any], reason: str, area: str, zone: str
) -> None:
    pipeline, kept = pipeline_with(directory=Directory(time_zone=zone))
    pipeline.take(raw(contact("7", **{**RED, **slip})))
    assert [letter.reason for letter in kept.dead_letters] == [reason]
    assert [alert.area for alert in red_incidents(kept)] == [area]


def test_sent_again_with_the_right_identifier_it_reaches_the_person() -> None:
    pipeline, kept = pipeline_with()
    pipeline.take(raw(contact("7", **RED, person=WRONG)))
    assert len(pipeline.person.state) == 0
    later_us = NOW_US + HOUR_US
    again = contact("7", ingest=later_us, **RED, person=RIGHT)
    pipeline.take(raw(again, received_us=later_us))
    assert len(kept.dead_letters) == 1
    assert len(pipeline.person.state) == 1
    scopes = [(alert.scope, alert.level) for alert in kept.alerts]
    assert scopes == [(Scope.INCIDENT, Level.RED), (Scope.PERSON, Level.RED)]
    persons = [record.subject for record in kept.vault_records]
    assert persons == [kept.alerts[1].subject]
    assert sum(pipeline.daily.values()) == 1


def test_without_a_slip_nothing_is_salvaged() -> None:
    found = taken(contact("7", **RED, person=RIGHT))
    assert found.dead is None
    assert found.person is not None
    assert found.area is not None
    assert not found.area.anonymous
    assert msgspec.structs.asdict(found.area)["location"] is None
