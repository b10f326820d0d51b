"""What is deleted when it is old: in small batches, so that nobody waits for it.

Rules: an open alert is never deleted, whatever its age, nor one whose decision is not on the log
yet. Own decisions and their audit are kept longest. Every bound is configuration, in days.
"""

from collections import Counter
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta
from sqlalchemy import ColumnElement, Engine, Table, delete, func, select

from alerts.store.engine import reading_on, unhurried, upsert_into, writing_on
from alerts.store.lifecycle import AlertState
from alerts.store.own_tables import ANSWERS, AUDIT, META, OUTBOX, TRANSITIONS
from alerts.store.reading import SEQUENCE_FLOOR
from alerts.store.tables import (
    ALERTS,
    AREA_DAYS,
    ASSESSMENTS,
    CHANGES,
    EVENTS,
    POISONED,
    REVISIONS,
    SERVICE_CLOCKS,
)
from schemas.areas import CANARY_CODE
from schemas.closed import Closed
from schemas.times import DAY_US, from_us

ROWS_MAX = 1_000
"""How many rows one transaction deletes."""
Days = Annotated[int, Meta(ge=1, le=36_600)]
Progress = Callable[[str, int], None]


class Retention(Closed, frozen=True):
    """How many days each table keeps."""

    alerts_days: Days = 730
    events_days: Days = 180
    assessments_days: Days = 180
    area_days: Days = 1_460
    service_clocks_days: Days = 400
    canary_days: Days = 2
    changes_days: Days = 7
    poisoned_days: Days = 30
    outbox_days: Days = 30
    audit_days: Days = 3_650


def retain(
    engine: Engine, rules: Retention, now_us: int, progress: Progress | None = None
) -> Counter[str]:
    """Delete what is older than the rules say; return how many rows of each table went.

    Safe to stop and run again at any time. Raises StoreError.
    """
    gone: Counter[str] = Counter()

    def before(days: int) -> int:
        return now_us - days * DAY_US

    old = (
        (EVENTS, EVENTS.c.ingest_us < before(rules.events_days)),
        (ASSESSMENTS, ASSESSMENTS.c.at_us < before(rules.assessments_days)),
        (AREA_DAYS, AREA_DAYS.c.day < _day(before(rules.area_days))),
        (SERVICE_CLOCKS, SERVICE_CLOCKS.c.updated_us < before(rules.service_clocks_days)),
        (
            SERVICE_CLOCKS,
            (SERVICE_CLOCKS.c.area == CANARY_CODE)
            & (SERVICE_CLOCKS.c.updated_us < before(rules.canary_days)),
        ),
        (POISONED, POISONED.c.at_us < before(rules.poisoned_days)),
        (ANSWERS, ANSWERS.c.expires_us < now_us),
        (OUTBOX, OUTBOX.c.sent_us < before(rules.outbox_days)),
        (AUDIT, AUDIT.c.at_us < before(rules.audit_days)),
    )
    for table, which in old:
        while deleted := _some(engine, table, which):
            gone[table.name] += deleted
            if progress is not None:
                progress(table.name, gone[table.name])
    while deleted := _some_alerts(engine, before(rules.alerts_days)):
        gone["alerts"] += deleted
        if progress is not None:
            progress("alerts", gone["alerts"])
    while deleted := _some_changes(engine, before(rules.changes_days)):
        gone["changes"] += deleted
    return gone


def newest_us(engine: Engine, now_us: int) -> int:
    """Return when the newest report came in, at most `now_us`: the present of a historical feed."""
    with reading_on(engine) as connection:
        newest = connection.execute(select(func.max(EVENTS.c.ingest_us))).scalar()
    return now_us if newest is None else min(int(newest), now_us)


def _day(at_us: int) -> int:
    return from_us(max(at_us, 0)).toordinal()


def _some(engine: Engine, table: Table, which: ColumnElement[bool]) -> int:
    """Delete some rows by primary key, in one short transaction."""
    keys = list(table.primary_key.columns)
    with writing_on(engine) as connection:
        unhurried(connection)
        found = connection.execute(select(*keys).where(which).limit(ROWS_MAX)).all()
        for row in found:
            same = (key == value for key, value in zip(keys, row, strict=True))
            connection.execute(delete(table).where(*same))
    return len(found)


def _some_alerts(engine: Engine, before_us: int) -> int:
    """Delete some alerts with their revisions and decisions; never what is open or waits."""
    open_or_waiting = (AlertState.NEW, AlertState.ACKNOWLEDGED, AlertState.SUPERSEDED)
    unsent = (
        select(TRANSITIONS.c.transition_id)
        .join(OUTBOX, OUTBOX.c.transition_id == TRANSITIONS.c.transition_id)
        .where(TRANSITIONS.c.alert_id == ALERTS.c.alert_id, OUTBOX.c.sent_us.is_(None))
        .exists()
    )
    with writing_on(engine) as connection:
        unhurried(connection)
        found = connection.execute(
            select(ALERTS.c.alert_id)
            .where(
                ALERTS.c.opened_us < before_us,
                ALERTS.c.updated_us < before_us,
                ALERTS.c.state.notin_([state.value for state in open_or_waiting]),
                ~unsent,
            )
            .limit(ROWS_MAX // 2)
        ).scalars().all()  # fmt: skip
        for table in (REVISIONS, TRANSITIONS, ALERTS):
            if found:
                connection.execute(delete(table).where(table.c.alert_id.in_(found)))
    return len(found)


def _some_changes(engine: Engine, before_us: int) -> int:
    """Delete the oldest changes, and note up to where they are gone."""
    with writing_on(engine) as connection:
        unhurried(connection)
        oldest = select(CHANGES.c.sequence, CHANGES.c.at_us).order_by(CHANGES.c.sequence)
        found = connection.execute(oldest.limit(ROWS_MAX)).all()
        # In the order of sequence, up to the first that is young: what is kept has no gaps.
        last = 0
        for row in found:
            if row.at_us >= before_us:
                break
            last = row.sequence
        if not last:
            return 0
        gone = connection.execute(delete(CHANGES).where(CHANGES.c.sequence <= last)).rowcount
        floor = upsert_into(META, connection).values(name=SEQUENCE_FLOOR, value=str(last))
        connection.execute(
            floor.on_conflict_do_update(index_elements=["name"], set_={"value": str(last)})
        )
    return int(gone)
