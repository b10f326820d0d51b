"""A broker that is away at the start, for a while, for good, or starts again (`away.py`)."""

import time
from pathlib import Path

from tests.brokers import own_broker
from tests.streams.worker_faults.away import away_for, started_without

AWAY_S = 20.0


def test_a_broker_that_is_paused_or_away_at_the_start_is_named_within_a_bound(
    tmp_path: Path,
) -> None:
    with own_broker(tmp_path) as broker:
        broker.pause()
        before = time.monotonic()
        silent = started_without(tmp_path, broker)
        broker.resume()
        broker.kill()
        gone = started_without(tmp_path, broker)
        assert time.monotonic() - before < 60
    assert (silent.code, gone.code) == (2, 2)
    assert f"{broker.bootstrap} does not answer in time" in silent.last
    assert f"nobody listens at {broker.bootstrap}" in gone.last


def test_a_broker_that_restarts_or_is_away_has_everything_taken_and_a_stop_ends(
    tmp_path: Path,
) -> None:
    away = away_for(AWAY_S, tmp_path)
    assert {ended.code for ended in away.ended} <= {70}
    assert away.stopped.code in {0, 70}
    assert away.stopped.code == 0 or "what is not durable will be read again" in away.stopped.last
