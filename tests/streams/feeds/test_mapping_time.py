"""Times: formats, the night with two one o'clocks, and the night without a two o'clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams.feeds.mapping_samples import CALLS, ROW, csv_of, events, reasons

ZONE_LINE = "  time_zone: America/New_York\n"


def at(text: str) -> bytes:
    return csv_of(ROW.replace("2026-03-01 08:00", text))


def by(*settings: str) -> str:
    return CALLS.replace(ZONE_LINE, ZONE_LINE + "".join(f"  {one}\n" for one in settings))


def utc_of(text: str, mapping: str = CALLS) -> str:
    return events(at(text), mapping)[0].event.time.astimezone(UTC).isoformat()


def test_a_time_without_an_offset_is_local_and_stays_readable_as_such() -> None:
    encoded = events(at("2016-01-23 10:00:00"))[0].encoded
    assert b'"time":"2016-01-23T10:00:00-05:00"' in encoded


def test_a_time_with_an_offset_keeps_it() -> None:
    assert utc_of("2016-01-23T10:00:00+08:00") == "2016-01-23T02:00:00+00:00"


@pytest.mark.parametrize(
    ("rule", "hour"), [("earlier", "05:30"), ("later", "06:30")], ids=["earlier", "later"]
)
def test_the_hour_that_comes_twice_is_the_one_the_mapping_says(rule: str, hour: str) -> None:
    text = by(f"when_ambiguous: {rule}")
    assert utc_of("2016-11-06 01:30", text) == f"2016-11-06T{hour}:00+00:00"


def test_the_hour_that_comes_twice_may_be_refused() -> None:
    assert reasons(at("2016-11-06 01:30"), by("when_ambiguous: refuse")) == ["time_ambiguous"]


def test_the_hour_that_never_was_is_refused_or_moved_on() -> None:
    assert reasons(at("2016-03-13 02:30")) == ["time_skipped"]
    moved = events(at("2016-03-13 02:30"), by("when_skipped: shift"))[0]
    assert b"2016-03-13T03:30:00-04:00" in moved.encoded


@pytest.mark.parametrize("hour", ["01:59", "03:00"])
def test_the_hours_around_the_gap_are_times_as_any(hour: str) -> None:
    assert reasons(at(f"2016-03-13 {hour}")) == ["event"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("'%d/%m/%Y %H:%M'", "23/01/2016 10:00"),
        ("'%Y%m%d%H%M'", "201601231000"),
        ("'%Y-%m-%d %H:%M %z'", "2016-01-23 15:00 +0000"),
        ("epoch_s", "1453561200"),
        ("epoch_ms", "1453561200000"),
        ("iso", "2016-01-23T15:00Z"),
    ],
)
def test_formats(written: str, text: str) -> None:
    assert utc_of(text, by(f"format: {written}")) == "2016-01-23T15:00:00+00:00"


def test_a_date_alone_is_a_time_only_where_the_format_says_so() -> None:
    assert reasons(at("2016-01-23")) == ["bad_time"]
    assert utc_of("2016-01-23", by("format: '%Y-%m-%d'")) == "2016-01-23T05:00:00+00:00"


@pytest.mark.parametrize(
    "text", ["yesterday", "2016-13-01 00:00", "0001-01-01 00:00", "9999-12-31 23:59"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert reasons(at(text)) == ["bad_time"]


@pytest.mark.parametrize("text", ["nan", "inf", "1e300", "-1e18"])
def test_numbers_that_are_no_time_are_refused(text: str) -> None:
    assert reasons(at(text), by("format: epoch_s")) == ["bad_time"]


def test_a_blank_time_is_refused_for_what_it_is() -> None:
    assert reasons(at("")) == ["no_time"]


def test_a_delay_tells_when_it_reached_us() -> None:
    event = events(at("2016-01-23 10:00"), CALLS + "ingest: {delay_seconds: 90}\n")[0].event
    assert event.ingesttime == event.time + timedelta(seconds=90)


def test_a_column_tells_when_it_reached_us() -> None:
    text = CALLS.replace("note: {column: remark}\n", "ingest: {column: remark}\n")
    event = events(csv_of(ROW + "2026-03-01 09:00"), text)[0].event
    assert event.ingesttime == datetime(2026, 3, 1, 14, tzinfo=UTC)
    assert reasons(csv_of(ROW), text) == ["no_time"]


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - local times are the input
    st.sampled_from(["earlier", "later"]),
)
def test_every_local_time_that_was_maps_back_to_itself(local: datetime, rule: str) -> None:
    text = by(f"when_ambiguous: {rule}")
    if reasons(at(local.isoformat()), text) == ["event"]:
        assert events(at(local.isoformat()), text)[0].event.time.replace(tzinfo=None) == local
