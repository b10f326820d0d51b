"""What the tests of the API share: an empty store, once on SQLite and once on a real PostgreSQL.

Rules: what the store has a say in is tested on both; what it has none in (the edge, the documents)
on the embedded one alone.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from alerts.store.engine import open_engine
from alerts.store.migrating import migrate, open_store
from tests.api.serving import made_store
from tests.postgres import Postgres, postgres  # noqa: F401  # a fixture for these tests

DATABASES = ("sqlite", "postgresql")


def _store(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = made_store(factory.mktemp("store"))
        yield engine
        engine.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.create()
    bare = open_engine(url)
    migrate(bare)
    bare.dispose()
    engine = open_store(url)
    yield engine
    engine.dispose()
    server.drop(url)


@pytest.fixture(params=DATABASES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An empty store, once of each kind."""
    yield from _store(request, tmp_path_factory)


@pytest.fixture(scope="module", params=DATABASES)
def module_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An empty store that a module shares, once of each kind."""
    yield from _store(request, tmp_path_factory)
