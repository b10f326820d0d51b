"""Workers that come, go, and stand still past their session, while events flow: nothing shows it.

`make faults` does the same with 200,000 events and ten joins and leaves.
"""

from pathlib import Path

from tests.faults.rebalanced import rebalanced
from tests.faults.runs import Size

SEED = 12
SIZE = Size(events=6_000, days=30, feed_s=25.0, patience_s=240.0)


def test_joins_leaves_and_a_stopped_worker_lose_nothing_and_say_nothing_twice(
    tmp_path: Path,
) -> None:
    verdict = rebalanced(tmp_path, SIZE, SEED, print, changes=3)
    assert verdict.good, f"seed {SEED}\n{verdict.table()}"
