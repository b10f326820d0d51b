"""Daily counts of one kind in one area, with the usual count and the bound of every day.

Rules: what the stage said of a day stands. For every other day the same detectors are asked, over
the counts that are stored, with the county's error budget shared among its series as they are now;
the stage merges near-duplicates before it counts, the store counts reports, so where reports repeat
each other the bound shown is a little high.
"""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec
from msgspec.structs import replace

from alerts.store.counting import Counting
from alerts.store.reading import Reading
from alerts.store.views import SeriesDay
from detectors.surveillance import DetectorSets, Surveillance, UsualDay, usual_days
from schemas.taxonomy import Kind

DAYS_MAX = 400


class Series(msgspec.Struct, frozen=True):
    """The days of one kind of matter in one area, from the first that was counted to today."""

    area: str
    kind: Kind
    time_zone: str
    days: tuple[SeriesDay, ...]


class SeriesReader:
    """Reads series and works out what is usual in them; safe to share among threads."""

    def __init__(self, reading: Reading, surveillance: Surveillance) -> None:
        self._reading = reading
        self._config = surveillance.series
        self._sets = DetectorSets(surveillance)

    def days(self, code: str, kind: Kind, first: int, last: int) -> tuple[SeriesDay, ...]:
        """Return every day from `first` to `last` (local ordinals) since the county is counted.

        At most `DAYS_MAX` days are to be asked for. Raises StoreError.
        """
        counting = self._reading.counting(code)
        if counting is None or last < counting.since:
            return ()
        kept = self._reading.series(code, kind, first - self._config.ring_days, last)
        by_day = {date.fromisoformat(one.day).toordinal(): one for one in kept}
        usual = self._usual(by_day, max(first, counting.since), last, counting)
        return tuple(_filled(by_day, usual, max(first, counting.since), last))

    def _usual(
        self, by_day: Mapping[int, SeriesDay], first: int, last: int, counting: Counting
    ) -> dict[int, UsualDay]:
        counts = {
            day: one.reports if one.incidents is None else one.incidents
            for day, one in by_day.items()
        }
        families = self._sets.for_series(counting.series)
        return usual_days(counts, first, last, counting.since, families, self._config)


def _filled(
    by_day: Mapping[int, SeriesDay], usual: Mapping[int, UsualDay], first: int, last: int
) -> Iterator[SeriesDay]:
    for day in range(first, last + 1):
        one = by_day.get(day) or SeriesDay(date.fromordinal(day).isoformat(), 0)
        if one.bound is None and day in usual:
            expected, bound = usual[day]
            one = replace(one, expected=round(expected, 2), bound=bound)
        yield one
