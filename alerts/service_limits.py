"""When the authority must have answered: customary time limits in hours or working days.

Rules: limits are configuration, never constants, as they differ by place. A working day is Monday
to Friday but for the listed holidays, and a listed make-up day. The day of the contact does not
count; a limit in working days ends with the last of them, local time.
"""

from datetime import date
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.closed import Closed
from schemas.taxonomy import Purpose
from schemas.times import HOUR_US, day_start_us, local_day

DANGER_SEVERITY = 4
DAYS_CACHED_MAX = 4_096
_WORKDAYS = 5

Limit = Annotated[int, Meta(ge=1, le=366)]


def _customary_working_days() -> dict[Purpose, int]:
    return {
        Purpose.ENQUIRY: 2,
        Purpose.HELP_REQUEST: 10,
        Purpose.SERVICE_REQUEST: 10,
        Purpose.SUGGESTION: 10,
        Purpose.TIP_OFF: 15,
        Purpose.COMPLAINT: 15,
    }


def _customary_calendar_days() -> dict[Purpose, int]:
    return {Purpose.PETITION: 60}


class ServiceLimits(Closed, frozen=True):
    """Days to answer by purpose; `danger_hours` holds where life or property is in danger."""

    working_days: dict[Purpose, Limit] = msgspec.field(default_factory=_customary_working_days)
    calendar_days: dict[Purpose, Limit] = msgspec.field(default_factory=_customary_calendar_days)
    danger_hours: Limit = 2
    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()


class LimitCalendar:
    """Works out due times in one time zone; every purpose has exactly one limit."""

    def __init__(self, limits: ServiceLimits, zone: str) -> None:
        working, calendar = set(limits.working_days), set(limits.calendar_days)
        without = set(Purpose) - {Purpose.HARM_REPORT} - working - calendar
        if without:
            raise ValueError(f"service limits: no limit for {', '.join(sorted(without))}")
        if twice := working & calendar:
            raise ValueError(f"service limits: two limits for {', '.join(sorted(twice))}")
        self._limits = limits
        self._zone = zone
        self._holidays = frozenset(day.toordinal() for day in limits.holidays)
        self._make_up = frozenset(day.toordinal() for day in limits.make_up_days)
        self._end_of = lru_cache(maxsize=DAYS_CACHED_MAX)(self._end_of_limit)

    def is_working_day(self, day: int) -> bool:
        """Say whether local day ordinal `day` is a working day."""
        if day in self._make_up:
            return True
        return (day - 1) % 7 < _WORKDAYS and day not in self._holidays

    def due_us(self, purpose: Purpose, severity: int, opened_us: int) -> int:
        """Return the instant by which a contact that came at `opened_us` must be answered."""
        if severity >= DANGER_SEVERITY:
            return opened_us + self._limits.danger_hours * HOUR_US
        return self._end_of(purpose, local_day(opened_us, self._zone))

    def _end_of_limit(self, purpose: Purpose, day: int) -> int:
        if purpose in self._limits.calendar_days:
            return day_start_us(day + self._limits.calendar_days[purpose] + 1, self._zone)
        left = self._limits.working_days[purpose]
        while left:
            day += 1
            left -= self.is_working_day(day)
        return day_start_us(day + 1, self._zone)
