"""Bringing the store's tables up to this code: Alembic, from inside.

Rules: every change of a table is a revision under `migrations/`; a test holds what they add up to
against the tables as data. The embedded store is brought up to date when it is opened; PostgreSQL
is not touched but by `forewarn store migrate`, as several processes share it.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from alerts.store.engine import UnfitError, is_sqlite, open_engine, reading_on, writing_on
from alerts.store.own_tables import META

NAMESPACE = "namespace"
_OWNER_ONLY = 0o600


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def newest_version() -> str:
    """Return the version of the tables that this code reads."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise UnfitError("this installation has no migrations of the store: install it again")
    return head


def version_of(engine: Engine) -> str | None:
    """Return the version of the tables there are, None for an empty database."""
    with reading_on(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the tables up to date, in one transaction. Return the versions before and after."""
    if is_sqlite(engine):
        _make_file(Path(engine.url.database or ""))
    before = version_of(engine)
    newest = newest_version()
    _refuse_newer(before, newest)
    if before != newest:
        config = _config()
        with writing_on(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before, newest


def open_store(url: str, namespace: str = "", *, connections_max: int = 20) -> Engine:
    """Return the engine of a store that fits this code and namespace.

    Raises UnfitError where it does not, StoreError where it is away. An embedded store is made
    where there is none, for its owner alone to read. A store is of one namespace, told on first
    use: two would overwrite each other's offsets.
    """
    engine = open_engine(url, connections_max=connections_max)
    try:
        _fit(engine, namespace)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _fit(engine: Engine, namespace: str) -> None:
    if is_sqlite(engine):
        migrate(engine)
    found, newest = version_of(engine), newest_version()
    _refuse_newer(found, newest)
    if found != newest:
        raise UnfitError(
            f"the store has version {found or 'none'}, this code reads {newest}: "
            "forewarn store migrate"
        )
    with writing_on(engine) as connection:
        whose = connection.execute(META.select().where(META.c.name == NAMESPACE)).one_or_none()
        if whose is None:
            connection.execute(META.insert().values(name=NAMESPACE, value=namespace))
        elif whose.value != namespace:
            raise UnfitError(
                f"this store is of the namespace {whose.value!r}, not {namespace!r}: name another "
                "store, or the namespace it is of"
            )


def _refuse_newer(found: str | None, newest: str) -> None:
    if found is not None and found > newest:
        raise UnfitError(f"the store has version {found}, this code reads {newest}: run newer code")


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=_OWNER_ONLY, exist_ok=True)
    except OSError as error:
        raise UnfitError(f"no store can be made there: {error.strerror}") from error
