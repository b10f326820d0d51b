"""Instants as integers: microseconds since 1970-01-01T00:00:00Z.

Rules: inside, an instant is an `int` whose name ends in `_us`; at the edge it is a timezone-aware
UTC `datetime`. A calendar day is an ordinal (`date.toordinal`) in a named time zone. Nothing here
reads a clock.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
_QUARTER_US = 15 * MINUTE_US


def to_us(at: datetime) -> int:
    """Turn an aware datetime into microseconds since the epoch, exactly."""
    return (at - EPOCH) // MICROSECOND


def from_us(at_us: int) -> datetime:
    """Turn microseconds since the epoch into an aware UTC datetime, exactly."""
    return EPOCH + timedelta(0, 0, at_us)


@lru_cache(maxsize=65_536)
def _local_day_of_quarter(quarter: int, zone: str) -> int:
    moment = from_us(quarter * _QUARTER_US).astimezone(ZoneInfo(zone))
    return moment.date().toordinal()


def local_day(at_us: int, zone: str) -> int:
    """Return the ordinal of the calendar day on which `at_us` falls in the IANA zone `zone`.

    Exact for every zone whose offset changes and whose midnights fall on a quarter of an hour,
    which holds for all zones since 1972; the quarter makes the answer cacheable.
    """
    return _local_day_of_quarter(at_us // _QUARTER_US, zone)


def day_start_us(day: int, zone: str) -> int:
    """Return the instant at which local day `day` begins in `zone`."""
    midnight = datetime.combine(date.fromordinal(day), datetime.min.time(), tzinfo=ZoneInfo(zone))
    return to_us(midnight)
