"""One worker as a process of its own, to be measured: the real `Worker`, on uvloop as in earnest.

    python -m bench.measure_worker_process TASK     (TASK is the JSON of a `Task`)

Rules: it says `Ready` when every partition it should have is seated, takes in nothing before it is
told `go` (unless the task says that it need not wait), commits as soon as it rests instead of after
a second, and ends with `WorkerSaid` when it is told `stop` or its input closes.
"""

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
import uvloop
from faust.types import TP

from alerts.vault.keyring import Keyring, new_keyring
from bench.count_stage import COUNT, COUNT_LOG
from bench.count_stage import STAGE as COUNT_STAGE
from bench.feeds import CODE_VERSION, directory
from bench.peers.job import rss_bytes_max
from schemas.closed import Closed
from schemas.topics import ALL_TOPICS
from streams.cluster.connect import Connection
from streams.pipeline import PipelineConfig
from streams.worker.options import WorkerOptions
from streams.worker.raw_items import INTAKE
from streams.worker.rounds import Rounds
from streams.worker.running_intake import RunningIntake
from streams.worker.running_stage import RunningStage
from streams.worker.seats import STAGES
from streams.worker.transport import Chunk
from streams.worker.worker import Worker

POLL_S = 0.02
GATE_S = 0.005
READY_S_MAX = 120.0
_LOG_LEVEL = 30
GO, STOP = b"go\n", b"stop\n"


class Task(Closed, frozen=True):
    """What a measured worker hosts: `seats` are the partitions of each log that will be its own.

    `elsewhere` are topics by plain name that are not in `namespace` but have this full name: logs
    that were filled once. Where it is `gated`, nothing is taken in before it is told to go.
    """

    bootstrap: str
    namespace: str
    stages: tuple[str, ...]
    seats: int
    gated: bool = True
    elsewhere: dict[str, str] = {}


class Ready(Closed, frozen=True):
    """All is seated; how long each stage's recovery took, from its assignment on."""

    recovered_s: dict[str, float]


class WorkerSaid(Closed, frozen=True):
    """When the first record came (epoch s), core time from then to the last commit, memory."""

    first_s: float
    cpu_s: float
    rss_bytes_max: int


@dataclass(frozen=True)
class BenchOptions(WorkerOptions):
    """Options of a worker that finds some of its topics under other names."""

    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> str:
        """Return what a topic or group is called."""
        return self.elsewhere.get(name) or super().named(name)


def keyring() -> Keyring:
    """Return made-up keys, the same ones each time."""
    one, two, three, four = (bytes([number]) * 32 for number in range(1, 5))
    return new_keyring((one, two, three, four))


def options_of(task: Task) -> BenchOptions:
    """Return the options of a worker for a task; all but the topics is as by default."""
    topics = (*ALL_TOPICS, COUNT_LOG) if COUNT_STAGE in task.stages else ALL_TOPICS
    return BenchOptions(
        connection=Connection((task.bootstrap,)),
        config=PipelineConfig(),
        directory=directory(),
        keyring=keyring(),
        code_version=CODE_VERSION,
        partitions={topic.name: topic.partitions for topic in topics},
        stages=task.stages,
        namespace=task.namespace,
        elsewhere=task.elsewhere,
    )


class Gate:
    """Lets chunks through once it is open, and knows when the first one came."""

    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self.first_s = self.cpu_first_s = self.cpu_last_s = 0.0

    def passed(self) -> None:
        """Take note that a chunk comes through."""
        if not self.first_s:
            self.first_s, self.cpu_first_s = time.time(), time.process_time()

    def said(self) -> WorkerSaid:
        """Return what there is to say at the end."""
        return WorkerSaid(self.first_s, self.cpu_last_s - self.cpu_first_s, rss_bytes_max())


