"""The measurements of the worker, each on a broker of its own, beside its peers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.measure_stored import stored_rows
from bench.measure_worker_count import count_rows
from bench.measure_worker_job import intake_rows, job_rows
from bench.measure_worker_latency import latency_rows
from bench.measure_worker_million import million_rows
from bench.measure_worker_running import Bench, bench_broker
from bench.measure_worker_scale import scale_rows
from bench.rows import Row
from bench.sizes import Sizes

Rows = Callable[[Bench], list[Row]]


def on_a_broker(rows: Rows, sizes: Sizes, folder: Path) -> list[Row]:
    """Measure on a broker that nobody has used, and that is gone afterwards."""
    with bench_broker(sizes.worker, folder) as bench:
        return rows(bench)


WORKER_MEASURES = (
    ("durable keyed count", partial(on_a_broker, count_rows)),
    ("full job", partial(on_a_broker, job_rows)),
    ("full job with the intake", partial(on_a_broker, intake_rows)),
    ("latency of an alert", partial(on_a_broker, latency_rows)),
    ("latency of an alert's row", partial(on_a_broker, stored_rows)),
    ("two workers", partial(on_a_broker, scale_rows)),
    ("a million persons", partial(on_a_broker, million_rows)),
)
