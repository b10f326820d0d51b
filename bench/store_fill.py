"""A store filled with alerts as a projector fills it, for measuring what is asked of it.

Rules: alerts are spread over two years and 14,000 grids of one city; one in thirty is open, most of
them young; records are made before the clock runs, and read and written while it does.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from alerts.store.engine import is_sqlite
from alerts.store.lifecycle import HandlingLimits
from alerts.store.projection import Projection
from alerts.store.writing import Writer
from bench.stopwatch import Stopwatch
from schemas.areas import Directory
from schemas.closed import Text
from schemas.codec import encode
from schemas.outcomes import Alert, Change, Evidence, Reason
from schemas.taxonomy import Kind, Level, Origin, Purpose, Scope, Sign, members_of
from schemas.times import DAY_US, from_us, to_us
from schemas.topics import ALERTS
from streams.cluster.reading import KeptRecord
from streams.projector.records import sorted_out

BATCH = 4_000
DAYS = 730
CITY = "4407"
_NOW_US = to_us(datetime(2026, 11, 1, tzinfo=UTC))
_OPEN_SHARE = 1 / 30
_LEVEL_SHARES = (0.05, 0.15, 0.4, 0.4)


def grid_of(chance: random.Random) -> str:
    """Return the code of one of 14,000 grids."""
    return (
        f"{CITY}{chance.randrange(1, 8):02}{chance.randrange(1, 11):03}"
        f"{chance.randrange(1, 11):03}{chance.randrange(1, 21):03}"
    )


def alert_of(number: int, alerts: int, chance: random.Random) -> Alert:
    """Return alert `number` of so many, the older the lower its number."""
    age_us = int(DAYS * DAY_US * (1 - number / alerts))
    opened = from_us(_NOW_US - age_us + chance.randrange(DAY_US))
    open_ = chance.random() < _OPEN_SHARE * (3 if age_us < 30 * DAY_US else 0.9)
    kind = chance.choice(members_of(Kind))
    level = chance.choices((Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE), _LEVEL_SHARES)[0]
    named = f"{chance.getrandbits(128):032x}"
    evidence = tuple(
        Evidence(
            f"{chance.getrandbits(128):032x}", opened, kind, Purpose.HARM_REPORT, Origin.REPORTED,
            2, (Sign.INJURY, Sign.CHILD_PRESENT),
        )
        for _ in range(3)
    )  # fmt: skip
    words = Text(en="three reports within a month, the last with injury", zh="一个月内三次报告")
    return Alert(
        alert_id=named,
        revision=1 if open_ else 3,
        change=Change.OPENED if open_ else Change.EXPIRED,
        scope=Scope.PERSON,
        subject=named,
        kind=kind,
        level=level,
        area=grid_of(chance),
        opened=opened,
        updated=opened,
        headline=words,
        evidence=evidence,
        reasons=(Reason("repeated_harm", level, words),),
        open=open_,
    )


def _batches(alerts: int, seed: int) -> Iterator[list[KeptRecord]]:
    chance = random.Random(seed)  # noqa: S311  # a made-up town, the same each time
    batch: list[KeptRecord] = []
    for number in range(alerts):
        body = encode(alert_of(number, alerts, chance))
        batch.append(KeptRecord(ALERTS.name, number % 12, number, 0, b"", body, ()))
        if len(batch) == BATCH or number == alerts - 1:
            yield batch
            batch = []


def fill(engine: Engine, alerts: int, *, seed: int = 1) -> Stopwatch:
    """Fill an empty store with so many alerts; return how long reading and writing took."""
    watch = Stopwatch()
    with Projection(engine, Writer(Directory(), HandlingLimits())) as projection:
        for batch in _batches(alerts, seed):
            with watch:
                found = sorted_out(batch)
                projection.write(found.told, found.aside, {(ALERTS.name, 0): batch[-1].offset + 1})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    if is_sqlite(engine):
        engine.dispose()
    return watch
