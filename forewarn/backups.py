"""Backups of the store: one file, whole or absent, and back again.

Rules: a backup is taken while everything runs. Only what is whole gets its name. A restore refuses
a store that holds something, unless it is told to replace it. Passwords of a database go to its
tools by the environment, never on a command line.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, inspect, make_url

from alerts.store.engine import is_sqlite, open_engine, said_plainly
from alerts.store.migrating import migrate

_PAGES = 4_096
_TOOL_S_MAX = 6 * 3_600
_OWNER_ONLY = 0o600


class BackupError(Exception):
    """A backup or restore that did not happen; the message says why and what to do."""


def back_up(engine: Engine, target: Path) -> int:
    """Write a backup of a store to a new file; return its size in bytes.

    Raises BackupError, StoreError.
    """
    if target.exists():
        raise BackupError(f"{target.name} is there already: name another file")
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        partial.touch(mode=_OWNER_ONLY)
        if is_sqlite(engine):
            _copy(Path(engine.url.database or ""), partial)
        else:
            _run(engine, "pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"no backup was made: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def restore(url: str, source: Path, *, replace: bool) -> tuple[str | None, str]:
    """Put a backup in the place of a store; return its version, and the one it was brought up to.

    Nothing else may use the store meanwhile. Raises BackupError, StoreError.
    """
    if not source.is_file():
        raise BackupError(f"{source.name} is no file")
    engine = open_engine(url)
    try:
        if is_sqlite(engine):
            _put_file(Path(engine.url.database or ""), source, replace=replace)
        else:
            _put_database(engine, source, replace=replace)
        return migrate(engine)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{source.name} cannot be restored: {error}") from error
    finally:
        engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """Copy an embedded store page by page, while it is written to."""
    if not source.is_file():
        raise BackupError("there is no store at that place")
    with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(target)) as copy:
        store.backup(copy, pages=_PAGES)
        _refuse_damaged(copy)


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise BackupError(f"the copy is damaged: {said}")


def _put_file(target: Path, source: Path, *, replace: bool) -> None:
    if target.exists() and target.stat().st_size and not replace:
        raise BackupError("there is a store at that place: --replace puts the backup in its stead")
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as backup:
        _refuse_damaged(backup)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copyfile(source, partial)
    partial.chmod(_OWNER_ONLY)
    # What the old store had not yet taken out of its log would be mixed into the new one.
    for rest in ("-wal", "-shm"):
        Path(f"{target}{rest}").unlink(missing_ok=True)
    partial.replace(target)


def _put_database(engine: Engine, source: Path, *, replace: bool) -> None:
    with said_plainly():
        there = inspect(engine).get_table_names()
    if there and not replace:
        raise BackupError("the database holds tables: --replace puts the backup in their stead")
    _run(
        engine, "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error",
        "--single-transaction", f"--dbname={_named(engine)}", str(source),
    )  # fmt: skip


def _named(engine: Engine) -> str:
    """Return the address of a database for PostgreSQL's own tools, without its password."""
    url = make_url(engine.url).set(drivername="postgresql", password=None)
    return url.render_as_string(hide_password=False)


def _run(engine: Engine, tool: str, *words: str) -> None:
    path = shutil.which(tool)
    if path is None:
        raise BackupError(f"{tool} is not there: install PostgreSQL's client programs")
    environment = dict(os.environ)
    if engine.url.password:
        environment["PGPASSWORD"] = str(engine.url.password)
    target = () if tool == "pg_restore" else (f"--dbname={_named(engine)}",)
    try:
        done = subprocess.run(  # noqa: S603  # PostgreSQL's own tool
            [path, *words, *target],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=_TOOL_S_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{tool} did not end in {_TOOL_S_MAX} s") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise BackupError(f"{tool} failed: {said[-1]}")
