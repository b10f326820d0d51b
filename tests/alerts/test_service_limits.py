"""When the authority must have answered: working days, calendar days, and hours in danger."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.service_limits import LimitCalendar, ServiceLimits
from schemas.taxonomy import CLOCK_PURPOSES, Purpose
from schemas.times import HOUR_US, from_us, to_us

CHINA, BERLIN = "Asia/Shanghai", "Europe/Berlin"
# Around the national day of 2026: seven days off, and a day of two weekends worked for it.
HOLIDAYS = frozenset(date(2026, 10, day) for day in range(1, 8))
MAKE_UP = frozenset({date(2026, 9, 27), date(2026, 10, 10)})
NATIONAL_DAY = ServiceLimits(holidays=HOLIDAYS, make_up_days=MAKE_UP)
PURPOSES = st.sampled_from(sorted(CLOCK_PURPOSES))
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2036, 1, 1)).map(  # noqa: DTZ001  # given its zone next
    lambda moment: moment.replace(tzinfo=UTC)
)


def due(
    purpose: Purpose,
    opened: datetime,
    *,
    zone: str = CHINA,
    severity: int = 0,
    limits: ServiceLimits | None = None,
) -> datetime:
    """The due time in local time; `opened` is local where it has no zone."""
    at = opened if opened.tzinfo else opened.replace(tzinfo=ZoneInfo(zone))
    calendar = LimitCalendar(limits or ServiceLimits(), zone)
    return from_us(calendar.due_us(purpose, severity, to_us(at))).astimezone(ZoneInfo(zone))


def local(*parts: int, zone: str = CHINA) -> datetime:
    year, month, day, *time = parts
    hour, minute = time or (0, 0)
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("purpose", "end"),
    [
        (Purpose.ENQUIRY, local(2026, 3, 5)),
        (Purpose.HELP_REQUEST, local(2026, 3, 17)),
        (Purpose.SERVICE_REQUEST, local(2026, 3, 17)),
        (Purpose.SUGGESTION, local(2026, 3, 17)),
        (Purpose.TIP_OFF, local(2026, 3, 24)),
        (Purpose.COMPLAINT, local(2026, 3, 24)),
        (Purpose.PETITION, local(2026, 5, 2)),
    ],
)
def test_a_contact_on_a_monday_is_due_by_custom(purpose: Purpose, end: datetime) -> None:
    assert due(purpose, local(2026, 3, 2, 9, 0)) == end


@pytest.mark.parametrize(
    ("opened", "end"),
    [
        (local(2026, 3, 5, 23, 59), local(2026, 3, 10)),
        (local(2026, 3, 6, 0, 0), local(2026, 3, 11)),
        (local(2026, 3, 6, 23, 59), local(2026, 3, 11)),
        (local(2026, 3, 7, 12, 0), local(2026, 3, 11)),
        (local(2026, 3, 8, 12, 0), local(2026, 3, 11)),
    ],
)
def test_a_weekend_does_not_count(opened: datetime, end: datetime) -> None:
    assert due(Purpose.ENQUIRY, opened) == end


@pytest.mark.parametrize(
    ("opened", "end"),
    [
        (local(2026, 9, 30, 12, 0), local(2026, 10, 10)),
        (local(2026, 10, 5, 12, 0), local(2026, 10, 10)),
        (local(2026, 10, 8, 12, 0), local(2026, 10, 11)),
        (local(2026, 9, 25, 12, 0), local(2026, 9, 29)),
    ],
)
def test_holidays_do_not_count_and_make_up_days_do(opened: datetime, end: datetime) -> None:
    assert due(Purpose.ENQUIRY, opened, limits=NATIONAL_DAY) == end


def test_a_day_that_is_both_a_holiday_and_made_up_for_is_worked() -> None:
    both = ServiceLimits(holidays=HOLIDAYS, make_up_days=HOLIDAYS)
    calendar = LimitCalendar(both, CHINA)
    assert calendar.is_working_day(date(2026, 10, 1).toordinal())
    assert calendar.is_working_day(date(2026, 10, 4).toordinal())


def test_a_petition_counts_every_day() -> None:
    with_holidays = due(Purpose.PETITION, local(2026, 9, 30, 12, 0), limits=NATIONAL_DAY)
    assert with_holidays == due(Purpose.PETITION, local(2026, 9, 30, 12, 0))
    assert with_holidays == local(2026, 11, 30)


@given(PURPOSES, MOMENTS, st.sampled_from([CHINA, BERLIN]))
def test_in_danger_hours_count_whatever_the_purpose_and_the_day(
    purpose: Purpose, opened: datetime, zone: str
) -> None:
    opened_us = to_us(opened)
    calendar = LimitCalendar(ServiceLimits(), zone)
    assert calendar.due_us(purpose, 4, opened_us) == opened_us + 2 * HOUR_US
    assert calendar.due_us(purpose, 3, opened_us) > opened_us + 2 * HOUR_US


def test_hours_in_danger_are_configured() -> None:
    limits = ServiceLimits(danger_hours=24)
    opened = local(2026, 3, 6, 22, 0)
    assert due(Purpose.HELP_REQUEST, opened, severity=4, limits=limits) == local(2026, 3, 7, 22, 0)


@given(PURPOSES, MOMENTS, st.sampled_from([CHINA, BERLIN, "America/Sao_Paulo", "UTC"]))
def test_a_limit_in_days_ends_when_a_local_day_begins(
    purpose: Purpose, opened: datetime, zone: str
) -> None:
    end = due(purpose, opened, zone=zone)
    second_before = from_us(to_us(end) - 1_000_000).astimezone(ZoneInfo(zone))
    assert end.date() > opened.astimezone(ZoneInfo(zone)).date()
    assert second_before.date() < end.date()
    assert purpose is Purpose.PETITION or second_before.weekday() < 5


@given(PURPOSES, MOMENTS, MOMENTS)
def test_who_comes_later_is_never_due_earlier(
    purpose: Purpose, one: datetime, two: datetime
) -> None:
    first, second = sorted((one, two))
    assert due(purpose, first, limits=NATIONAL_DAY) <= due(purpose, second, limits=NATIONAL_DAY)


def test_a_day_is_of_the_zone_and_not_of_utc() -> None:
    late_on_sunday_in_utc = datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert due(Purpose.ENQUIRY, late_on_sunday_in_utc) == local(2026, 3, 5)
    at_home = due(Purpose.ENQUIRY, late_on_sunday_in_utc, zone="UTC")
    assert at_home == local(2026, 3, 4, zone="UTC")


@pytest.mark.parametrize(
    ("opened", "end", "hours"),
    [
        (local(2026, 3, 27, 12, 0, zone=BERLIN), local(2026, 4, 1, zone=BERLIN), 107),
        (local(2026, 10, 23, 12, 0, zone=BERLIN), local(2026, 10, 28, zone=BERLIN), 109),
    ],
    ids=["clocks go forward", "clocks go back"],
)
def test_a_limit_in_days_is_of_local_days_when_clocks_change(
    opened: datetime, end: datetime, hours: int
) -> None:
    found = due(Purpose.ENQUIRY, opened, zone=BERLIN)
    assert found == end
    assert to_us(found) - to_us(opened) == hours * HOUR_US


def test_a_limit_may_end_on_a_day_without_a_midnight() -> None:
    zone = "America/Sao_Paulo"
    end = due(Purpose.PETITION, local(2018, 9, 4, 12, 0, zone=zone), zone=zone)
    assert end == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert (end.date(), end.hour) == (date(2018, 11, 4), 1)


@pytest.mark.parametrize("purpose", sorted(CLOCK_PURPOSES))
def test_a_purpose_without_a_limit_is_refused_by_name(purpose: Purpose) -> None:
    custom = ServiceLimits()
    working = {key: days for key, days in custom.working_days.items() if key is not purpose}
    calendar = {key: days for key, days in custom.calendar_days.items() if key is not purpose}
    with pytest.raises(ValueError, match=f"no limit for {purpose}"):
        LimitCalendar(ServiceLimits(working, calendar), CHINA)


def test_a_purpose_with_two_limits_is_refused_by_name() -> None:
    twice = ServiceLimits(calendar_days={Purpose.PETITION: 60, Purpose.COMPLAINT: 30})
    with pytest.raises(ValueError, match="two limits for complaint"):
        LimitCalendar(twice, CHINA)
