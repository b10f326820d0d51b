"""Records off the topics into the projected tables: idempotent, in batches.

Rules: everything one call takes is written in its caller's transaction, together with the offsets
that come after it. A record read twice changes nothing. A report is counted per area once, when it
first comes off the area log. Deciding which alert is open is in `alert_rows.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection, func, or_, select

from alerts.store.alert_rows import AlertRows
from alerts.store.engine import meta_of, upsert_into
from alerts.store.lifecycle import HandlingLimits
from alerts.store.own_tables import META
from alerts.store.places import area_rows, line_of
from alerts.store.plain_rows import (
    DayKey,
    assessment_row,
    event_row,
    judged_day,
    write_clocks,
    write_models,
    write_moves,
)
from alerts.store.reading import SEQUENCE
from alerts.store.tables import (
    AREA_DAYS,
    AREAS,
    ASSESSMENTS,
    CHANGES,
    EVENTS,
    OFFSETS,
    POISONED,
)
from alerts.store.told import Place, PutAside, Told, in_parts
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.outcomes import Alert, Assessment, ModelSnapshot, ServiceClock
from schemas.records import Activation, AreaSignal, HistoryMove, PersonSignal
from schemas.taxonomy import Origin
from schemas.times import local_day

Row = dict[str, Any]
T = TypeVar("T", bound=Closed)
Change = tuple[str, int, str, int]


class Writer:
    """Writes what it is told on a connection inside a transaction."""

    def __init__(self, directory: Directory, limits: HandlingLimits, *, feed: bool = True) -> None:
        """`feed` says whether changes are told to those who follow (not while rebuilding)."""
        self.directory = directory
        self.limits = limits
        self._feed = feed
        self._lines: dict[str, dict[str, str]] = {}
        self._known: set[str] = set()

    def forget(self) -> None:
        """Forget which areas are in the store, as after a transaction that was undone."""
        self._known.clear()

    def write(self, connection: Connection, told: Sequence[Told]) -> Counter[str]:
        """Write records; return how many went to each table."""
        alerts, assessments = _of(told, Alert), _of(told, Assessment)
        signals = [one for one, _ in _of(told, PersonSignal)]
        counted = [one for one, _ in _of(told, AreaSignal)]
        areas = {alert.area for alert, _ in alerts}
        areas.update(one.area for one in signals)
        areas.update(one.area for one in counted)
        self._areas(connection, areas)
        clocks = [one for one, _ in _of(told, ServiceClock)]
        snapshots = [one for one, _ in _of(told, ModelSnapshot)]
        activations = [one for one, _ in _of(told, Activation)]
        rows = Counter(
            alerts=self._alerts(connection, alerts),
            events=self._events(connection, signals, counted),
            assessments=_assessments(connection, assessments),
            service_clocks=write_clocks(connection, clocks),
            models=write_models(connection, snapshots, activations),
            moves=write_moves(connection, [one for one, _ in _of(told, HistoryMove)]),
        )
        return +rows

    def relate(self, connection: Connection, alert_ids: Iterable[str]) -> None:
        """Work out again which alerts of these alerts' groups are open, after a decision."""
        rows = AlertRows(connection, self.limits)
        rows.load(alert_ids)
        rows.write()

    def _line(self, code: str) -> dict[str, str]:
        if code not in self._lines:
            self._lines[code] = line_of(code, self.directory)
        return self._lines[code]

    def _areas(self, connection: Connection, codes: set[str]) -> None:
        new = codes - self._known
        rows = area_rows(new, self.directory)
        if rows:
            insert = upsert_into(AREAS, connection).on_conflict_do_nothing()
            connection.execute(insert, rows)
        self._known |= new

    def _alerts(self, connection: Connection, alerts: Sequence[tuple[Alert, bytes]]) -> int:
        if not alerts:
            return 0
        rows = AlertRows(connection, self.limits)
        rows.load(alert.alert_id for alert, _ in alerts)
        for alert, body in alerts:
            rows.take(alert, body, self._line(alert.area))
        written = rows.write()
        if self._feed:
            feed(connection, rows.changes)
        return written

    def _events(
        self,
        connection: Connection,
        signals: Sequence[PersonSignal],
        counted: Sequence[AreaSignal],
    ) -> int:
        rows: dict[str, Row] = {}
        both: list[PersonSignal | AreaSignal] = [*counted, *signals]
        for signal in both:
            row = rows.setdefault(signal.signal_id, event_row(signal))
            if isinstance(signal, PersonSignal):
                row["person"], row["channel"] = signal.person, signal.channel.value
        if not rows:
            return 0
        self._count(connection, counted)
        insert = upsert_into(EVENTS, connection)
        merged = {
            "person": func.coalesce(EVENTS.c.person, insert.excluded.person),
            "channel": func.coalesce(EVENTS.c.channel, insert.excluded.channel),
            "counted": or_(EVENTS.c.counted, insert.excluded.counted),
        }
        connection.execute(
            insert.on_conflict_do_update(index_elements=["signal_id"], set_=merged),
            list(rows.values()),
        )
        return len(rows)

    def _count(self, connection: Connection, signals: Sequence[AreaSignal]) -> None:
        """Count reports that were not counted before, in their area and all above it."""
        new = {signal.signal_id: signal for signal in signals if signal.origin is not Origin.VISIT}
        for part in in_parts(list(new)):
            asked = select(EVENTS.c.signal_id).where(EVENTS.c.signal_id.in_(part), EVENTS.c.counted)
            for before in connection.execute(asked).scalars():
                del new[before]
        days: Counter[tuple[str, str, int]] = Counter()
        for signal in new.values():
            day = local_day(signal.time_us, self.directory.time_zone)
            for area in self._line(signal.area).values():
                days[area, signal.kind.value, day] += 1
        if not days:
            return
        insert = upsert_into(AREA_DAYS, connection)
        more = {"reports": AREA_DAYS.c.reports + insert.excluded.reports}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["area", "kind", "day"], set_=more),
            [
                {"area": area, "kind": kind, "day": day, "reports": reports}
                for (area, kind, day), reports in days.items()
            ],
        )


