"""A worker killed again and again, and its broker once, while events flow: nothing shows it.

`make faults` does the same with 200,000 events, 20 kills of the worker and 3 of the broker.
"""

from pathlib import Path

from tests.faults.killed import AGAIN, BROKER, WORKER, killed, moments
from tests.faults.runs import Size

SEED = 11
SIZE = Size(events=8_000, days=30, feed_s=20.0, patience_s=240.0)


def test_kills_of_worker_and_broker_lose_nothing_and_say_nothing_twice(tmp_path: Path) -> None:
    verdict = killed(tmp_path, SIZE, SEED, print, worker_kills=4, broker_kills=1)
    assert verdict.good, f"seed {SEED}\n{verdict.table()}"


def test_the_moments_of_kills_follow_from_the_seed() -> None:
    planned = moments(SEED, worker_kills=20, broker_kills=3)
    victims = [victim for _, victim in planned]
    assert victims.count(BROKER) == 3
    assert victims.count(WORKER) + victims.count(AGAIN) == 20
    assert planned == sorted(planned, key=lambda moment: moment[0])
    assert planned == moments(SEED, worker_kills=20, broker_kills=3)
    assert planned != moments(SEED + 1, worker_kills=20, broker_kills=3)
