"""A million persons in one worker: memory, the way back after a restart, and the cost of an event.

Rules: every person has one signal, so a history as it is after the first report. The cost is that
of the same signals about the same few persons, with and without the many others, in core time of
the worker. Faust's recovery is of a table in memory, of values of the same kind of size.
"""

from itertools import islice
from statistics import median

from bench.measure_worker_count import fresh
from bench.measure_worker_logs import activate, fill_signals
from bench.measure_worker_process import Task
from bench.measure_worker_running import Bench, Done, Goal, run_workers
from bench.peers.fill import send
from bench.peers.runs import run_faust_recovery
from bench.peers.watched import Job
from bench.persons import SIGNALS_EACH, four_each
from bench.rows import Row, at_least, at_most
from schemas.codec import encode
from schemas.topics import PERSON_LOG
from streams.cluster.naming import named
from streams.partitions import of_hex

GIB_MAX = 1.5
FASTER_THAN_FAUST = 5.0
MANY_OVER_FEW = 1.2
_STAGE = "person"


def million_rows(bench: Bench) -> list[Row]:
    """Measure the person stage with many persons, restart it, and compare it with few."""
    sizes = bench.sizes
    space = _remembering(bench, sizes.many_persons)
    first = _run(bench, space)
    _more(bench, space)
    again = _run(bench, space)
    few = [_few(bench) for _ in range(sizes.repeats)]
    faust = run_faust_recovery(Job(bench.bootstrap, f"{space}-faust", 0), sizes.faust_keys)
    seconds = again.recovered_s[_STAGE]
    back = sizes.many_persons / seconds
    cost, cost_few = _us(again), median(_us(one) for one in few)
    persons = f"{sizes.many_persons:,} persons"
    return [
        Row(f"memory of a worker with {persons}", first.rss_bytes_max / 2**30, "GiB",
            f"one signal each; after a restart {again.rss_bytes_max / 2**30:.2f} GiB; "
            f"{first.per_s:,.0f} signals/s", at_most(GIB_MAX)),
        Row(f"recovery of {persons}, over Faust's of a Table", back / faust.records_per_s, "ratio",
            f"{back:,.0f} keys/s, {seconds:.1f} s from assignment to ready, over "
            f"{faust.records_per_s:,.0f} keys/s ({sizes.faust_keys:,} keys)",
            at_least(FASTER_THAN_FAUST)),
        Row(f"cost of a signal with {persons}, over {sizes.few_persons:,}", cost / cost_few,
            "ratio", f"{cost:.1f} µs over {cost_few:.1f} µs of core time, the same "
            f"{again.records:,} signals", at_most(MANY_OVER_FEW)),
    ]  # fmt: skip


def _remembering(bench: Bench, persons: int) -> str:
    """Fill the log of a new namespace with one signal for each person; return its name."""
    space = fresh(bench, "persons")
    activate(bench.bootstrap, space)
    fill_signals(bench.bootstrap, named(space, PERSON_LOG.name), persons, 0, persons)
    return space


def _more(bench: Bench, space: str) -> None:
    """Add what the few persons report after that, the same in every namespace."""
    few, number = bench.sizes.few_persons, PERSON_LOG.partitions
    signals = islice(four_each(few), few, SIGNALS_EACH * few)
    records = ((of_hex(one.person, number), one.person.encode(), encode(one)) for one in signals)
    send(bench.bootstrap, named(space, PERSON_LOG.name), records)


def _few(bench: Bench) -> Done:
    space = _remembering(bench, bench.sizes.few_persons)
    _run(bench, space)
    _more(bench, space)
    return _run(bench, space)


def _run(bench: Bench, space: str) -> Done:
    task = Task(bench.bootstrap, space, (_STAGE,), PERSON_LOG.partitions)
    goal = Goal(named(space, f"forewarn-{_STAGE}"), named(space, PERSON_LOG.name))
    return run_workers(bench, [task], [goal])


def _us(done: Done) -> float:
    return done.cpu_s / done.records * 1e6
