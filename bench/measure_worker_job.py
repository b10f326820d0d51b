"""The full job: from signals on the logs, or records in the feed, to durable state and alerts.

Rules: events a second are events of the feed, each counted once however many records it becomes.
The peers: the same core in a bare aiokafka loop, where nothing is durable; and our person step
inside a stateful step of Quix Streams, compared with our person stage alone on the same signals.
"""

import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from uuid import uuid4

import msgspec

from bench.measure_worker_bare import BareSaid, BareTask
from bench.measure_worker_count import NOT_QUICK, fresh, spread
from bench.measure_worker_logs import (
    Filled,
    activate,
    feed_town,
    fill_signals,
    fill_town,
    raw_elsewhere,
    town,
)
from bench.measure_worker_process import Task
from bench.measure_worker_running import DEADLINE_S, Bench, Done, Goal, run_workers
from bench.peers.fill import fill_person_log
from bench.peers.runs import run_quix_core
from bench.peers.watched import ROOT, Job, PeerError
from bench.persons import SIGNALS_EACH
from bench.rows import Row, at_least
from schemas.topics import AREA_LOG, FEEDS, HELP_RETURNS, PERSON_LOG, SERVICE_LOG
from streams.cluster.naming import named

EVENTS_PER_S = 20_000.0
OF_BARE = 0.7
FASTER_THAN_QUIX_CORE = 1.5
STAGES = {"person": PERSON_LOG, "area": AREA_LOG}


def filled_town(bench: Bench) -> Filled:
    """Fill the logs of a new namespace with what the intake makes of the town."""
    lines = town(bench.folder, bench.sizes.town, bench.sizes.events)
    return fill_town(bench.bootstrap, fresh(bench, "town"), lines)


def full_job(bench: Bench, logs: Filled, *, processes: int = 1) -> Done:
    """Run person and area stage over filled logs, from nothing to all durable."""
    space = fresh(bench, "job")
    elsewhere = logs.elsewhere()
    seats = PERSON_LOG.partitions // processes
    task = Task(bench.bootstrap, space, tuple(STAGES), seats, elsewhere=elsewhere)
    goals = [
        Goal(named(space, f"forewarn-{stage}"), elsewhere[log.name])
        for stage, log in STAGES.items()
    ]
    return run_workers(bench, [task] * processes, goals)


def job_rows(bench: Bench) -> list[Row]:
    """Measure the stages on filled logs, beside the bare loop in turn; and Quix's runner."""
    logs = filled_town(bench)
    ours: list[Done] = []
    bare: list[BareSaid] = []
    for _ in range(bench.sizes.repeats):
        ours.append(full_job(bench, logs))
        bare.append(_bare(bench, logs))
    rates = [logs.events / one.seconds for one in ours]
    bares = [logs.events / one.seconds for one in bare]
    name = "full job, signals to durable state and alerts"
    core = median(one.cpu_s for one in ours) / median(one.cpu_s for one in bare)
    return [
        Row(name, median(rates), "events/s",
            f"{logs.note()}; {spread(rates)}; {ours[0].cores()}", at_least(EVENTS_PER_S)),
        Row(f"{name}, over a bare aiokafka loop", median(rates) / median(bares), "ratio",
            f"{spread(rates)} over {spread(bares)} with nothing durable; {core:.2f} of its core "
            "time", at_least(OF_BARE)),
        _beside_quix(bench),
    ]  # fmt: skip


def _bare(bench: Bench, logs: Filled) -> BareSaid:
    task = msgspec.json.encode(BareTask(bench.bootstrap, logs.elsewhere())).decode()
    done = subprocess.run(
        [sys.executable, "-m", "bench.measure_worker_bare", task],
        cwd=ROOT,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise PeerError(f"the bare loop ended:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=BareSaid)


def _beside_quix(bench: Bench) -> Row:
    name = "person stage, over our person step inside Quix Streams"
    persons = bench.sizes.core_persons
    signals = SIGNALS_EACH * persons
    ours: Sequence[float] = [
        signals / _person_stage(bench, persons).seconds for _ in range(bench.sizes.repeats)
    ]
    if not bench.sizes.peers:
        return Row(name, 0.0, "ratio", f"{spread(ours)}; Quix {NOT_QUICK}")
    topic = f"signals-{uuid4().hex[:8]}"
    number = fill_person_log(bench.bootstrap, topic, persons)
    quix = run_quix_core(Job(bench.bootstrap, topic, number))
    return Row(
        name,
        median(ours) / quix.records_per_s,
        "ratio",
        f"{signals:,} signals of {persons:,} persons, a model active; {spread(ours)} over "
        f"{quix.records_per_s:,.0f}/s; {quix.note}",
        at_least(FASTER_THAN_QUIX_CORE),
    )


def _person_stage(bench: Bench, persons: int) -> Done:
    """Run the person stage alone on the signals that Quix is given."""
    space = fresh(bench, "person")
    activate(bench.bootstrap, space)
    log = named(space, PERSON_LOG.name)
    fill_signals(bench.bootstrap, log, persons, 0, SIGNALS_EACH * persons)
    task = Task(bench.bootstrap, space, ("person",), PERSON_LOG.partitions)
    return run_workers(bench, [task], [Goal(named(space, "forewarn-person"), log)])


def intake_rows(bench: Bench) -> list[Row]:
    """Measure the whole way in one process: raw topics, intake, person, area and service stage."""
    lines = town(bench.folder, bench.sizes.town, bench.sizes.events)
    source = fresh(bench, "fed")
    events = feed_town(bench.bootstrap, source, lines)
    done = [_with_intake(bench, source) for _ in range(bench.sizes.repeats)]
    rates = [events / one.seconds for one in done]
    return [
        Row(
            "full job with the intake, feed to durable state and alerts",
            median(rates),
            "events/s",
            f"{events:,} events of a town, all stages in one process; {spread(rates)}; "
            f"{done[0].cores()}",
            at_least(EVENTS_PER_S),
        )
    ]


def _with_intake(bench: Bench, source: str) -> Done:
    space = fresh(bench, "intake")
    activate(bench.bootstrap, space)
    raw = raw_elsewhere(source)
    logs = {**STAGES, "service": SERVICE_LOG}
    stages = ("intake", *logs)
    task = Task(bench.bootstrap, space, stages, PERSON_LOG.partitions, elsewhere=raw)
    goals = [Goal(named(space, "forewarn-intake"), raw[feed.name]) for feed in FEEDS.values()]
    goals += [
        Goal(named(space, f"forewarn-{stage}"), named(space, log.name))
        for stage, log in logs.items()
    ]
    goals.append(Goal(named(space, "forewarn-intake"), named(space, HELP_RETURNS.name)))
    return run_workers(bench, [task], goals)
