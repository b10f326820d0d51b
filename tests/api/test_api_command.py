"""`forewarn api` as an operator meets it: a process that serves, and stops in order."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from alerts.store.migrating import open_store
from alerts.store.tokens import Role
from forewarn.cli import app
from tests.api.serving import OWN_PERSON, WAIT_S_MAX, token_for, wait_until

STOP_S_MAX = 20.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@contextmanager
def process(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str, Path]]:
    """A running `forewarn api` without a broker, its address, and where its words go."""
    said = folder / "said.txt"
    environment = {
        **os.environ,
        "FOREWARN_STORE": f"sqlite:///{folder / 'store.db'}",
        "FOREWARN_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    command = (sys.executable, "-m", "forewarn", "api", "--port", "0")
    with said.open("wb") as words:
        running = subprocess.Popen(command, env=environment, stderr=words)
        try:
            wait_until(lambda: bool(ADDRESS.search(said.read_text())), WAIT_S_MAX)
            found = ADDRESS.search(said.read_text())
            assert found is not None
            yield running, found.group(), said
        finally:
            running.kill()
            running.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_without_a_broker_and_stops_in_order(tmp_path: Path, how: signal.Signals) -> None:
    with process(tmp_path) as (running, url, said):
        engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        token = token_for(engine, Role.OFFICER)
        engine.dispose()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=WAIT_S_MAX) as client:
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["broker"]) == (200, "away")
            assert client.get(f"/v1/persons/{OWN_PERSON}").status_code == 404
            with client.stream("GET", "/v1/stream") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: ready"
                running.send_signal(how)
                assert 'data: {"reason":"stopping"}' in list(lines)
        assert running.wait(STOP_S_MAX) == 0
        words = said.read_text()
    assert words.rstrip().endswith("api: stopped")
    assert "Traceback" not in words
    assert OWN_PERSON not in words, "a path with a person's key is in no log"


def test_a_port_in_use_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_STORE", f"sqlite:///{tmp_path / 'store.db'}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["api", "--port", port])
    assert result.exit_code == 2
    assert f"port {port} is in use: give another --port" in result.output.replace("\n", " ")


def test_a_store_of_no_known_kind_is_said_plainly() -> None:
    result = CliRunner().invoke(app, ["api", "--port", "0", "--store", "mysql://host/name"])
    assert result.exit_code == 2
    assert "sqlite:///FILE" in result.output
