"""What is true of the town, apart from its events: one record a line.

Rules: no detector may read this. First the town, then its people by number, then surges, silent
sources, copies, and reports of nothing. Times are in the town's zone. Groups and hidden states are
nowhere else. A person's hazard is the untreated one, a step function of the day (at noon).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import numpy as np

from schemas.taxonomy import signs_in
from streams.feeds.known_truth.course import NO_HARM, level_at, own_hazard, span_of
from streams.feeds.known_truth.frozen import parameter_digest
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.known_truth.treated import DISCOVERED, REPORTED, UNTOLD, Alerted
from streams.feeds.known_truth.truth_records import (
    AlertRecord,
    HarmRecord,
    HazardRecord,
    MatterRecord,
    NothingRecord,
    PersonRecord,
    SilenceRecord,
    SurgeRecord,
    TownRecord,
    TruthRecord,
)
from streams.feeds.town_arrival import event_ids, source_names
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_chance import Floats
from streams.feeds.town_events import local_time
from streams.feeds.town_map import MAP_VERSION, ZONE
from streams.feeds.town_people import identifier_of, identifiers_of
from streams.feeds.town_rows import Copy, Part, Rows
from streams.feeds.town_states import State
from streams.feeds.town_truth import StateRecord, copy_records

FORMAT = 1
HAZARD_STEP = 0.05
NOON = 0.5
TELLINGS = {UNTOLD: "untold", REPORTED: "reported", DISCOVERED: "discovered"}


def truth_of(town: KnownTown) -> Iterator[TruthRecord]:
    """Yield every record of the truth, in a fixed order."""
    parameters = town.parameters
    yield TownRecord(
        format=FORMAT,
        synthetic=True,
        seed=town.seed,
        parameters_sha256=parameter_digest(),
        parameters=msgspec.to_builtins(parameters),
        map_version=MAP_VERSION,
        time_zone=ZONE,
        drift=parameters.town.start + timedelta(days=parameters.drift_day()),
        hazard_step=HAZARD_STEP,
        events=len(town.rows),
    )
    yield from _people(town)
    yield from _surges(town)
    yield from _silences(town)
    yield from copy_records(town.rows, town.ground)
    nothing = _originals(town, Part.REPORT)
    nothing = nothing[nothing["mark"] < 0]
    yield from (NothingRecord(event=own) for own in event_ids(nothing, town.ground))


def _times(town: KnownTown, at: Floats) -> list[datetime]:
    return [local_time(at_us) for at_us in to_instants(town.parameters.town.start, at).tolist()]


def _originals(town: KnownTown, part: Part) -> Rows:
    rows = town.rows
    some: Rows = rows[(rows["part"] == part) & (rows["copy"] == Copy.NONE)]
    return some


def hazard_steps(town: KnownTown, person: int) -> HazardRecord:
    """Return the untreated hazard of one person, at noon of each day, in logarithmic steps."""
    at: Floats = np.arange(town.parameters.town.days, dtype=np.float64) + NOON
    own = span_of(town.matters.person, person)
    level = np.zeros(len(at))
    if own.stop > own.start:
        everything = np.ones(own.stop - own.start, dtype=np.bool_)
        level = level_at(town.parameters, town.matters, own, everything, at)
    hazard = own_hazard(town.parameters, town.hidden, person, at, level)
    steps = np.rint(np.log(hazard) / HAZARD_STEP).astype(np.int64)
    days = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1))
    return HazardRecord(days=tuple(days.tolist()), steps=tuple(steps[days].tolist()))


def _people(town: KnownTown) -> Iterator[PersonRecord]:
    rows = _originals(town, Part.REPORT)
    rows = rows[rows["mark"] >= 0]
    told = dict(zip(rows["mark"].tolist(), event_ids(rows, town.ground), strict=True))
    alerts: dict[int, list[Alerted]] = {}
    for alert in town.treated.alerts:
        alerts.setdefault(alert.person, []).append(alert)
    for number in range(town.parameters.town.persons):
        yield PersonRecord(
            number=number,
            group=town.parameters.groups[int(town.hidden.group[number])].name,
            rate=round(float(town.hidden.rate[number]), 9),
            identifiers=identifiers_of(number, int(town.people.identity[number])),
            states=_states(town, number),
            triggers=_triggers(town, number),
            matters=_matters(town, number, told),
            harms=_harms(town, number),
            alerts=tuple(_alert(town, alert) for alert in alerts.get(number, ())),
            hazard=hazard_steps(town, number),
        )


def _states(town: KnownTown, number: int) -> tuple[StateRecord, ...]:
    paths = town.hidden.paths
    own = span_of(paths.person, number)
    names = [State(state).name.lower() for state in paths.state[own]]
    times = _times(town, paths.start[own])
    return tuple(
        StateRecord(state=name, since=since) for name, since in zip(names, times, strict=True)
    )


def _triggers(town: KnownTown, number: int) -> tuple[tuple[datetime, datetime], ...]:
    blows = town.hidden.blows
    start = blows.start[span_of(blows.person, number)]
    return tuple(zip(_times(town, start), _times(town, start + blows.lasts), strict=True))


def _harms(town: KnownTown, number: int) -> tuple[HarmRecord, ...]:
    own = span_of(town.harms.person, number)
    return tuple(
        HarmRecord(time=time, severity=severity, happened=happened)
        for time, severity, happened in zip(
            _times(town, town.harms.at[own]),
            town.harms.severity[own].tolist(),
            town.treated.happened[own].tolist(),
            strict=True,
        )
    )


def _matters(town: KnownTown, number: int, told: dict[int, str]) -> tuple[MatterRecord, ...]:
    matters, treated = town.matters, town.treated
    own = span_of(matters.person, number)
    first = span_of(town.harms.person, number).start
    times = _times(town, matters.at[own])
    return tuple(
        MatterRecord(
            time=time,
            severity=int(matters.severity[at]),
            happened=bool(treated.alive[at]),
            telling=TELLINGS[int(treated.telling[at])],
            signs=signs_in(int(town.signs[at])),
            event=told.get(at),
            harm=_number(int(matters.harm[at]), first),
            descends=_number(int(matters.root[at]), first),
        )
        for at, time in zip(range(own.start, own.stop), times, strict=True)
    )


def _number(harm: int, first: int) -> int | None:
    return None if harm == NO_HARM else harm - first


def _alert(town: KnownTown, alert: Alerted) -> AlertRecord:
    policy = town.parameters.policy
    start = alert.at + policy.starts_days
    time, since, until = _times(town, np.array([alert.at, start, start + policy.lasts_days]))
    identifier = identifier_of(alert.person, alert.key)
    return AlertRecord(time=time, identifier=identifier, helps_from=since, helps_until=until)


def _surges(town: KnownTown) -> Iterator[SurgeRecord]:
    rows = _originals(town, Part.SURGE)
    for number, surge in enumerate(town.surges):
        yield SurgeRecord(
            kind=surge.kind.value,
            place=surge.place,
            level=surge.level.value,
            shape=surge.shape.value,
            first_day=town.parameters.town.start + timedelta(days=surge.first_day),
            daily=surge.daily,
            k=surge.k,
            usual=surge.usual,
            events=tuple(event_ids(rows[rows["mark"] == number], town.ground)),
        )


def _silences(town: KnownTown) -> Iterator[SilenceRecord]:
    silences, names = town.silences, source_names(town.ground)
    since, until = _times(town, silences.start), _times(town, silences.end)
    for source, start, end in zip(silences.source.tolist(), since, until, strict=True):
        yield SilenceRecord(source=names[source], since=start, until=end)
