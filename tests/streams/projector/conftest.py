"""The projector's tests run against SQLite and a real PostgreSQL, beside a real broker."""

from tests.alerts.store.conftest import engine, store_url  # noqa: F401  # fixtures for these tests
from tests.postgres import postgres  # noqa: F401  # as above
