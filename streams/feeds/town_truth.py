"""What really happened in a synthetic town, apart from its events: one record a line.

Rules: no detector may read this. Each record says by `record` what it is: first the town, then its
people (by number), surges, scripted cases, and last the copies. Times are in the town's zone.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np

from schemas.closed import Closed, Text
from streams.feeds.town import Town
from streams.feeds.town_arrival import event_ids
from streams.feeds.town_background import Surge
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_cases import CASES
from streams.feeds.town_chance import Floats
from streams.feeds.town_config import as_json
from streams.feeds.town_events import local_time
from streams.feeds.town_map import MAP_VERSION, ZONE, TownMap
from streams.feeds.town_people import identifier_of, identifiers_of
from streams.feeds.town_rows import Copy, Part, Rows, taken
from streams.feeds.town_states import State

FORMAT = 1
_BATCH = 8_192


class TownRecord(Closed, frozen=True, tag_field="record", tag="town"):
    """The first line: how the town was made; `events` counts deliveries, copies among them."""

    format: int
    synthetic: bool
    map_version: str
    time_zone: str
    config: dict[str, object]
    events: int


class StateRecord(Closed, frozen=True):
    """One stay of a hidden state; it lasts until the next stay or the end of the town."""

    state: str
    since: datetime


class HarmRecord(Closed, frozen=True):
    """One true harm; `event` is the id of the report about it, None where nobody told."""

    time: datetime
    severity: int
    event: str | None


class PersonRecord(Closed, frozen=True, tag_field="record", tag="person"):
    """One person: every identifier, the personal rate (mean 1), the hidden path, the harms."""

    number: int
    identifiers: tuple[str, ...]
    rate: float
    states: tuple[StateRecord, ...]
    harms: tuple[HarmRecord, ...]


class SurgeRecord(Closed, frozen=True, tag_field="record", tag="surge"):
    """One injected surge; `events` are the ids of the `size` events added, copies not counted."""

    kind: str
    place: str
    first_day: date
    days: int
    size: int
    usual: float
    events: tuple[str, ...]


class CaseRecord(Closed, frozen=True, tag_field="record", tag="case"):
    """One scripted case, and by which identifiers its person appears (none if nobody is named)."""

    name: str
    shows: Text
    identifiers: tuple[str, ...]
    events: tuple[str, ...]


class CopyRecord(Closed, frozen=True, tag_field="record", tag="copy"):
    """One repetition: `near` has an id of its own, `exact` has the id it repeats."""

    how: str
    event: str
    of: str


TruthRecord = TownRecord | PersonRecord | SurgeRecord | CaseRecord | CopyRecord


def truth_of(town: Town) -> Iterator[TruthRecord]:
    """Yield every record of the truth, in a fixed order."""
    yield TownRecord(
        format=FORMAT,
        synthetic=True,
        map_version=MAP_VERSION,
        time_zone=ZONE,
        config=as_json(town.config),
        events=len(town.rows),
    )
    yield from _people(town)
    yield from (_surge(town, number, surge) for number, surge in enumerate(town.surges))
    yield from (_case(town, number) for number in range(len(CASES)))
    yield from copy_records(town.rows, town.ground)


def _times(town: Town, at: Floats) -> list[datetime]:
    return [local_time(at_us) for at_us in to_instants(town.config.start, at).tolist()]


def _made_by(town: Town, part: Part) -> Rows:
    rows = town.rows
    return taken(rows, (rows["part"] == part) & (rows["copy"] == Copy.NONE))


def _harm_events(town: Town) -> dict[int, str]:
    rows = _made_by(town, Part.REPORT)
    rows = rows[rows["mark"] >= 0]
    return dict(zip(rows["mark"].tolist(), event_ids(rows, town.ground), strict=True))


def _people(town: Town) -> Iterator[PersonRecord]:
    numbers = np.arange(town.config.persons + 1)
    stays = np.searchsorted(town.paths.person, numbers).tolist()
    harms = np.searchsorted(town.harms.person, numbers).tolist()
    told = _harm_events(town)
    for number in range(town.config.persons):
        yield PersonRecord(
            number=number,
            identifiers=identifiers_of(number, int(town.people.identity[number])),
            rate=round(float(town.people.rate[number]), 6),
            states=_states(town, slice(stays[number], stays[number + 1])),
            harms=_harms(town, range(harms[number], harms[number + 1]), told),
        )


def _states(town: Town, own: slice) -> tuple[StateRecord, ...]:
    names = [State(state).name.lower() for state in town.paths.state[own]]
    times = _times(town, town.paths.start[own])
    return tuple(
        StateRecord(state=name, since=since) for name, since in zip(names, times, strict=True)
    )


def _harms(town: Town, own: range, told: dict[int, str]) -> tuple[HarmRecord, ...]:
    times = _times(town, town.harms.at[own.start : own.stop])
    return tuple(
        HarmRecord(time=time, severity=int(town.harms.severity[at]), event=told.get(at))
        for at, time in zip(own, times, strict=True)
    )


def _surge(town: Town, number: int, surge: Surge) -> SurgeRecord:
    rows = _made_by(town, Part.SURGE)
    return SurgeRecord(
        kind=surge.kind.value,
        place=surge.place,
        first_day=town.config.start + timedelta(days=surge.first_day),
        days=surge.days,
        size=surge.size,
        usual=surge.usual,
        events=tuple(event_ids(rows[rows["mark"] == number], town.ground)),
    )


def _case(town: Town, number: int) -> CaseRecord:
    rows = _made_by(town, Part.CASE)
    rows = rows[rows["mark"] == number]
    named = rows[rows["person"] >= 0]
    pairs = zip(named["person"].tolist(), named["scheme"].tolist(), strict=True)
    return CaseRecord(
        name=CASES[number].name,
        shows=CASES[number].shows,
        identifiers=tuple(dict.fromkeys(identifier_of(*pair) for pair in pairs)),
        events=tuple(event_ids(rows, town.ground)),
    )


def copy_records(rows: Rows, ground: TownMap) -> Iterator[CopyRecord]:
    """Yield a record for each copy among all rows of a town, in the order of arrival."""
    place = np.empty(len(rows), dtype=np.int64)
    place[rows["row"]] = np.arange(len(rows))
    copies = np.flatnonzero(rows["copy"] != Copy.NONE)
    for start in range(0, len(copies), _BATCH):
        some = rows[copies[start : start + _BATCH]]
        originals = rows[place[some["copy_of"]]]
        for copy, own, original in zip(
            some["copy"].tolist(),
            event_ids(some, ground),
            event_ids(originals, ground),
            strict=True,
        ):
            yield CopyRecord(how=Copy(copy).name.lower(), event=own, of=original)
