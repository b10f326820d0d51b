"""How the database is reached: SQLite in one file (WAL), or PostgreSQL, by URL.

Rules: every wait has a bound. A transaction that will write says so before it reads
(`writing_on`): SQLite would otherwise refuse it in its middle. A commit is on the disk when it
returns, on both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from alerts.store.own_tables import META

CONNECTIONS_MAX = 20
WAIT_S_MAX = 10
"""How long a connection, a lock or a statement is waited for."""
_WRITING = "forewarn_writing"
_SQLITE = "sqlite"


class StoreError(Exception):
    """The store cannot be used; the message says what to do."""


class UnfitError(StoreError):
    """The store is another one than is needed: waiting does not help."""


def open_engine(
    url: str, *, connections_max: int = CONNECTIONS_MAX, statement_s_max: int = WAIT_S_MAX
) -> Engine:
    """Return the engine for a URL; StoreError for one that is none of ours. Opens no connection.

    `sqlite:///FILE` or `postgresql+psycopg://USER@HOST/NAME` (also `postgresql://`).
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnfitError(
            "the store's URL cannot be read: sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    kind = parsed.get_backend_name()
    if kind not in {_SQLITE, "postgresql"} or (kind == _SQLITE and not parsed.database):
        raise UnfitError(
            f"no store is kept in {kind!r} so: sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    arguments: dict[str, Any] = (
        {"timeout": WAIT_S_MAX, "check_same_thread": False}
        if kind == _SQLITE
        else {
            "connect_timeout": WAIT_S_MAX,
            "options": f"-c statement_timeout={statement_s_max}s -c lock_timeout={WAIT_S_MAX}s",
        }
    )
    try:
        engine = create_engine(
            parsed,
            connect_args=arguments,
            pool_size=connections_max,
            max_overflow=0,
            pool_timeout=WAIT_S_MAX,
            pool_pre_ping=kind != _SQLITE,
        )
    except (NoSuchModuleError, SQLAlchemyError) as error:
        raise UnfitError(f"the store's URL cannot be used: {error}") from error
    if kind == _SQLITE:
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begins)
    return engine


def is_sqlite(engine: Engine | Connection) -> bool:
    """Say whether this is the embedded store."""
    return engine.dialect.name == _SQLITE


def _sqlite_connected(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own accord
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",
        "mmap_size=268435456",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begins(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading_on(engine: Engine) -> Iterator[Connection]:
    """Run a transaction that only reads; StoreError where the database is away."""
    with said_plainly(), engine.connect() as connection:
        yield connection


@contextmanager
def writing_on(engine: Engine) -> Iterator[Connection]:
    """Run a transaction that writes; committed when the block ends well, else undone."""
    with said_plainly(), engine.connect() as connection, begun_on(connection):
        yield connection


@contextmanager
def begun_on(connection: Connection) -> Iterator[None]:
    """Run a transaction that writes on a connection; as `writing_on`."""
    connection.execution_options(**{_WRITING: True})
    with said_plainly(), connection.begin():
        yield


@contextmanager
def looking_on(connection: Connection) -> Iterator[None]:
    """Run a transaction that only reads on a connection that may write at other times."""
    connection.execution_options(**{_WRITING: False})
    with said_plainly(), connection.begin():
        yield


def unhurried(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they take: it keeps house."""
    if not is_sqlite(connection):
        connection.execute(text("SET LOCAL statement_timeout = 0"))


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what a driver says of a database that is away, full or old into a StoreError."""
    try:
        yield
    except DBAPIError as error:
        if is_of_the_record(error):
            raise
        raise StoreError(_advice(error)) from error
    except PoolTimeoutError as error:
        raise StoreError(
            f"all connections to the store were busy for {WAIT_S_MAX} s: ask again"
        ) from error


def is_of_the_record(error: BaseException) -> bool:
    """Say whether a failure is of what was to be written, and not of the database."""
    return isinstance(error, DataError | IntegrityError | ValueError | OverflowError)


def _advice(error: DBAPIError) -> str:
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason given"
    lowered = said.lower()
    if "no such table" in lowered or "no such column" in lowered or "does not exist" in lowered:
        return f"the store is not there or is of an older version ({said}): forewarn store migrate"
    if "full" in lowered or "no space" in lowered:
        return f"the store's disk is full ({said}): make room"
    if "locked" in lowered:
        return f"the store is locked by another writer for {WAIT_S_MAX} s ({said})"
    return f"the store cannot be used ({said}): is the database running, and the URL right?"


def answers(engine: Engine) -> bool:
    """Say whether the store answers at all (for a readiness check)."""
    try:
        with reading_on(engine) as connection:
            connection.execute(text("SELECT 1"))
    except StoreError:
        return False
    return True


def meta_of(connection: Connection, name: str) -> str | None:
    """Return what the store remembers about itself under a name."""
    return connection.execute(select(META.c.value).where(META.c.name == name)).scalar()


def upsert_into(table: Table, connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what to do about a row that is there already."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)
