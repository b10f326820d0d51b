"""Rows to events: what of a row may be told, as CloudEvents.

Rules: `time` is in the town's zone (+08:00, without daylight-saving since 1991), `ingesttime` in
UTC, both to the second. Nothing of a row's part, mark or copy gets into an event.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from schemas.events import TYPE_OF_FEED, Event, EventData, Location, Person, SafeContact
from schemas.taxonomy import (
    Channel,
    Feed,
    Kind,
    Origin,
    Purpose,
    Scheme,
    Sign,
    members_of,
    signs_in,
)
from schemas.times import EPOCH
from streams.feeds.town_arrival import FEEDS, id_prefixes, source_names
from streams.feeds.town_map import TownMap
from streams.feeds.town_notes import note_for
from streams.feeds.town_people import identifier_of
from streams.feeds.town_rows import Rows

BATCH = 8_192
"""Rows turned into events at a time; bounds what is held as Python objects."""

SAFE_CONTACTS = (
    SafeContact(hours="09:00-17:00", never_inform_household=True),
    SafeContact(never_inform_household=True),
    SafeContact(hours="12:00-13:30"),
)
_TOLD = (
    "time_us",
    "ingest_us",
    "person",
    "grid",
    "serial",
    "lat_off",
    "lon_off",
    "note",
    "signs",
    "feed",
    "purpose",
    "kind",
    "severity",
    "origin",
    "channel",
    "scheme",
    "digits",
    "safe",
    "located",
)
_LOCAL_EPOCH = EPOCH.astimezone(timezone(timedelta(hours=8)))
_DEGREE = 10_000


@lru_cache(maxsize=4_096)
def _signs(mask: int) -> tuple[Sign, ...]:
    return signs_in(mask)


def local_time(at_us: int) -> datetime:
    """Return an instant (microseconds since the epoch) as a time in the town's zone."""
    return _LOCAL_EPOCH + timedelta(microseconds=at_us)


class EventWriter:
    """Turns rows of one map into events."""

    def __init__(self, ground: TownMap) -> None:
        self._ground = ground
        self._sources = source_names(ground)
        self._prefixes = id_prefixes(ground)
        self._types = tuple(TYPE_OF_FEED[feed] for feed in members_of(Feed))
        self._lat = [round(lat * _DEGREE) for lat in ground.lat]
        self._lon = [round(lon * _DEGREE) for lon in ground.lon]

    def batches(self, rows: Rows, size: int = BATCH) -> Iterator[list[Event]]:
        """Yield the events of `rows` in their order, at most `size` at a time."""
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            columns = [some[name].tolist() for name in _TOLD]
            yield [self._event(*told) for told in zip(*columns, strict=True)]

    def _event(
        self,
        time_us: int,
        ingest_us: int,
        person: int,
        grid: int,
        serial: int,
        lat_off: int,
        lon_off: int,
        note: int,
        signs: int,
        feed: int,
        purpose: int,
        kind: int,
        severity: int,
        origin: int,
        channel: int,
        scheme: int,
        digits: int,
        safe: int,
        located: int,
    ) -> Event:
        source = self._ground.county_of_grid[grid] * FEEDS + feed
        about = members_of(Kind)[kind]
        data = EventData(
            purpose=members_of(Purpose)[purpose],
            kind=about,
            area=self._ground.grids[grid][:digits],
            severity=severity,
            signs=_signs(signs),
            origin=members_of(Origin)[origin],
            channel=members_of(Channel)[channel],
            person=_person(person, scheme, safe) if person >= 0 else None,
            location=self._location(grid, lat_off, lon_off) if located else None,
            note=note_for(about, note) if note >= 0 else None,
        )
        return Event(
            specversion="1.0",
            id=f"{self._prefixes[source]}{serial:08d}",
            source=self._sources[source],
            type=self._types[feed],
            time=local_time(time_us),
            ingesttime=EPOCH + timedelta(microseconds=ingest_us),
            data=data,
        )

    def _location(self, grid: int, lat_off: int, lon_off: int) -> Location:
        lat, lon = self._lat[grid] + lat_off, self._lon[grid] + lon_off
        return Location(lat=lat / _DEGREE, lon=lon / _DEGREE)


def _person(person: int, scheme: int, safe: int) -> Person:
    return Person(
        scheme=members_of(Scheme)[scheme],
        value=identifier_of(person, scheme),
        safe_contact=SAFE_CONTACTS[safe] if safe >= 0 else None,
    )