def _of(told: Sequence[Told], kind: type[T]) -> list[tuple[T, bytes]]:
    """Return the records of one type, in their order, with their bytes."""
    return [(one.record, one.value) for one in told if isinstance(one.record, kind)]


def _assessments(connection: Connection, told: Sequence[tuple[Assessment, bytes]]) -> int:
    rows: dict[tuple[str, str], Row] = {}
    judged: dict[DayKey, Row] = {}
    for one, body in told:
        rows[one.scope.value, one.assessment_id] = assessment_row(one, body)
        day = judged_day(one)
        if day is not None and day[1]["judged_us"] >= judged.get(*day)["judged_us"]:
            judged[day[0]] = day[1]
    if rows:
        insert = upsert_into(ASSESSMENTS, connection).on_conflict_do_nothing()
        connection.execute(insert, list(rows.values()))
    if judged:
        insert = upsert_into(AREA_DAYS, connection)
        said = ("incidents", "expected", "bound", "level", "alert_id", "judged_us")
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["area", "kind", "day"],
                set_={name: insert.excluded[name] for name in said},
                where=or_(
                    AREA_DAYS.c.judged_us.is_(None),
                    AREA_DAYS.c.judged_us <= insert.excluded.judged_us,
                ),
            ),
            list(judged.values()),
        )
    return len(rows)


def feed(connection: Connection, changes: Sequence[Change]) -> None:
    """Append to what those who follow are told; only the one projector may."""
    if not changes:
        return
    last = int(meta_of(connection, SEQUENCE) or 0)
    connection.execute(
        CHANGES.insert(),
        [
            {"sequence": number, "alert_id": one[0], "revision": one[1], "what": one[2],
             "at_us": one[3]}
            for number, one in enumerate(changes, start=last + 1)
        ],
    )  # fmt: skip
    set_meta(connection, SEQUENCE, str(last + len(changes)))


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Have the store remember something about itself."""
    insert = upsert_into(META, connection).values(name=name, value=value)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def set_offsets(connection: Connection, offsets: dict[Place, int]) -> None:
    """Note which offset of each partition is read next."""
    if not offsets:
        return
    insert = upsert_into(OFFSETS, connection)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["topic", "partition"],
            set_={"next_offset": insert.excluded.next_offset},
        ),
        [
            {"topic": topic, "partition": partition, "next_offset": offset}
            for (topic, partition), offset in offsets.items()
        ],
    )


def put_aside(connection: Connection, poisoned: Sequence[PutAside]) -> None:
    """Note records that could not be taken: where, why, how large, and their digest."""
    if not poisoned:
        return
    connection.execute(
        upsert_into(POISONED, connection).on_conflict_do_nothing(),
        [
            {
                "topic": one.topic,
                "partition": one.partition,
                "record_offset": one.offset,
                "reason": one.reason,
                "bytes": len(one.value),
                "sha256": sha256(one.value).hexdigest(),
                "at_us": one.at_us,
            }
            for one in poisoned
        ],
    )
