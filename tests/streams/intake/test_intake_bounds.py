"""Times and areas that cannot be are refused by name; the bounds themselves are still taken."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.areas import Area, Directory
from schemas.closed import Text
from schemas.examples import event_of
from schemas.rejections import Rejection
from schemas.taxonomy import AreaLevel, Feed, Scheme
from schemas.times import DAY_US, MINUTE_US, SECOND_US, to_us
from streams.intake.intake import IntakeConfig, Taken
from tests.builders import AREA, NOW_US
from tests.streams.intake.contacts import contact, intake_with, person, raw, taken

AHEAD_US = 600 * SECOND_US
AGE_US = 3_650 * DAY_US
FIRST_US = to_us(datetime(2000, 1, 1, tzinfo=UTC))


def refusal(found: Taken) -> tuple[str, str]:
    assert found.dead is not None
    assert (found.person, found.clock, found.vault) == (None, None, None)
    return found.dead.reason, found.dead.detail


def take(event: dict[str, Any], *, received_us: int = NOW_US) -> Taken:
    return intake_with().step(raw(event, received_us=received_us))


@pytest.mark.parametrize("at_us", [NOW_US, NOW_US + AHEAD_US, NOW_US - AGE_US])
def test_a_time_within_its_bounds_is_taken_as_it_is(at_us: int) -> None:
    found = take(contact(at=at_us, person=person()))
    assert found.dead is None
    assert found.person is not None
    assert (found.person.time_us, found.person.ingest_us) == (at_us, NOW_US)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW_US + AHEAD_US + 1, Rejection.TIME_IN_FUTURE),
        (NOW_US - AGE_US - 1, Rejection.TIME_TOO_OLD),
        ("1970-01-01T00:00:00Z", Rejection.TIME_TOO_OLD),
        ("1969-12-31T23:59:59Z", Rejection.TIME_TOO_OLD),
        ("0001-01-01T00:00:00Z", Rejection.TIME_TOO_OLD),
        ("0001-01-01T00:00:00+14:00", Rejection.TIME_TOO_OLD),
        ("2099-01-01T00:00:00Z", Rejection.TIME_IN_FUTURE),
        ("9999-12-31T23:59:59-12:00", Rejection.TIME_IN_FUTURE),
    ],
)
@pytest.mark.parametrize("ingest", [NOW_US, None])
def test_a_time_that_cannot_be_is_refused(
    at: int | str, reason: Rejection, ingest: int | None
) -> None:
    assert refusal(take(contact(at=at, ingest=ingest))) == (reason, "$.time")


@pytest.mark.parametrize(
    ("ingest_us", "received_us"),
    [(NOW_US + AHEAD_US, NOW_US), (FIRST_US, FIRST_US), (NOW_US - DAY_US, NOW_US)],
)
def test_an_ingest_time_within_its_bounds_is_the_time_of_the_record(
    ingest_us: int, received_us: int
) -> None:
    found = take(contact(at=ingest_us, ingest=ingest_us), received_us=received_us)
    assert found.area is not None
    assert found.area.ingest_us == ingest_us


@pytest.mark.parametrize(
    "ingest",
    [
        NOW_US + AHEAD_US + 1,
        FIRST_US - 1,
        "1999-12-28T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2099-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_an_ingest_time_that_cannot_be_is_refused(ingest: int | str) -> None:
    found = take(contact(at=NOW_US, ingest=ingest, signs=["strangulation"]))
    assert refusal(found) == (Rejection.INGESTTIME_OUT_OF_RANGE, "$.ingesttime")
    assert found.area is None


def test_without_an_ingest_time_the_time_of_receiving_holds() -> None:
    found = take(contact(at=NOW_US - MINUTE_US, ingest=None), received_us=NOW_US)
    assert found.area is not None
    assert found.area.ingest_us == NOW_US


def test_the_bounds_of_time_are_configured() -> None:
    config = IntakeConfig(event_age_days_max=1, ahead_s_max=1, ingest_year_min=2026)
    intake = intake_with(config=config)
    for at_us, reason in (
        (NOW_US + SECOND_US, None),
        (NOW_US + SECOND_US + 1, Rejection.TIME_IN_FUTURE),
        (NOW_US - DAY_US, None),
        (NOW_US - DAY_US - 1, Rejection.TIME_TOO_OLD),
    ):
        dead = intake.step(raw(contact(at=at_us))).dead
        assert (dead.reason if dead else None) == reason
    late = intake.step(raw(contact(at="2025-12-31T00:00:00Z", ingest="2025-12-31T23:59:59Z")))
    assert refusal(late) == (Rejection.INGESTTIME_OUT_OF_RANGE, "$.ingesttime")


@pytest.mark.parametrize(
    "area", ["4", "44070310100200", "4407031010020031", "44-703", "440703", " "]
)
def test_codes_that_do_not_nest_are_unknown_areas(area: str) -> None:
    found = take(contact(area=area))
    unknown = found.dead is not None and refusal(found) == (Rejection.UNKNOWN_AREA, "$.data.area")
    assert unknown == (area != "440703")


def town(code: str, *, valid_from: date | None = None, valid_until: date | None = None) -> Area:
    name = Text(en=code, zh=code)
    return Area(code, AreaLevel.TOWN, name, valid_from=valid_from, valid_until=valid_until)


DIRECTORY = Directory(
    [
        town("old", valid_until=date(2026, 3, 1)),
        town("new", valid_from=date(2026, 3, 1)),
        town("always"),
    ]
)


@pytest.mark.parametrize(
    ("area", "at", "reason"),
    [
        ("old", "2026-02-28T23:59:59+08:00", None),
        ("old", "2026-03-01T00:00:00+08:00", Rejection.AREA_NOT_VALID),
        ("old", "2026-02-28T16:00:00Z", Rejection.AREA_NOT_VALID),
        ("new", "2026-02-28T23:59:59+08:00", Rejection.AREA_NOT_VALID),
        ("new", "2026-02-28T16:00:00Z", None),
        ("always", "2026-02-28T23:59:59+08:00", None),
        (AREA, "2026-03-01T00:00:00+08:00", Rejection.UNKNOWN_AREA),
    ],
)
def test_an_area_is_valid_on_local_days_of_its_directory(
    area: str, at: str, reason: Rejection | None
) -> None:
    found = taken(contact(at=at, area=area), directory=DIRECTORY)
    assert (found.dead.reason if found.dead else None) == reason


@pytest.mark.parametrize(
    ("value", "scheme", "reason"),
    [
        ("12800138000", Scheme.PHONE, Rejection.IDENTIFIER_MALFORMED),
        ("110105194912310021", Scheme.CITIZEN_ID, Rejection.IDENTIFIER_CHECKSUM),
        (" ", Scheme.PSEUDONYM, Rejection.IDENTIFIER_MALFORMED),
        ("17;", Scheme.CASE_NUMBER, Rejection.IDENTIFIER_MALFORMED),
    ],
)
@pytest.mark.parametrize("purpose", ["harm_report", "help_request", "complaint"])
def test_a_wrong_identifier_is_refused_whatever_the_purpose(
    value: str, scheme: Scheme, reason: Rejection, purpose: str
) -> None:
    found = take(contact(purpose=purpose, person=person(value, scheme)))
    assert refusal(found) == (reason, "$.data.person.value")
    assert found.area is None


MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001  # given its zone next
    lambda moment: moment.replace(tzinfo=UTC).isoformat()
)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(
    at=MOMENTS,
    ingest=MOMENTS | st.none(),
    received_us=st.integers(0, 2**52),
    area=TEXTS | st.sampled_from([AREA, "440703"]),
    value=TEXTS,
    scheme=st.sampled_from(Scheme),
    signs=st.sampled_from([[], ["strangulation"]]),
)
@example("0001-01-02T00:00:00+00:00", None, 0, AREA, "1", Scheme.PHONE, ["strangulation"])
def test_whatever_a_sender_sends_is_taken_or_refused_and_never_raises(
    at: str,
    ingest: str | None,
    received_us: int,
    area: str,
    value: str,
    scheme: Scheme,
    signs: list[str],
) -> None:
    who = person(value, scheme)
    event = contact(at=at, ingest=ingest, area=area, person=who, signs=signs)
    found = take(event, received_us=received_us)
    assert (found.dead is None) == (found.person is not None)
    signal = found.area
    if signal is not None:
        assert signal.ingest_us - AGE_US <= signal.time_us <= signal.ingest_us + AHEAD_US
        assert signal.ingest_us >= FIRST_US


def test_an_ingest_year_far_outside_is_no_configuration() -> None:
    for year in (1_900, 10_000):
        with pytest.raises(msgspec.ValidationError, match="ingest_year_min"):
            msgspec.convert({"ingest_year_min": year}, IntakeConfig)


def test_the_example_that_is_published_is_taken() -> None:
    event = msgspec.to_builtins(event_of(Feed.INCIDENT))
    found = take(event, received_us=to_us(event_of(Feed.INCIDENT).time) + DAY_US)
    assert found.dead is None
    assert found.person is not None
