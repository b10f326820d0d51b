"""The store's tables come from migrations, fit the code, and belong to one namespace."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from alerts.store.engine import StoreError, UnfitError, open_engine, reading_on, writing_on
from alerts.store.migrating import migrate, newest_version, open_store, version_of
from alerts.store.own_tables import OWN
from alerts.store.reading import Reading
from alerts.store.tables import METADATA, PROJECTED


def test_migrations_add_up_to_the_tables_as_data(engine: Engine) -> None:
    with reading_on(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert {table.name for table in (*PROJECTED, *OWN)} == set(METADATA.tables)


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    assert migrate(engine) == (newest_version(), newest_version())


def test_a_store_without_tables_says_what_to_do(store_url: str) -> None:
    bare = open_engine(store_url)
    with pytest.raises(StoreError, match="forewarn store migrate"):
        Reading(bare).sequence()
    assert version_of(bare) is None
    bare.dispose()
    if not store_url.startswith("sqlite"):
        with pytest.raises(UnfitError, match="forewarn store migrate"):
            open_store(store_url)


def test_a_store_of_newer_code_is_left_alone(engine: Engine, store_url: str) -> None:
    with writing_on(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnfitError, match="run newer code"):
        open_store(store_url)


def test_a_store_is_of_one_namespace(engine: Engine, store_url: str) -> None:
    with pytest.raises(UnfitError, match="namespace ''"):
        open_store(store_url, "town")


def test_an_embedded_store_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = open_store(f"sqlite:///{tmp_path}/new/folder/store.db")
    made.dispose()
    assert (tmp_path / "new/folder/store.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "sqlite://", "oracle://a"])
def test_a_url_that_is_none_of_ours_says_how_they_go(url: str) -> None:
    with pytest.raises(UnfitError, match="sqlite:///FILE"):
        open_engine(url)


def test_a_database_that_is_away_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is the database running"):
        open_store(f"postgresql://nobody@/none?host={tmp_path}")
