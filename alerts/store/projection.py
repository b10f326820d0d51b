"""The one writer of the projected tables, and the relay's side of the outbox.

Rules: one projector a store, held by an advisory lock of the very connection that writes (a lost
connection is a lost lock, and nothing more is written on it), or by a lock on a file beside an
embedded store. Its transactions follow one another, so sequences come in order without gaps.
Records, offsets and what was put aside are one transaction: after a crash nothing is repeated that
would do harm. A record that the database refuses is put aside alone; the rest goes on.
"""

import fcntl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from alerts.store.directory import place_areas
from alerts.store.engine import (
    StoreError,
    begun_on,
    is_of_the_record,
    is_sqlite,
    looking_on,
    said_plainly,
)
from alerts.store.own_tables import OUTBOX, TRANSITIONS
from alerts.store.rebuilding import break_feed, empty_projected
from alerts.store.tables import OFFSETS
from alerts.store.told import Place, PutAside, Told
from alerts.store.writing import Change, Writer, feed, put_aside, set_offsets

_LOCK = 0x666F7265  # "fore"
_LOCK_WAIT_MS = 2_000
_LOCK_NOT_AVAILABLE = "55P03"
_REFUSALS = (DBAPIError, ValueError, OverflowError)


class BusyError(StoreError):
    """Another projector is at work on this store."""


class Waiting(NamedTuple):
    """One decision that waits to be put on a log: the encoded Transition."""

    outbox_id: int
    transition_id: str
    body: bytes
    created_us: int


class Projection:
    """A context manager that holds the lock; not for several threads at a time."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def __enter__(self) -> Self:
        """Take the lock. Raises BusyError, StoreError."""
        with said_plainly():
            self._connection: Connection = self._engine.connect()
        try:
            self._lock = self._locked()
            self._writer.forget()
            with self._writing() as connection:
                place_areas(connection, self._writer.directory)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self._close()

    def _close(self) -> None:
        # The session ends with its lock: the connection must not go back to the pool holding it.
        self._connection.invalidate()
        self._connection.close()
        lock = getattr(self, "_lock", None)
        if lock is not None:
            lock.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with begun_on(self._connection):
            yield self._connection

    def _locked(self) -> TextIO | None:
        if is_sqlite(self._engine):
            return _file_locked(self._engine)
        with self._writing() as connection:
            # A session that has just ended gives its lock back a moment later: wait that long.
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT_MS}ms'"))
            try:
                connection.execute(select(func.pg_advisory_lock(_LOCK)))
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                    raise
                raise BusyError(_busy()) from error
        return None

    def offsets(self) -> dict[Place, int]:
        """Return which offset of each partition is read next."""
        with looking_on(self._connection):
            rows = self._connection.execute(select(OFFSETS)).all()
        return {(row.topic, row.partition): row.next_offset for row in rows}

    def write(
        self, told: Sequence[Told], aside: Sequence[PutAside], offsets: dict[Place, int]
    ) -> tuple[Counter[str], list[PutAside]]:
        """Write records, what is put aside and the offsets after them, all or nothing.

        Returns how many rows went to each table, and all that was put aside. Raises StoreError.
        """
        try:
            with self._writing() as connection:
                rows = self._writer.write(connection, told)
                _note(connection, aside, offsets)
        except _REFUSALS as error:
            self._writer.forget()
            if not is_of_the_record(error):
                raise
            return self._write_singly(told, aside, offsets)
        except StoreError:
            self._writer.forget()
            raise
        return rows, list(aside)

    def _write_singly(
        self, told: Sequence[Told], aside: Sequence[PutAside], offsets: dict[Place, int]
    ) -> tuple[Counter[str], list[PutAside]]:
        """Write records one by one, and put aside those that the database refuses."""
        rows: Counter[str] = Counter()
        refused = list(aside)
        with self._writing() as connection:
            for one in told:
                try:
                    with connection.begin_nested():
                        rows += self._writer.write(connection, [one])
                except _REFUSALS as error:
                    self._writer.forget()
                    if not is_of_the_record(error):
                        raise
                    reason = f"the store refuses it ({type(error).__name__})"
                    refused.append(PutAside(*one[:4], value=one.value, reason=reason))
            _note(connection, refused, offsets)
        return rows, refused

    def empty(self) -> None:
        """Empty the projected tables, to be read again; our own stay."""
        with self._writing() as connection:
            empty_projected(connection)
            self._writer.forget()
            place_areas(connection, self._writer.directory)

    def broken_feed(self) -> None:
        """Tell whoever follows the changes to read the list again."""
        with self._writing() as connection:
            break_feed(connection)

    def waiting(self, limit: int) -> list[Waiting]:
        """Return decisions that are not on a log yet, oldest first."""
        asked = (
            select(OUTBOX.c.outbox_id, OUTBOX.c.transition_id, OUTBOX.c.body, OUTBOX.c.created_us)
            .where(OUTBOX.c.sent_us.is_(None))
            .order_by(OUTBOX.c.outbox_id)
            .limit(limit)
        )
        with looking_on(self._connection):
            return [Waiting(*row) for row in self._connection.execute(asked)]

    def sent(self, waiting: Sequence[Waiting], now_us: int) -> None:
        """Note that these are on their log, tell those who follow, and free what they closed."""
        ids = [one.outbox_id for one in waiting]
        decided = (
            select(TRANSITIONS)
            .where(TRANSITIONS.c.transition_id.in_([one.transition_id for one in waiting]))
            .order_by(TRANSITIONS.c.at_us, TRANSITIONS.c.transition_id)
        )
        with self._writing() as connection:
            connection.execute(
                update(OUTBOX).where(OUTBOX.c.outbox_id.in_(ids)).values(sent_us=now_us)
            )
            made = connection.execute(decided).all()
            self._writer.relate(connection, {row.alert_id for row in made})
            changes: list[Change] = [
                (row.alert_id, row.revision, row.action, row.at_us) for row in made
            ]
            feed(connection, changes)


def _note(connection: Connection, aside: Sequence[PutAside], offsets: dict[Place, int]) -> None:
    put_aside(connection, aside)
    set_offsets(connection, offsets)


def _busy() -> str:
    return "another projector is at work on this store: run one at a time"


def _file_locked(engine: Engine) -> TextIO:
    path = Path(f"{engine.url.database}.projector")
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"no lock can be made beside the store: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise BusyError(_busy()) from error
    return lock
