"""The durable keyed count, by the worker and by its peers: Faust, Quix Streams, Kafka Streams.

Rules: all read the same topic, write the same states and are timed alike; each repetition gives the
worker a namespace of its own, and its changelog must add up to the number of records.
"""

from collections.abc import Sequence
from statistics import median
from uuid import uuid4

from bench.count_stage import COUNT_LOG, STAGE, count_of
from bench.measure_worker_process import Task
from bench.measure_worker_running import Bench, Done, Goal, run_workers
from bench.peers.fill import KEYS, PARTITIONS, fill
from bench.peers.kafka_topics import total_on
from bench.peers.runs import run_faust, run_kafka_streams, run_quix
from bench.peers.watched import Job, PeerError, PeerResult
from bench.rows import Row, at_least
from forewarn.settings import Settings
from schemas.topics import CHANGELOGS, Part
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.provision import create

FASTER_THAN_FAUST = 15.0
FASTER_THAN_QUIX = 1.3
FASTER_THAN_KAFKA_STREAMS = 1.0
NOT_QUICK = "not run with small sizes"


def fresh(bench: Bench, what: str) -> str:
    """Make the topics of a new namespace and return its name."""
    namespace = f"{what}-{uuid4().hex[:8]}"
    create(Connection((bench.bootstrap,)), namespace, replication=1)
    return namespace


def count(bench: Bench, topic: str, *, processes: int = 1, gated: bool = False) -> Done:
    """Count a topic with the worker; PeerError when its changelog does not add up."""
    space = fresh(bench, "count")
    task = Task(
        bench.bootstrap,
        space,
        (STAGE,),
        PARTITIONS // processes,
        gated=gated,
        elsewhere={COUNT_LOG.name: topic},
    )
    done = run_workers(bench, [task] * processes, [Goal(named(space, f"forewarn-{STAGE}"), topic)])
    changelog = named(space, CHANGELOGS[Part.PERSON].name)
    durable = total_on(bench.bootstrap, changelog, count_of)
    if durable != done.records:
        raise PeerError(f"the worker's changelog adds up to {durable}, not to {done.records}")
    return done


def spread(rates: Sequence[float]) -> str:
    """Say the least, the median and the greatest of some rates."""
    if len(rates) == 1:
        return f"{rates[0]:,.0f}/s"
    return f"{median(rates):,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"


def filled(bench: Bench, records: int, keys: int = KEYS) -> str:
    """Fill a topic with records to count and return its name."""
    topic = f"reports-{uuid4().hex[:8]}"
    fill(bench.bootstrap, topic, records, keys=keys)
    return topic


def count_rows(bench: Bench) -> list[Row]:
    """Measure the count: the worker and fast peers in turn, and Faust on fewer records."""
    sizes = bench.sizes
    job = Job(bench.bootstrap, filled(bench, sizes.count_records), sizes.count_records)
    slow = Job(bench.bootstrap, filled(bench, sizes.slow_records), sizes.slow_records)
    ours: list[Done] = []
    quix: list[PeerResult] = []
    java: list[PeerResult] = []
    for _ in range(sizes.repeats):
        ours.append(count(bench, job.topic))
        if sizes.peers:
            quix.append(run_quix(job))
            java.append(run_kafka_streams(job, Settings().cache_dir))
    faust = [run_faust(slow)]
    rates = [one.per_s for one in ours]
    mid = sorted(ours, key=lambda one: one.per_s)[len(ours) // 2]
    memory = mid.rss_bytes_max / 2**20
    about = f"{sizes.count_records:,} records of 300 bytes under {KEYS:,} keys"
    name = "durable keyed count, one process"
    return [
        Row(name, median(rates), "records/s",
            f"{about}; {spread(rates)}; {mid.cores()}; {memory:.0f} MiB"),
        beside(f"{name}, over idiomatic Faust", rates, faust, FASTER_THAN_FAUST),
        beside(f"{name}, over Quix Streams", rates, quix, FASTER_THAN_QUIX),
        beside(f"{name}, over Kafka Streams", rates, java, FASTER_THAN_KAFKA_STREAMS),
    ]  # fmt: skip


def beside(name: str, ours: Sequence[float], peer: Sequence[PeerResult], bound: float) -> Row:
    """Return the row of our rate over a peer's, by medians; no target where the peer ran not."""
    ran = [one.records_per_s for one in peer if one.records]
    if not ran:
        return Row(name, 0.0, "ratio", peer[0].note if peer else NOT_QUICK)
    ratio = median(ours) / median(ran)
    note = f"{spread(ours)} over {spread(ran)}; {peer[0].name}, {peer[0].note}"
    return Row(name, ratio, "ratio", note, at_least(bound))
