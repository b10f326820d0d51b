"""`forewarn store` and `forewarn tokens` as an operator meets them, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from alerts.store.engine import open_engine, writing_on
from alerts.store.migrating import migrate, open_store
from alerts.store.own_tables import TOKENS
from alerts.store.tables import ALERTS
from forewarn.broker.broker import Broker
from forewarn.cli import app
from tests.alerts.store.conftest import store_url  # noqa: F401  # a fixture for these tests
from tests.alerts.store.stores import alert, alert_id, rows_of, states_of, tell
from tests.debian import program
from tests.postgres import PACKAGE, postgres  # noqa: F401  # as above
from tests.streams.cluster.clusters import made_namespace, put
from tests.streams.projector.projections import (
    GOLDEN,
    all_read,
    history,
    options,
    projected,
    run_until,
)

RUN = CliRunner()


def ran(*arguments: str, exit_code: int = 0) -> str:
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def engine(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:  # noqa: F811  # the fixture of that name
    """A store that the settings name, with its tables; PostgreSQL's tools are on the path."""
    monkeypatch.setenv("FOREWARN_STORE", store_url)
    if store_url.startswith("postgresql"):
        tools = program("initdb", PACKAGE).parent
        monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    assert "0002" in ran("store", "migrate")
    opened = open_store(store_url)
    yield opened
    opened.dispose()


def test_a_backup_brings_back_what_was_there(engine: Engine, tmp_path: Path) -> None:
    tell(engine, alert(1))
    token = ran("tokens", "create", "desk", "--role", "officer", "--area", "4407")
    assert token.startswith("fw_")
    file = tmp_path / "backups" / "store.backup"
    ran("store", "backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    assert "name another file" in ran("store", "backup", str(file), exit_code=2)
    before = rows_of(engine), rows_of(engine, TOKENS)
    tell(engine, alert(2, subject="b" * 32))
    engine.dispose()
    assert "--replace" in ran("store", "restore", str(file), exit_code=2)
    ran("store", "restore", str(file), "--replace")
    assert (rows_of(engine), rows_of(engine, TOKENS)) == before
    assert "the store is sound" in ran("store", "check")


def test_a_damaged_backup_replaces_nothing(engine: Engine, tmp_path: Path) -> None:
    tell(engine, alert(1))
    file = tmp_path / "store.backup"
    ran("store", "backup", str(file))
    file.write_bytes(file.read_bytes()[:200] + b"damaged" * 20)
    engine.dispose()
    ran("store", "restore", str(file), "--replace", exit_code=2)
    assert states_of(engine) == {"1": "new*"}
    ran("store", "restore", str(tmp_path / "none"), exit_code=2)


def test_check_names_what_is_wrong(engine: Engine) -> None:
    tell(engine, alert(1))
    with writing_on(engine) as connection:
        connection.execute(ALERTS.update().values(open=False))
    said = ran("store", "check", exit_code=2)
    assert "none is open" in said
    assert alert_id(1) in said


def test_tokens_are_made_listed_and_revoked(engine: Engine) -> None:
    ran("tokens", "create", "gate", "--role", "gateway", "--source", "/110", "--days", "1")
    (row,) = rows_of(engine, TOKENS)
    assert "gateway" in ran("tokens", "list")
    assert "revoked" in ran("tokens", "revoke", row["token_id"])
    assert "forewarn tokens list" in ran("tokens", "revoke", row["token_id"], exit_code=2)
    ran("tokens", "create", "x", "--role", "emperor", exit_code=2)


def test_old_rows_are_deleted_on_request(engine: Engine) -> None:
    tell(engine, alert(1))
    said = ran("store", "retain", "--events-days", "1", "--alerts-days", "1")
    assert "rows deleted" in said
    assert states_of(engine) == {"1": "new*"}


def test_a_rebuild_reads_the_topics_again_and_says_what_it_read(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace, batches = made_namespace(broker), history()
    put(broker, namespace, batches)
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("FOREWARN_KAFKA_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("FOREWARN_NAMESPACE", namespace)
    monkeypatch.setenv("FOREWARN_STORE", url)
    built = open_store(url, namespace)
    run_until(options(broker, namespace, built), all_read(built, batches))
    before = projected(built)
    read = sum(len(records) for records in batches.values())
    said = ran("store", "rebuild", "--areas", str(GOLDEN / "areas.json"))
    assert f"{read:,} records read" in said
    assert projected(built) == before
    built.dispose()


def test_a_store_that_was_never_made_is_made_or_named(store_url: str) -> None:  # noqa: F811  # the fixture of that name
    bare = open_engine(store_url)
    before, after = migrate(bare)
    bare.dispose()
    assert (before, bool(after)) == (None, True)
