"""One function a peer: takes a filled topic (`Job`), returns the peer's figure.

Rules: each names a new consumer group, makes what its peer needs beforehand, and leaves nothing
running. What is not installed here is installed first (Quix) or said (a JDK), never a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from bench.peers import quix_environment
from bench.peers.fill import fill_changelog
from bench.peers.kafka_topics import create
from bench.peers.watched import Job, PeerError, PeerResult, measured, run
from forewarn.broker.jars import fetch, locked
from schemas.versioned import PERSON_HISTORY

FAUST = "Faust, async for and a Table"
FAUST_RECOVERY = "Faust, recovery of a Table"
QUIX = "Quix Streams, RocksDB and changelog"
QUIX_CORE = "our person step inside Quix Streams"
KAFKA_STREAMS = "Kafka Streams, one thread, RocksDB cached"
_EACH_SECOND = "commits each second"
_JAVA = Path(__file__).with_name("kafka_streams")
_COMPILE_S_MAX = 120.0
_HEAP_MB = 512


def run_faust(job: Job) -> PeerResult:
    """Count with idiomatic Faust; it is slow, 60,000 records are enough for a rate."""
    group = job.group_of("faust")
    changelog = _faust_changelog(job, group)
    note = f"table in memory, {_EACH_SECOND}"
    return measured(FAUST, job, group, _faust("count", job, group, job.records), changelog, note)


def run_faust_recovery(job: Job, keys: int = 200_000) -> PeerResult:
    """Recover a Faust Table of `keys` keys from its changelog; the job's topic is not read.

    The time is from the assignment of its partitions to the table's `on_recover`.
    """
    group = job.group_of("faust-recovery")
    empty = replace(job, topic=f"{group}-empty", records=0)
    create(job.bootstrap, {empty.topic: job.partitions})
    changelog = _faust_changelog(job, group)
    fill_changelog(job.bootstrap, changelog, keys, partitions=job.partitions)
    said = run(_faust("recover", empty, group, keys), empty, group).said
    if said.counted != keys:
        raise PeerError(f"{FAUST_RECOVERY}: the table has {said.counted} of {keys} keys")
    seconds = said.recovered_s - said.first_s
    note = "keys a second, table in memory"
    return PeerResult(FAUST_RECOVERY, keys, seconds, keys / seconds, said.rss_bytes_max, note)


def run_quix(job: Job) -> PeerResult:
    """Count with Quix Streams; installs it the first time."""
    group = job.group_of("quix")
    return measured(
        QUIX,
        job,
        group,
        _quix("count", job, group),
        _quix_changelog(job, group),
        _EACH_SECOND,
        environment=quix_environment.variables(),
    )


def run_quix_core(job: Job) -> PeerResult:
    """Run our person step inside a Quix stateful step, over a log of `fill_person_log`.

    What it says goes to one topic beside the log; the histories must hold every signal at the end.
    """
    group = job.group_of("quix-core")
    create(job.bootstrap, {f"{group}-said": job.partitions})
    return measured(
        QUIX_CORE,
        job,
        group,
        _quix("core", job, group),
        _quix_changelog(job, group),
        _EACH_SECOND,
        count_of=lambda packed: len(PERSON_HISTORY.decode(packed).signals),
        environment=quix_environment.variables(),
    )


def run_kafka_streams(job: Job, cache: Path) -> PeerResult:
    """Count with Kafka Streams; all zero where no JDK is on PATH. `cache` keeps its jars."""
    java, javac = shutil.which("java"), shutil.which("javac")
    if java is None or javac is None:
        return PeerResult(KAFKA_STREAMS, 0, 0.0, 0.0, 0, "no JDK here")
    group = job.group_of("kafka-streams")
    jars = fetch(cache, _tell, locked(_JAVA / "jars.lock"))
    with tempfile.TemporaryDirectory() as folder:
        _compile(javac, jars, folder)
        path = os.pathsep.join([folder, *map(str, jars)])
        options = [f"-Xmx{_HEAP_MB}m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        numbers = [str(job.records), folder, str(int(job.deadline_s))]
        arguments = [job.bootstrap, job.topic, group, *numbers]
        command = [java, *options, "-cp", path, "CountBench", *arguments]
        return measured(
            KAFKA_STREAMS, job, group, command, f"{group}-counts-changelog", _EACH_SECOND
        )


def _faust(mode: str, job: Job, group: str, records: int) -> list[str]:
    numbers = [str(records), str(job.partitions), str(job.deadline_s)]
    module = "bench.peers.faust_idiomatic"
    return [sys.executable, "-m", module, mode, job.bootstrap, job.topic, group, *numbers]


def _faust_changelog(job: Job, group: str) -> str:
    """Make the changelog as the worker's are made, for Faust would make it with one partition."""
    changelog = f"{group}-counts-changelog"
    create(job.bootstrap, {changelog: job.partitions}, compacted=True)
    return changelog


def _quix(what: str, job: Job, group: str) -> list[str]:
    module = f"bench.peers.quix_{what}"
    arguments = [job.bootstrap, job.topic, group, str(job.records)]
    return [str(quix_environment.python()), "-m", module, *arguments]


def _quix_changelog(job: Job, group: str) -> str:
    return f"changelog__{group}--{job.topic}--default"


def _compile(javac: str, jars: tuple[Path, ...], folder: str) -> None:
    source = str(_JAVA / "CountBench.java")
    path = os.pathsep.join(map(str, jars))
    done = subprocess.run(
        [javac, "-d", folder, "-cp", path, source],
        capture_output=True,
        text=True,
        timeout=_COMPILE_S_MAX,
        check=False,
    )
    if done.returncode:
        raise PeerError(f"{source} does not compile:\n{done.stderr[-2000:]}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