class GatedRounds(Rounds):
    """Rounds behind the gate; `waiting` says that a chunk stands before it."""

    gate: Gate
    waiting = False
    _drained = 0

    async def put(self, chunk: Chunk) -> None:
        """Hand a chunk in once the gate is open; one from before a drain is forgotten."""
        drained = self._drained
        while not self.gate.is_open:
            self.waiting = True
            await asyncio.sleep(GATE_S)
            if drained != self._drained:
                return
        self.gate.passed()
        await super().put(chunk)

    async def drain(self) -> bool:
        """Drain as ever; whoever waits at the gate goes away."""
        self._drained += 1
        self.waiting = False
        return await super().drain()


class GatedWorker(Worker):
    """The worker, with a gate before the rounds of every stage."""

    gate: Gate
    rounds: dict[str, GatedRounds]

    async def _made(self, name: str) -> RunningStage | RunningIntake:
        made = await super()._made(name)
        host = made.host
        rounds = GatedRounds(host._round, self._shared.failed)  # noqa: SLF001  # the same round
        rounds.gate = self.gate
        host.rounds = self.rounds[name] = rounds
        return made

    def seated(self, seats: int) -> bool:
        """Say whether every stage has this many partitions, and the intake any."""
        intakes = [one for one in self.running.values() if isinstance(one, RunningIntake)]
        return (
            len(self.running) == len(self.options.stages)
            and all(len(host.seats) == seats for host in self.hosts.values())
            and all(one.app.owned() for one in intakes)
        )

    def at_the_gate(self) -> bool:
        """Say whether nothing but the gate holds back what is read first."""
        return self.gate.is_open or all(self.rounds[name].waiting for name in self._first())

    def _first(self) -> tuple[str, ...]:
        return (INTAKE,) if INTAKE in self.rounds else tuple(self.rounds)

    def recovered_s(self) -> dict[str, float]:
        """Return how long the recovery of each stage took."""
        asked, name = self.meters.registry.get_sample_value, "forewarn_recovery_seconds"
        return {stage: asked(name, {"stage": stage}) or 0.0 for stage in self.hosts}


async def run(task: Task) -> None:
    """Run a worker as the task says."""
    worker = GatedWorker(
        options_of(task),
        _failed,
        {**STAGES, COUNT_STAGE: COUNT},
    )
    worker.gate, worker.rounds = Gate(is_open=not task.gated), {}
    gate = worker.gate
    await worker.start()
    until = time.monotonic() + READY_S_MAX
    while not (worker.seated(task.seats) and worker.at_the_gate()):
        if time.monotonic() > until:
            raise TimeoutError(f"not all partitions were ready within {READY_S_MAX:.0f} s")
        await asyncio.sleep(POLL_S)
    _say(Ready(worker.recovered_s()))
    committing = asyncio.create_task(_commit_at_rest(worker, gate))
    while (word := await asyncio.to_thread(sys.stdin.buffer.readline)) == GO:
        gate.is_open = True
    committing.cancel()
    await asyncio.wait([committing])
    _say(gate.said())
    if word == STOP:
        await worker.stop()


async def _commit_at_rest(worker: Worker, gate: Gate) -> None:
    """Commit what is durable whenever nothing new became durable since the last look."""
    before: dict[str, dict[TP, int | None]] = {}
    committed: dict[str, dict[TP, int | None]] = {}
    while True:
        for name, one in worker.running.items():
            host = one.host
            durable = {tp: host.durable_next(tp) for tp in host.durable_partitions()}
            if durable == before.get(name) and durable != committed.get(name):
                await one.app.consumer.commit()
                committed[name] = durable
                gate.cpu_last_s = time.process_time()
            before[name] = durable
        await asyncio.sleep(POLL_S)


def _say(what: Closed) -> None:
    sys.stdout.write(f"{msgspec.json.encode(what).decode()}\n")
    sys.stdout.flush()


def _failed(error: BaseException) -> Any:
    traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(70)


def main(arguments: list[str]) -> None:
    """Run the task of the command line."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(_LOG_LEVEL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(run(msgspec.json.decode(arguments[0], type=Task)))


if __name__ == "__main__":
    main(sys.argv[1:])
