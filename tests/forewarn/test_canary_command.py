"""`forewarn canary` on a real broker: it says when the broker is away, and when it is back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from forewarn.broker.ports import free_ports
from forewarn.cli import app
from streams.cluster.provision import create
from tests.brokers import own_broker
from tests.streams.cluster.clusters import connection_to

RUN = CliRunner()
ANY_AREA = "990101001001001"
SEEN_S_MAX = 60.0


def metric(port: int, name: str) -> float | None:
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.HTTPError:
        return None
    found = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(found[0]) if found else None


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SEEN_S_MAX
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


def test_it_tells_that_the_broker_is_away_and_back_and_stops_when_told(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with own_broker(tmp_path) as broker:
        create(connection_to(broker), "", replication=1, partitions=2)
        flying = subprocess.Popen(
            [sys.executable, "-m", "forewarn", "canary", "--area", ANY_AREA,
             "--every-s", "0.5", "--metrics-port", str(port)],
            env=os.environ | {"FOREWARN_KAFKA_BOOTSTRAP": broker.bootstrap},
        )  # fmt: skip
        try:
            until(lambda: metric(port, "forewarn_broker_reached") == 1)
            broker.pause()
            until(lambda: metric(port, "forewarn_broker_reached") == 0)
            broker.resume()
            until(lambda: metric(port, "forewarn_broker_reached") == 1)
            assert (metric(port, "forewarn_canary_age_seconds") or 0) > 1, "no worker runs"
            assert metric(port, "forewarn_canary_seconds_count") == 0
            flying.send_signal(signal.SIGTERM)
            assert flying.wait(20) == 0
        finally:
            flying.kill()
            flying.wait(20)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--area", "canary"), "the directory has no area 'canary'"),
        (("--areas", "no-such-file"), "no-such-file"),
    ],
)
def test_it_refuses_what_cannot_fly(words: tuple[str, ...], said: str) -> None:
    result = RUN.invoke(app, ["canary", *words])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_it_flies_in_live_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_NAMESPACE", "town")
    result = RUN.invoke(app, ["canary", "--area", ANY_AREA])
    assert result.exit_code == 2
    assert "a canary flies in live time" in " ".join(result.output.split())
