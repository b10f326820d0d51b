"""The calendar of holidays: what a file may say, and what a worked weekend is like."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.holidays import FRIDAY, NO_HOLIDAYS, HolidaysError, holidays_of, read_holidays

SATURDAY = date(2026, 2, 14)


def test_a_file_of_dates_is_read() -> None:
    content = b'{"holidays": ["2026-01-01", "2026-02-17"], "workdays": ["2026-02-14"]}'
    read = read_holidays(content)
    assert read.days == {date(2026, 1, 1).toordinal(), date(2026, 2, 17).toordinal()}
    assert read.workdays == {SATURDAY.toordinal()}


def test_a_worked_weekend_is_like_a_friday() -> None:
    calendar = holidays_of([], [SATURDAY])
    assert calendar.weekday(SATURDAY.toordinal()) == FRIDAY
    assert calendar.weekday(SATURDAY.toordinal() + 7) == SATURDAY.toordinal() % 7


@given(day=st.integers(700_000, 800_000))
def test_without_a_calendar_days_are_what_they_are(day: int) -> None:
    assert NO_HOLIDAYS.weekday(day) == day % 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b'{"holidays": ["2026-02-30"]}', "cannot be read"),
        (b'{"holidays": [20260101]}', "cannot be read"),
        (b'{"feasts": []}', "cannot be read"),
        (b'{"workdays": ["2026-02-13"]}', "2026-02-13 is a workday but no weekend"),
        (b'{"holidays": ["2026-02-14"], "workdays": ["2026-02-14"]}', "both a holiday and"),
        (b'{"holidays": [' + b",".join([b'"2026-01-01"'] * 10_001) + b"]}", "more than 10000"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_its_reason(
    content: bytes, message: str
) -> None:
    with pytest.raises(HolidaysError, match=message):
        read_holidays(content)
