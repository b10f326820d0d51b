"""`python -m bench`: run every measurement, print one table, write results.json.

Rules: each measurement of the core runs in a process of its own, pinned to one core, so that none
inherits the memory or the warmth of another; those of the worker have a broker of their own each,
and are not pinned, for worker, peers and broker are processes themselves. Feeds are simulated once
for either half and shared through a temporary folder.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console

from bench.measure_api import API_MEASURES
from bench.measure_memory import measure_resident, measure_traced
from bench.measure_persons import measure_growth, measure_step
from bench.measure_replay import measure_danger, measure_end_to_end, measure_flat, measure_town
from bench.measure_scale import measure_scale
from bench.measure_stages import measure_area, measure_intake
from bench.measure_store import STORE_MEASURES
from bench.measure_worker import WORKER_MEASURES
from bench.profile import profile
from bench.results import results_of, show, write
from bench.rows import Row
from bench.sizes import FULL, QUICK, Sizes
from bench.stopwatch import pin

Measure = Callable[[Sizes, Path], list[Row]]
Measures = tuple[tuple[str, Measure], ...]

MEASURES: Measures = (
    ("replay of a town", measure_town),
    ("replay where all is danger", measure_danger),
    ("replay, file to files", measure_end_to_end),
    ("replay of several years", measure_flat),
    ("few persons and many", measure_scale),
    ("person step", measure_step),
    ("person step, few persons and many", measure_growth),
    ("memory, traced", measure_traced),
    ("memory, resident", measure_resident),
    ("intake", measure_intake),
    ("area step", measure_area),
)
_RESULTS = Path(__file__).with_name("results.json")
_TABLE_COLUMNS = 140


def measured(measures: Measures, sizes: Sizes, say: Console, *, pinned: bool) -> list[Row]:
    """Run measurements, one after another, each in a fresh process."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        for name, measure in measures:
            say.print(f"measuring: {name}", highlight=False)
            fresh = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=pin if pinned else None
            )
            with fresh as process:
                rows.extend(process.submit(measure, sizes, Path(folder)).result())
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return the exit code; a missed target is no failure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure forewarn.")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that all runs")
    parser.add_argument(
        "--profile",
        nargs="?",
        const="town",
        choices=sorted(FULL.profiled),
        help="print where a replay's time goes, of a town (the default) or where all is danger",
    )
    parser.add_argument(
        "--only", choices=("core", "worker"), help="measure the core, or worker and store"
    )
    parser.add_argument("--out", type=Path, help="results file (else results.json beside the code)")
    given = parser.parse_args(arguments)
    sizes = QUICK if given.quick else FULL
    say = Console(stderr=True)
    if given.profile:
        pin()
        sys.stdout.write(profile(sizes.profiled[given.profile]))
        return 0
    if (given.quick or given.only) and given.out is None:
        parser.error("small sizes or half the rows are not kept as results: give --out with them")
    core = MEASURES if given.only != "worker" else ()
    worker = (*WORKER_MEASURES, *STORE_MEASURES, *API_MEASURES) if given.only != "core" else ()
    results = results_of(
        measured(core, sizes, say, pinned=True),
        measured(worker, sizes, say, pinned=False),
        quick=given.quick,
    )
    write(results, given.out or _RESULTS)
    console = Console()
    show(results, console if console.is_terminal else Console(width=_TABLE_COLUMNS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
