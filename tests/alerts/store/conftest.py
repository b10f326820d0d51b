"""The contract suite of the store runs against SQLite and a real PostgreSQL alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.store.engine import open_engine
from alerts.store.migrating import migrate, open_store
from tests.postgres import Postgres, postgres  # noqa: F401  # a fixture for these tests


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """A store with its tables."""
    made = open_engine(store_url)
    migrate(made)
    made.dispose()
    opened = open_store(store_url)
    yield opened
    opened.dispose()
