"""Runs one peer's process, and watches from outside how far the broker says it is.

Rules: the time is from the first record (the peer's word) to the commit of the last offset (the
broker's word); a peer that ends early, stands still, or whose changelog does not add up to the
number of records is an error, not a figure. What is started here ends here.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from bench.peers.job import Said, count_in
from bench.peers.kafka_topics import admin_of, committed, total_on
from schemas.closed import Closed

ROOT = Path(__file__).parents[2]
POLL_S = 0.05
_SAID_LINES_MAX = 20


class PeerError(Exception):
    """A peer did not do the job; the message says what it did and ends with what it wrote."""


class PeerResult(Closed, frozen=True):
    """What a peer did: `records` in `seconds`; all zero where it could not run, with the reason."""

    name: str
    records: int
    seconds: float
    records_per_s: float
    rss_bytes_max: int
    note: str = ""


class Ended(Closed, frozen=True):
    """A process that ended well: its last line, and when all was committed (0: never)."""

    said: Said
    committed_s: float


class Job(Closed, frozen=True):
    """A filled topic to be counted, with its partitions, and how long a peer may take over it."""

    bootstrap: str
    topic: str
    records: int
    partitions: int = 12
    deadline_s: float = 300.0

    def group_of(self, peer: str) -> str:
        """Return a new consumer group, so that no run goes on where another one stopped."""
        return f"{self.topic}-{peer}-{uuid4().hex[:8]}"


def measured(
    name: str,
    job: Job,
    group: str,
    command: Sequence[str],
    changelog: str,
    note: str,
    *,
    count_of: Callable[[bytes], int] = count_in,
    environment: Mapping[str, str] | None = None,
) -> PeerResult:
    """Run a peer over the job and return its figure; PeerError says what went wrong."""
    ended = run(command, job, group, environment)
    said = ended.said
    if not ended.committed_s:
        raise PeerError(f"{name} ended without having committed its last offset")
    if said.counted != job.records:
        raise PeerError(f"{name} counted {said.counted} of {job.records} records")
    durable = total_on(job.bootstrap, changelog, count_of)
    if durable != job.records:
        raise PeerError(f"{name}: its changelog adds up to {durable}, not to {job.records}")
    seconds = ended.committed_s - said.first_s
    rate = job.records / seconds
    return PeerResult(name, job.records, seconds, rate, said.rss_bytes_max, note)


def run(
    command: Sequence[str],
    job: Job,
    group: str,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a peer's process to its end within the job's deadline; PeerError when it fails."""
    until = time.monotonic() + job.deadline_s
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=log)
        try:
            committed_s = _watch(process, job, group, until)
            ended = process.poll() is not None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        out.seek(0)
        log.seek(0)
        lines, wrote = out.read().splitlines(), log.read().decode(errors="replace")
    tail = "\n".join(wrote.splitlines()[-_SAID_LINES_MAX:])
    if not ended:
        raise PeerError(f"{group} did not end within {job.deadline_s:.1f} s:\n{tail}")
    if process.returncode or not lines:
        raise PeerError(f"{command[0]} ended with {process.returncode} in {group}:\n{tail}")
    return Ended(msgspec.json.decode(lines[-1], type=Said), committed_s)


def _watch(process: subprocess.Popen[bytes], job: Job, group: str, until: float) -> float:
    """Wait for the process to end; return when the broker had all offsets, 0 when it never had."""
    committed_s = 0.0
    with admin_of(job.bootstrap) as admin:
        while time.monotonic() < until:
            running = process.poll() is None
            if not committed_s and committed(admin, group, job.topic) >= job.records:
                committed_s = time.time()
            if not running:
                break
            time.sleep(POLL_S)
    return committed_s
