"""Two workers beside one: the same partitions, the same records, twice the processes.

Rules: all are seated before anybody takes a record in, with one worker as with two. Where workers
and broker together have no more cores than the machine, that is the limit and the row says so; the
light count, which writes hardly any state, shows how much of it was the broker.
"""

import os
from collections.abc import Callable
from statistics import median

from bench.measure_worker_count import count, filled, spread
from bench.measure_worker_job import filled_town, full_job
from bench.measure_worker_running import Bench, Done
from bench.rows import Row, at_least

TWO_OVER_ONE = 1.7
_NEAR = 0.9
"""From this share of all cores on, the machine is the limit."""


def scale_rows(bench: Bench) -> list[Row]:
    """Measure one and two workers in turn: the count, the light count, and the full job."""
    sizes = bench.sizes
    topic = filled(bench, sizes.count_records)
    light = filled(bench, sizes.count_records, sizes.light_keys)
    logs = filled_town(bench)
    return [
        _row(bench, "durable keyed count", lambda n: count(bench, topic, processes=n, gated=True)),
        _row(
            bench,
            f"count of {sizes.light_keys} keys, little state to write",
            lambda n: count(bench, light, processes=n, gated=True),
        ),
        _row(bench, "full job", lambda n: full_job(bench, logs, processes=n)),
    ]


def _row(bench: Bench, name: str, run: Callable[[int], Done]) -> Row:
    ones: list[Done] = []
    twos: list[Done] = []
    for _ in range(bench.sizes.repeats):
        ones.append(run(1))
        twos.append(run(2))
    one, two = ([done.per_s for done in some] for some in (ones, twos))
    note = f"{spread(two)} over {spread(one)} records; {_limit(ones[0], twos[0])}"
    return Row(
        f"two workers over one, {name}", median(two) / median(one), "ratio", note,
        at_least(TWO_OVER_ONE),
    )  # fmt: skip


def _limit(one: Done, two: Done) -> str:
    """Say what two workers had of the machine, and whether it could give more."""
    cores = os.cpu_count() or 1
    each = (two.cpu_s / two.records) / (one.cpu_s / one.records)
    said = (
        f"one: {one.cores()}; two: {two.cores()}; a record costs two workers {each:.2f} of the "
        "core time it costs one"
    )
    if two.busy >= _NEAR * cores:
        return f"{said}; the limit is the machine: {cores} cores, at most {cores / one.busy:.2f}"
    return said
