"""A broker that is away and comes back, under a running worker; in tests for seconds, or in full.

Rules: what was told before, meanwhile and after is taken, whole. A worker may wait until the broker
is back, or end with code 70; then it is started again, as a supervisor would.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from forewarn.broker.broker import Broker
from tests.brokers import own_broker
from tests.streams.worker_faults.running import (
    Ended,
    Space,
    WorkerProcess,
    put_good,
    space_on,
    wait_for_good,
    worker_process,
)

FULL_S = 120.0
TAKEN_S_MAX = 180.0


class Away(NamedTuple):
    """What became of it: whether the worker ended and how it stopped at last."""

    ended: Ended | None
    stopped: Ended
    said: str


def away_for(seconds: float, folder: Path, *, clean: bool = False) -> Away:
    """Kill a broker (`clean`: stop it) under a worker, for so long, and see that all is taken."""
    with own_broker(folder / "broker") as broker:
        space = space_on(broker)
        with worker_process(space, folder) as worker:
            put_good(space, range(10))
            wait_for_good(space, 10)
            put_good(space, range(10, 20))
            (broker.stop if clean else broker.kill)()
            time.sleep(seconds)  # how long it is away is what is tested
            broker.start()
            put_good(space, range(20, 40))
            return _taken_after(space, folder, worker)


def _taken_after(space: Space, folder: Path, worker: WorkerProcess) -> Away:
    """Wait until everything is taken, by the worker itself or by its successor."""
    with _going_on(space, folder, worker) as (now, ended):
        wait_for_good(space, 40, TAKEN_S_MAX)
        stopped = now.stopped()
        return Away(ended, stopped, worker.said())


@contextmanager
def _going_on(
    space: Space, folder: Path, worker: WorkerProcess
) -> Iterator[tuple[WorkerProcess, Ended | None]]:
    if worker.running:
        yield worker, None
        return
    with worker_process(space, folder) as successor:
        yield successor, worker.ended()


def gone_for_good(folder: Path) -> Ended:
    """Kill a broker under a worker, tell the worker to stop, and return how it ended."""
    with own_broker(folder / "broker") as broker:
        space = space_on(broker)
        with worker_process(space, folder) as worker:
            put_good(space, range(10))
            wait_for_good(space, 10)
            broker.kill()
            return worker.stopped(90.0)


def started_without(folder: Path, broker: Broker) -> Ended:
    """Start a worker whose broker does not answer, and return how it ended."""
    space = Space(replace(broker.connection(), request_timeout_s=3.0), "nowhere")
    with worker_process(space, folder) as worker:
        return worker.ended()


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{away_for(FULL_S, Path(sys.argv[1]))}\n")
