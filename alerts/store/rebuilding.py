"""Emptying what is projected, so that it can be read again; and what a store must look like.

Rules: our own decisions stay. Whoever follows the changes is told that some were lost, and reads
the list again. Both happen under the projector's lock.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, case, delete, func, select, text

from alerts.store.engine import is_sqlite, meta_of, reading_on, unhurried
from alerts.store.lifecycle import OPEN_STATES, AlertState
from alerts.store.own_tables import META, OUTBOX, OWN
from alerts.store.reading import SEQUENCE, SEQUENCE_FLOOR
from alerts.store.tables import ALERTS, PROJECTED, REVISIONS
from alerts.store.writing import set_meta

_DIRECTORY_PREFIX = "directory"
NAMES_MAX = 20


class Fault(NamedTuple):
    """Something that a sound store does not have."""

    what: str
    number: int
    examples: tuple[str, ...]


def empty_projected(connection: Connection) -> None:
    """Empty the projected tables and break the feed; our own tables stay as they are."""
    unhurried(connection)
    for table in PROJECTED:
        if is_sqlite(connection):
            connection.execute(delete(table))
        else:
            connection.execute(text(f"TRUNCATE {table.name}"))
    connection.execute(delete(META).where(META.c.name.startswith(_DIRECTORY_PREFIX)))
    break_feed(connection)


def break_feed(connection: Connection) -> None:
    """Tell whoever follows the changes to read the list again."""
    after = str(int(meta_of(connection, SEQUENCE) or 0) + 1)
    set_meta(connection, SEQUENCE, after)
    set_meta(connection, SEQUENCE_FLOOR, after)


def counts(engine: Engine) -> dict[str, int]:
    """Return how many rows each table holds. Raises StoreError."""
    with reading_on(engine) as connection:
        unhurried(connection)
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (*PROJECTED, *OWN)
        }


def outbox_age_us(engine: Engine, now_us: int) -> int:
    """Return how long the oldest decision waits to be put on a log, 0 where none does."""
    oldest = select(func.min(OUTBOX.c.created_us)).where(OUTBOX.c.sent_us.is_(None))
    with reading_on(engine) as connection:
        created_us = connection.execute(oldest).scalar()
    return 0 if created_us is None else max(0, now_us - int(created_us))


def faults(engine: Engine) -> list[Fault]:
    """Return what is wrong with a store, nothing where it is sound. Raises StoreError."""
    found = []
    with reading_on(engine) as connection:
        unhurried(connection)
        if is_sqlite(connection):
            said = [row[0] for row in connection.execute(text("PRAGMA integrity_check(20)"))]
            if said != ["ok"]:
                found.append(Fault("damage in the file", len(said), tuple(said[:NAMES_MAX])))
        for what, asked in _questions():
            ids = [str(row[0]) for row in connection.execute(asked.limit(1_000))]
            if ids:
                found.append(Fault(what, len(ids), tuple(ids[:NAMES_MAX])))
    return found


def _questions() -> tuple[tuple[str, Select[Any]], ...]:
    waiting = [*(state.value for state in OPEN_STATES), AlertState.SUPERSEDED.value]
    holders = func.sum(case((ALERTS.c.open, 1), else_=0))
    newest = (REVISIONS.c.alert_id == ALERTS.c.alert_id) & (
        REVISIONS.c.revision == ALERTS.c.revision
    )
    return (
        (
            "subjects whose alerts wait, and none is open",
            select(func.min(ALERTS.c.alert_id))
            .where(ALERTS.c.state.in_(waiting))
            .group_by(ALERTS.c.scope, ALERTS.c.subject, ALERTS.c.kind)
            .having(holders != 1),
        ),
        (
            "open alerts without a deadline, or closed ones with one",
            select(ALERTS.c.alert_id).where(ALERTS.c.open == ALERTS.c.due_us.is_(None)),
        ),
        (
            "alerts without their newest revision",
            select(ALERTS.c.alert_id)
            .outerjoin(REVISIONS, newest)
            .where(REVISIONS.c.alert_id.is_(None)),
        ),
    )
