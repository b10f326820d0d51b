"""Records into rows where one record is one row: reports, assessments, clocks, models, moves.

Rules: pure but for the writing functions, which take a connection inside a transaction; of two
records about the same thing the newer one stands, in whatever order they come.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, update

from alerts.store.engine import upsert_into
from alerts.store.tables import ASSESSMENTS, EVENTS, MODELS, SERVICE_CLOCKS
from schemas.outcomes import Assessment, ModelSnapshot, ServiceClock
from schemas.records import Activation, AreaSignal, HistoryMove, PersonSignal
from schemas.taxonomy import Scope, sign_mask
from schemas.times import from_us, to_us

Row = dict[str, Any]
DayKey = tuple[str, str, int]


def event_row(signal: PersonSignal | AreaSignal) -> Row:
    """Return a report's row; the location of an incident stays out of it.

    Raises OverflowError for an instant that no calendar has.
    """
    from_us(signal.time_us)
    from_us(signal.ingest_us)
    of_person = isinstance(signal, PersonSignal)
    return {
        "signal_id": signal.signal_id,
        "feed": signal.feed.value,
        "kind": signal.kind.value,
        "purpose": signal.purpose.value,
        "origin": signal.origin.value,
        "channel": signal.channel.value if isinstance(signal, PersonSignal) else None,
        "severity": signal.severity,
        "signs": sign_mask(signal.signs),
        "area": signal.area,
        "person": signal.person if isinstance(signal, PersonSignal) else None,
        "time_us": signal.time_us,
        "ingest_us": signal.ingest_us,
        "counted": not of_person,
    }


def assessment_row(one: Assessment, body: bytes) -> Row:
    """Return an assessment's row."""
    return {
        "scope": one.scope.value,
        "assessment_id": one.assessment_id,
        "subject": one.subject,
        "kind": one.kind.value,
        "area": one.area,
        "at_us": to_us(one.at),
        "decision": one.decision,
        "level": one.level.value if one.level else None,
        "probability": one.probability,
        "alert_id": one.alert_id,
        "body": body,
    }


def judged_day(one: Assessment) -> tuple[DayKey, Row] | None:
    """Return what an assessment of a surge says of its day, None for any other.

    Raises ValueError for a day that is none.
    """
    if one.scope is not Scope.AREA or one.surge is None:
        return None
    day = date.fromisoformat(one.surge.day).toordinal()
    key = (one.subject, one.kind.value, day)
    return key, {
        "area": key[0],
        "kind": key[1],
        "day": day,
        "reports": 0,
        "incidents": one.surge.count,
        "expected": one.surge.expected,
        "bound": one.surge.limit,
        "level": one.level.value if one.level else None,
        "alert_id": one.alert_id,
        "judged_us": to_us(one.at),
    }


def write_clocks(connection: Connection, clocks: Sequence[ServiceClock]) -> int:
    """Write service clocks without their return address."""
    rows = [
        {
            "receipt": clock.receipt,
            "state": clock.state.value,
            "purpose": clock.purpose.value,
            "kind": clock.kind.value,
            "area": clock.area,
            "opened_us": to_us(clock.opened),
            "due_us": to_us(clock.due),
            "updated_us": to_us(clock.updated),
        }
        for clock in clocks
    ]
    if rows:
        insert = upsert_into(SERVICE_CLOCKS, connection)
        newer = {name: insert.excluded[name] for name in ("state", "due_us", "updated_us")}
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["receipt"],
                set_=newer,
                where=SERVICE_CLOCKS.c.updated_us <= insert.excluded.updated_us,
            ),
            rows,
        )
    return len(rows)


def write_models(
    connection: Connection, snapshots: Sequence[ModelSnapshot], activations: Sequence[Activation]
) -> int:
    """Write which versions there are, and when each was last activated."""
    for at_us in (*(s.ingest_us for s in snapshots), *(a.ingest_us for a in activations)):
        from_us(at_us)  # OverflowError for an instant that no calendar has
    published = [
        {
            "model_version": one.model_version,
            "epoch": one.epoch,
            "digest": one.digest,
            "bytes": len(one.body),
            "published_us": one.ingest_us,
        }
        for one in snapshots
    ]
    if published:
        insert = upsert_into(MODELS, connection)
        told = {name: insert.excluded[name] for name in published[0] if name != "model_version"}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["model_version"], set_=told), published
        )
    activated = [
        {"model_version": one.version, "epoch": one.epoch, "activated_us": one.ingest_us}
        for one in activations
    ]
    if activated:
        insert = upsert_into(MODELS, connection)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["model_version"],
                set_={"activated_us": insert.excluded.activated_us},
                where=or_(
                    MODELS.c.activated_us.is_(None),
                    MODELS.c.activated_us < insert.excluded.activated_us,
                ),
            ),
            activated,
        )
    return len(published) + len({one["model_version"] for one in activated})


def write_moves(connection: Connection, moves: Sequence[HistoryMove]) -> int:
    """Let reports and assessments follow a history that moved to another person key."""
    for move in moves:
        for table, column in ((EVENTS, EVENTS.c.person), (ASSESSMENTS, ASSESSMENTS.c.subject)):
            connection.execute(update(table).where(column == move.person).values({column: move.to}))
    return len(moves)
