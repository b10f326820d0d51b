"""A worker that is told to stop drains; one that is killed comes back under its name at once."""

import time
from pathlib import Path

from forewarn.broker.broker import Broker
from schemas.topics import AREA_LOG, FEEDS, PERSON_LOG, SERVICE_LOG
from tests.streams.worker_faults.running import (
    ALL_STAGES,
    Space,
    committed,
    kept,
    put_good,
    space_on,
    wait_for_good,
    worker_process,
)

GROUPS = {"person": PERSON_LOG, "area": AREA_LOG, "service": SERVICE_LOG}


def ends(space: Space, names: list[str]) -> dict[str, int]:
    """The offset after the last record of each partition, by plain topic and partition."""
    prefix = space.topic("")
    return {
        f"{record.topic.removeprefix(prefix)}/{record.partition}": record.offset + 1
        for record in kept(space, names)
    }


def test_a_worker_told_to_stop_has_committed_all_that_was_there(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    stores = "memory://", f"rocksdb://{tmp_path / 'state'}"
    for store, numbers in zip(stores, (range(40), range(40, 60)), strict=True):
        put_good(space, numbers)
        with worker_process(space, tmp_path, "--store", store, stages=ALL_STAGES) as worker:
            wait_for_good(space, numbers[-1] + 1)
            assert worker.stopped() == (0, "worker: stopped, all that was taken is durable")
    assert committed(space, "intake") == ends(space, [feed.name for feed in FEEDS.values()])
    for group, log in GROUPS.items():
        durable, end = committed(space, group), ends(space, [log.name])
        assert all(durable[place] <= end[place] for place in durable)
    assert committed(space, "person") == ends(space, [PERSON_LOG.name])


def test_a_killed_worker_with_a_name_goes_on_before_its_session_is_over(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    session_s = 35.0
    named = ("--instance", "one", "--session-s", str(session_s))
    put_good(space, range(10))
    with worker_process(space, tmp_path, *named) as worker:
        wait_for_good(space, 10)
        put_good(space, range(10, 20))
        worker.kill()
    before = time.monotonic()
    with worker_process(space, tmp_path, *named) as worker:
        wait_for_good(space, 20)
        assert time.monotonic() - before < session_s
        assert worker.stopped().code == 0
