"""Public holidays, as configuration: which local dates are holidays, which weekends are worked.

A holiday doubles the calls of a service that never closes and empties one that works five days, and
the next working day then brings what waited. Unknown, a dozen such days a year eat the whole budget
of false alarms.

Rules: days are local dates (`date.toordinal`), so a day of 23 or 25 hours is one day like any
other. What a holiday does to a series is learned by its detector; here is only when it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import msgspec

from schemas.closed import Closed

DATES_MAX = 10_000
WEEK = 7
SATURDAY, SUNDAY, FRIDAY = 6, 0, 5
"""Days of the week as `date.toordinal() % 7`."""


class HolidaysError(ValueError):
    """The file of holidays cannot be used; the message says what to change."""


class _File(Closed, frozen=True):
    """What the file holds."""

    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Holidays:
    """Holidays, and Saturdays or Sundays that are worked in exchange (调休), as day ordinals."""

    days: frozenset[int] = frozenset()
    workdays: frozenset[int] = frozenset()

    def weekday(self, day: int) -> int:
        """Return the day of the week that `day` is like: a worked weekend is like a Friday."""
        return FRIDAY if day in self.workdays else day % WEEK


NO_HOLIDAYS = Holidays()


def read_holidays(content: bytes) -> Holidays:
    """Read `{"holidays": ["2026-01-01", …], "workdays": ["2026-02-14", …]}`.

    Raises:
        HolidaysError: it is not such a file, has more than 10,000 dates, a date is in both lists,
            or a workday is no weekend.
    """
    try:
        read = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HolidaysError(f"the holidays cannot be read: {error}") from error
    if len(read.holidays) + len(read.workdays) > DATES_MAX:
        raise HolidaysError(f"there are more than {DATES_MAX} dates; give those of the years used")
    return holidays_of(read.holidays, read.workdays)


def holidays_of(holidays: Iterable[date], workdays: Iterable[date] = ()) -> Holidays:
    """Return the calendar of these dates; errors as `read_holidays`."""
    days, worked = frozenset(map(_ordinal, holidays)), frozenset(map(_ordinal, workdays))
    if days & worked:
        both = date.fromordinal(min(days & worked))
        raise HolidaysError(f"{both} is both a holiday and a workday; keep one of them")
    wrong = [day for day in worked if day % WEEK not in {SATURDAY, SUNDAY}]
    if wrong:
        raise HolidaysError(f"{date.fromordinal(min(wrong))} is a workday but no weekend")
    return Holidays(days, worked)


def _ordinal(day: date) -> int:
    return day.toordinal()
