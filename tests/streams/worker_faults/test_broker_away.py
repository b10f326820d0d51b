"""A broker that is away at the start, for a while, for good, or starts again (`away.py`)."""

import time
from pathlib import Path

from tests.brokers import own_broker
from tests.streams.worker_faults.away import away_for, gone_for_good, started_without

AWAY_S = 20.0


def test_a_broker_that_is_away_at_the_start_is_named_at_once(tmp_path: Path) -> None:
    with own_broker(tmp_path) as broker:
        broker.stop()
        before = time.monotonic()
        ended = started_without(tmp_path, broker)
        assert time.monotonic() - before < 20
    assert ended.code == 2
    assert f"nobody listens at {broker.bootstrap}" in ended.last


def test_a_broker_that_is_paused_at_the_start_is_named_within_a_bound(tmp_path: Path) -> None:
    with own_broker(tmp_path) as broker:
        broker.pause()
        ended = started_without(tmp_path, broker)
        broker.resume()
    assert ended.code == 2
    assert f"{broker.bootstrap} does not answer in time" in ended.last


def test_a_killed_broker_that_comes_back_has_everything_taken(tmp_path: Path) -> None:
    away = away_for(AWAY_S, tmp_path)
    assert away.ended is None or away.ended.code == 70
    assert away.stopped.code == 0


def test_a_broker_that_is_started_again_has_everything_taken(tmp_path: Path) -> None:
    away = away_for(0.0, tmp_path, clean=True)
    assert away.ended is None or away.ended.code == 70
    assert away.stopped.code == 0


def test_a_worker_told_to_stop_without_its_broker_ends_within_a_bound(tmp_path: Path) -> None:
    ended = gone_for_good(tmp_path)
    assert ended.code in {0, 70}
    assert ended.last.startswith("forewarn worker:") or ended.code == 0
