"""What tests of the store share: records made short, and telling them to a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from alerts.store.engine import reading_on
from alerts.store.lifecycle import HandlingLimits
from alerts.store.projection import Projection
from alerts.store.tables import ALERTS
from alerts.store.told import PutAside, Told
from alerts.store.writing import Writer
from schemas.areas import Directory
from schemas.closed import Closed, Text
from schemas.codec import encode
from schemas.outcomes import Alert, Assessment, Change, Evidence, Surge
from schemas.taxonomy import Kind, Level, Origin, Purpose, Scope
from schemas.times import HOUR_US, from_us
from tests.builders import NOW_US, PERSON, signal_id

GRID = "440703101002003"
OTHER_GRID = "440705101002003"
PREFIXES = Directory()


def alert_id(number: int) -> str:
    return f"{number:032x}"


def at(hours: float) -> datetime:
    """So many hours after the tests' now."""
    return from_us(NOW_US + int(hours * HOUR_US))


def alert(
    number: int = 1,
    revision: int = 1,
    change: Change = Change.OPENED,
    *,
    level: Level = Level.YELLOW,
    scope: Scope = Scope.PERSON,
    subject: str = PERSON,
    kind: Kind = Kind.FAMILY_DISPUTE,
    area: str = GRID,
    opened_h: float = 0,
    updated_h: float | None = None,
    open_: bool = True,
    merged_into: str | None = None,
    evidence: Sequence[int] = (1,),
) -> Alert:
    return Alert(
        alert_id=alert_id(number),
        revision=revision,
        change=change,
        scope=scope,
        subject=subject,
        kind=kind,
        level=level,
        area=area,
        opened=at(opened_h),
        updated=at(opened_h + revision - 1 if updated_h is None else updated_h),
        headline=Text(en=f"alert {number}", zh=f"预警{number}"),
        evidence=tuple(
            Evidence(
                signal_id(one), at(opened_h), kind, Purpose.HARM_REPORT, Origin.REPORTED, 2, ()
            )
            for one in evidence
        ),
        reasons=(),
        open=open_,
        merged_into=merged_into,
    )


def surge_assessment(
    day: str, count: int, *, area: str = "440703", hours: float = 0, level: Level = Level.ORANGE
) -> Assessment:
    return Assessment(
        f"{day}-{hours}",
        Scope.AREA,
        area,
        Kind.FAMILY_DISPUTE,
        area,
        at(hours),
        "surge",
        level,
        alert_id=alert_id(77),
        surge=Surge(day, count, 2.5, 6.0, ("ears_c1", "nb_cusum")),
    )


def told_as(topic: str, records: Sequence[Closed], *, first: int = 0) -> list[Told]:
    """Records as they would come off partition 0 of a topic."""
    return [
        Told(topic, 0, first + number, NOW_US, encode(record), record)
        for number, record in enumerate(records)
    ]


def tell(
    engine: Engine,
    *records: Closed,
    directory: Directory = PREFIXES,
    limits: HandlingLimits | None = None,
    feed: bool = True,
) -> list[PutAside]:
    """Tell a store some records, in one transaction; return what was put aside."""
    writer = Writer(directory, limits or HandlingLimits(), feed=feed)
    with Projection(engine, writer) as projection:
        _, aside = projection.write(told_as("topic", records), [], {})
    return aside


def relayed(engine: Engine, directory: Directory = PREFIXES) -> list[bytes]:
    """Mark what waits in the outbox as sent, as the relay does, and return it."""
    with Projection(engine, Writer(directory, HandlingLimits())) as projection:
        waiting = projection.waiting(100)
        projection.sent(waiting, NOW_US)
    return [one.body for one in waiting]


def rows_of(engine: Engine, table: Any = ALERTS) -> list[dict[str, Any]]:
    """All rows of a table, in the order of its key."""
    with reading_on(engine) as connection:
        asked = select(table).order_by(*table.primary_key.columns)
        return [dict(row) for row in connection.execute(asked).mappings()]


def states_of(engine: Engine) -> dict[str, str]:
    """How each alert stands, open ones with an asterisk, by their number."""
    return {
        str(int(row["alert_id"], 16)): row["state"] + ("*" if row["open"] else "")
        for row in rows_of(engine)
    }
