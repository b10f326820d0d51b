"""Runs measured workers on a broker, and watches from outside how far the broker says they are.

Rules: the time is from the first record (the worker's word) to the commit of the last offset (the
broker's word), as for the peers. Workers that fail or stand still are an error, not a figure; what
is started here ends here.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from bench.measure_worker_process import GO, STOP, Ready, Task, WorkerSaid
from bench.measure_worker_sizes import WorkerSizes
from bench.peers.kafka_topics import admin_of, committed
from bench.peers.watched import POLL_S, ROOT, PeerError
from forewarn.broker.broker import Broker, BrokerConfig
from forewarn.broker.jars import fetch
from forewarn.settings import Settings

DEADLINE_S = 300.0
_HEAP_MB = 768
_LOG_LINES_MAX = 20
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Bench(NamedTuple):
    """A broker to measure on, the id of its process, sizes, and a folder to leave files in."""

    bootstrap: str
    broker_pid: int
    sizes: WorkerSizes
    folder: Path


class Goal(NamedTuple):
    """A group that has to commit a topic's end, as it is once the goals before it are reached."""

    group: str
    topic: str


class Done(NamedTuple):
    """What workers did: seconds and records by the broker's word; core seconds; memory.

    `recovered_s` are the recoveries by stage, of the slowest worker.
    """

    seconds: float
    records: int
    cpu_s: float
    broker_cpu_s: float
    rss_bytes_max: int
    recovered_s: dict[str, float]

    @property
    def per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    def cores(self) -> str:
        """Say how many cores workers and broker kept busy."""
        workers, broker = self.cpu_s / self.seconds, self.broker_cpu_s / self.seconds
        return f"{workers:.2f} cores worker, {broker:.2f} broker"

    @property
    def busy(self) -> float:
        """The cores that workers and broker kept busy together."""
        return (self.cpu_s + self.broker_cpu_s) / self.seconds


@contextmanager
def bench_broker(sizes: WorkerSizes, folder: Path) -> Iterator[Bench]:
    """Run a broker of its own for one measurement."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        jars = fetch(Settings().cache_dir, lambda line: print(line, file=sys.stderr))
        config = BrokerConfig(data=Path(data) / "kafka", jars=jars, heap_mb=_HEAP_MB)
        with Broker(config) as broker:
            yield bench_of(broker, sizes, folder)


def bench_of(broker: Broker, sizes: WorkerSizes, folder: Path) -> Bench:
    """Return a bench on a broker that runs already."""
    process = broker._process  # noqa: SLF001  # its core time is measured
    return Bench(broker.bootstrap, process.pid if process else 0, sizes, folder)


class Process:
    """One measured worker; what it wrote is told when it fails."""

    def __init__(self, task: Task) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.measure_worker_process", _json(task)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._deadline = threading.Timer(DEADLINE_S, self.process.kill)
        self._deadline.start()

    def line(self) -> bytes:
        """Return the next line it says; PeerError when it ends first."""
        said = self.process.stdout.readline() if self.process.stdout else b""
        if not said:
            raise self.failed("ended before its time")
        return said

    def tell(self, word: bytes) -> None:
        """Tell it to go or to stop."""
        if self.process.stdin is not None:
            self.process.stdin.write(word)
            self.process.stdin.flush()

    def failed(self, what: str) -> PeerError:
        """Return the error that says what it wrote last."""
        self.end()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        return PeerError(f"a measured worker {what}:\n" + "\n".join(lines[-_LOG_LINES_MAX:]))

    def end(self) -> None:
        """End the process, whatever it does."""
        self._deadline.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process and let go of what it wrote."""
        self.end()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()


@contextmanager
def workers(tasks: Sequence[Task]) -> Iterator[tuple[list[Process], list[Ready]]]:
    """Run workers, each ready to go; they are ended afterwards."""
    started: list[Process] = []
    try:
        started.extend(Process(task) for task in tasks)
        yield started, [msgspec.json.decode(one.line(), type=Ready) for one in started]
    finally:
        for one in started:
            one.close()


def stopped(processes: Sequence[Process]) -> list[WorkerSaid]:
    """Stop workers as an operator does; return what they said."""
    for one in processes:
        one.tell(STOP)
    said = [msgspec.json.decode(one.line(), type=WorkerSaid) for one in processes]
    for one in processes:
        one.process.wait(DEADLINE_S)
    return said


def run_workers(bench: Bench, tasks: Sequence[Task], goals: Sequence[Goal]) -> Done:
    """Run workers until the goals are reached, and stop them. PeerError when they are not."""
    with workers(tasks) as (processes, ready):
        with admin_of(bench.bootstrap) as admin:
            # What was done before a restart is not done again; without a gate all of it is new.
            before = sum(committed(admin, *goal) for goal in goals) if tasks[0].gated else 0
            broker_cpu_s = cpu_s_of(bench.broker_pid)
            for one in processes:
                one.tell(GO)
            records = sum(_reached(bench, admin, goal, processes) for goal in goals)
        committed_s = time.time()
        broker_cpu_s = cpu_s_of(bench.broker_pid) - broker_cpu_s
        said = stopped(processes)
    recovered: dict[str, float] = {}
    for one_ready in ready:
        for stage, seconds in one_ready.recovered_s.items():
            recovered[stage] = max(seconds, recovered.get(stage, 0.0))
    return Done(
        committed_s - min(one.first_s for one in said if one.first_s),
        records - before,
        sum(one.cpu_s for one in said),
        broker_cpu_s,
        max(one.rss_bytes_max for one in said),
        recovered,
    )


def _reached(
    bench: Bench, admin: KafkaAdminClient, goal: Goal, processes: Sequence[Process]
) -> int:
    """Wait until a group has committed the end of its topic; return how many records that is."""
    until = time.monotonic() + DEADLINE_S
    wanted = end_of(bench.bootstrap, goal.topic)
    while (there := committed(admin, goal.group, goal.topic)) < wanted:
        for one in processes:
            if one.process.poll() is not None:
                raise one.failed(f"ended with {one.process.returncode}")
        if time.monotonic() > until:
            raise processes[0].failed(f"stands still at {there:,} of {wanted:,} in {goal.group}")
        time.sleep(POLL_S)
    return wanted


def end_of(bootstrap: str, topic: str) -> int:
    """Return the number of records that were ever written to a topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        numbers = consumer.partitions_for_topic(topic) or set()
        ends = consumer.end_offsets([TopicPartition(topic, number) for number in numbers])
        return sum(ends.values())
    finally:
        consumer.close()


def cpu_s_of(pid: int) -> float:
    """Return the core seconds a process has had so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _json(task: Task) -> str:
    return msgspec.json.encode(task).decode()
