"""The results of a replay, read back from its folder for those who want to look at them.

Rules: only a whole replay is read (its summary is written last). An alert is placed on the day it
speaks of: an area alert on the day of its surge, any other on the local day it was opened. Its
level is the highest that it reached.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from schemas.closed import Closed
from schemas.outcomes import Alert
from schemas.taxonomy import Kind, Level, Scope, rank_of
from streams.replay_files import SUMMARY

T = TypeVar("T")
_DIGITS = (4, 6, 9, 12, 15)


class _About(msgspec.Struct, frozen=True):
    """The part of a summary's `about` that is needed here; other fields are passed over."""

    time_zone: str = "UTC"


class _Summary(msgspec.Struct, frozen=True):
    """The part of a summary that is needed here."""

    about: _About = _About()


class ResultsError(ValueError):
    """A folder that does not hold what was asked for; the message says what to do."""


class DailyCount(Closed, frozen=True):
    """Incidents of one kind in one county on one local day (proleptic ordinal)."""

    area: str
    kind: Kind
    day: int
    incidents: int


class RaisedAlert(Closed, frozen=True):
    """One alert as a point in time: its day (proleptic ordinal) and the highest level it had."""

    alert_id: str
    scope: Scope
    area: str
    kind: Kind
    level: Level
    day: int


class ReplayResults(Closed, frozen=True):
    """What a replay counted and raised; `areas` are the counties that were counted."""

    areas: tuple[str, ...]
    zone: str
    counts: tuple[DailyCount, ...]
    alerts: tuple[RaisedAlert, ...]

    def days(self) -> tuple[int, int]:
        """Return the first and the last day on which anything was counted or raised."""
        days = [count.day for count in self.counts] + [alert.day for alert in self.alerts]
        return min(days), max(days)

    def by_kind(self) -> dict[Kind, Counter[int]]:
        """Return incidents by kind and day, the commonest kind first."""
        found: dict[Kind, Counter[int]] = {}
        for count in self.counts:
            found.setdefault(count.kind, Counter())[count.day] += count.incidents
        for alert in self.alerts:
            if alert.scope is Scope.AREA:
                found.setdefault(alert.kind, Counter())
        return dict(sorted(found.items(), key=lambda item: (-item[1].total(), item[0])))


def read_results(folder: Path) -> ReplayResults:
    """Read the results of a whole replay. Raises ResultsError, OSError."""
    path = folder / SUMMARY
    if not path.is_file():
        raise ResultsError(
            f"{folder} holds no replay ({SUMMARY} is not there); "
            f"make one with: forewarn replay EVENTS --out {folder}"
        )
    try:
        zone = msgspec.json.decode(path.read_bytes(), type=_Summary).about.time_zone
        ZoneInfo(zone)
    except (msgspec.DecodeError, ZoneInfoNotFoundError, ValueError) as error:
        raise ResultsError(f"{path}: cannot be read: {error}") from error
    counts = tuple(read_lines(folder / "daily-counts.jsonl", DailyCount))
    alerts = _raised(read_lines(folder / "alerts.jsonl", Alert), ZoneInfo(zone))
    if not counts and not alerts:
        raise ResultsError(
            f"the replay in {folder} has nothing to look at: no incident was counted and no alert "
            "was raised; the reasons are in its summary.json and dead-letters.jsonl"
        )
    return ReplayResults(tuple(sorted({count.area for count in counts})), zone, counts, alerts)


def narrowed(results: ReplayResults, area: str) -> ReplayResults:
    """Return the part about one area: its alerts and those below it, and its county's counts.

    Codes nest as digits or by `/`, since a replay's folder has no directory. Raises ResultsError
    for an area that the replay says nothing about.
    """
    counties = tuple(county for county in results.areas if _lies_in(area, county))
    alerts = tuple(alert for alert in results.alerts if _lies_in(alert.area, area))
    if not counties or (area not in results.areas and not alerts):
        known = ", ".join(results.areas) or "none"
        raise ResultsError(
            f"the replay says nothing about area {area!r}; the counties in it are: {known}"
        )
    counts = tuple(count for count in results.counts if count.area in counties)
    return ReplayResults(counties, results.zone, counts, alerts)


def _lies_in(area: str, outer: str) -> bool:
    if area == outer or area.startswith(f"{outer}/"):
        return True
    return outer.isdigit() and len(outer) in _DIGITS and area.isdigit() and area.startswith(outer)


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """Yield the records of a file of JSON lines. Raises ResultsError, OSError."""
    decode = msgspec.json.Decoder(kind).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield decode(line)
                except msgspec.DecodeError as error:
                    raise ResultsError(f"{path}, line {number}: {error}") from error
    except FileNotFoundError as error:
        raise ResultsError(f"{path} is not there; run the replay again") from error


def _raised(revisions: Iterator[Alert], zone: ZoneInfo) -> tuple[RaisedAlert, ...]:
    """Return one value an alert, in the order in which they were opened."""
    held: dict[str, list[Alert]] = {}
    for alert in revisions:
        held.setdefault(alert.alert_id, []).append(alert)
    return tuple(_as_one(alerts, zone) for alerts in held.values())


def _as_one(revisions: Sequence[Alert], zone: ZoneInfo) -> RaisedAlert:
    first = revisions[0]
    level = max((alert.level for alert in revisions), key=rank_of)
    if first.surge is not None:
        day = date.fromisoformat(first.surge.day).toordinal()
    else:
        day = first.opened.astimezone(zone).toordinal()
    return RaisedAlert(first.alert_id, first.scope, first.area, first.kind, level, day)
