"""What one cell has seen of each day: repetitions found, near-duplicates counted once.

Rules: a signal is counted once, found by 8 bytes of its id per cell and day. Reports of one kind
from one place (location rounded to about 100 m, or the cell itself where it is a grid and no
location is known) within a quarter of an hour of the first are one incident, for counts only. A
larger cell without a location merges nothing: too much of a real surge would vanish. Days that can
no longer receive late signals are forgotten.
"""

from bisect import insort
from operator import attrgetter

from schemas.records import AreaSignal
from schemas.state import AreaCell, CellDay
from schemas.taxonomy import KIND_CODE
from schemas.times import MINUTE_US


def is_repeated(cell: AreaCell, signal: AreaSignal, day: int) -> bool:
    """Say whether this signal was counted before on local day `day`; remember it if not."""
    short = int(signal.signal_id[:16], 16)
    seen = _day_of(cell, day).seen
    if short in seen:
        return True
    seen.add(short)
    return False


def new_incidents(
    cell: AreaCell, signal: AreaSignal, day: int, merge_minutes: int, *, smallest: bool
) -> int:
    """Return by how much the day's number of incidents changes: 1 or 0.

    Incidents are counted over the sorted times of one place and kind, so the order of arrival does
    not matter. A late report can shift the first of a run, but never make the runs fewer: they are
    the least number of windows that cover all times.
    """
    if signal.place is None and not smallest:
        return 1
    times = _day_of(cell, day).places.setdefault(
        f"{signal.place or ''} {KIND_CODE[signal.kind]}", []
    )
    window = merge_minutes * MINUTE_US
    before = incidents_in(times, window)
    insort(times, signal.time_us)
    return incidents_in(times, window) - before


def incidents_in(times: list[int], window_us: int) -> int:
    """Count runs in sorted times: a run holds what is within the window of its first."""
    count, first = 0, None
    for time_us in times:
        if first is None or time_us - first > window_us:
            count, first = count + 1, time_us
    return count


def forget_days(cell: AreaCell, before: int, now_us: int) -> None:
    """Forget the days before ordinal `before`, and incident ids past their time."""
    while cell.days and cell.days[0].day < before:
        del cell.days[0]
    if cell.incidents and cell.incidents[0].until_us < now_us:
        cell.incidents = [seen for seen in cell.incidents if seen.until_us >= now_us]


def _day_of(cell: AreaCell, day: int) -> CellDay:
    """Return a day of the cell, begun if it is not there; days stand in order."""
    for kept in reversed(cell.days):
        if kept.day == day:
            return kept
    begun = CellDay(day)
    insort(cell.days, begun, key=attrgetter("day"))
    return begun
