"""A broker that is away and comes back, under a running worker; in tests for seconds, or in full.

Rules: what was told before, meanwhile and after is taken, whole. A worker may wait until the broker
is back, or end with code 70; then it is started again, as a supervisor would.
"""

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from forewarn.broker.broker import Broker
from tests.brokers import own_broker
from tests.streams.worker_faults.running import (
    Ended,
    Space,
    WorkerProcess,
    assessed,
    put_good,
    space_on,
    wait_for_good,
    wait_until,
    worker_process,
)

FULL_S = 120.0
TAKEN_S_MAX = 180.0
STOPPED_S_MAX = 90.0


class Away(NamedTuple):
    """What became of it: how workers ended by themselves, and how the last one was stopped."""

    ended: list[Ended]
    stopped: Ended


class Supervised:
    """A worker that is started again whenever it has ended by itself, as a supervisor would."""

    def __init__(self, space: Space, folder: Path, running: ExitStack) -> None:
        self.ended: list[Ended] = []
        self._space, self._folder, self._running = space, folder, running
        self.worker = self._started()

    def _started(self) -> WorkerProcess:
        return self._running.enter_context(worker_process(self._space, self._folder))

    def has_all(self, number: int) -> bool:
        """Whether so many good reports are assessed."""
        if not self.worker.running:
            self.ended.append(self.worker.ended())
            self.worker = self._started()
        return len(assessed(self._space)) >= number


def away_for(seconds: float, folder: Path) -> Away:
    """Restart a broker under a worker, kill it for so long, then for good; all must be taken.

    At last the worker is told to stop, while the broker is away.
    """
    with own_broker(folder / "broker") as broker, ExitStack() as running:
        space = space_on(broker)
        supervised = Supervised(space, folder, running)
        put_good(space, range(10))
        wait_until(lambda: supervised.has_all(10), "all before")

        broker.restart()
        put_good(space, range(10, 20))
        wait_until(lambda: supervised.has_all(20), "all after the restart", TAKEN_S_MAX)

        put_good(space, range(20, 30))
        broker.kill()
        time.sleep(seconds)  # how long it is away is what is tested
        broker.start()
        put_good(space, range(30, 40))
        wait_until(lambda: supervised.has_all(40), "all after it was away", TAKEN_S_MAX)
        wait_for_good(space, 40)

        broker.kill()
        return Away(supervised.ended, supervised.worker.stopped(STOPPED_S_MAX))


def started_without(folder: Path, broker: Broker) -> Ended:
    """Start a worker whose broker does not answer, and return how it ended."""
    space = Space(replace(broker.connection(), request_timeout_s=3.0), "nowhere")
    with worker_process(space, folder) as worker:
        return worker.ended()


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{away_for(FULL_S, Path(sys.argv[1]))}\n")
