"""Scale: what an event costs among few persons and among many, on the same days.

Rules: the same days pass in both, so what a day costs (its ticks) is measured apart from what an
event costs; with twenty times the persons a day has twenty times the events to be spread over.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.feeds import lines_of, pipeline
from bench.rows import Row, at_least
from bench.sizes import Sizes
from bench.stopwatch import Stopwatch, settle
from streams.replay import TICK_US
from streams.replay_order import Line

FLAT_MIN = 0.8


def measure_scale(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the cost of an event and of a tick with few persons, then with many."""
    few_us = _costs(lines_of(folder, sizes.few), sizes.repeats)
    many_us = _costs(lines_of(folder, sizes.many), 1)
    few, many = sizes.few.persons, sizes.many.persons
    return [
        Row(
            "cost of an event, few persons over many",
            few_us[0] / many_us[0],
            "ratio",
            f"{few_us[0]:.1f} µs with {few:,} persons, {many_us[0]:.1f} µs with {many:,}; no ticks",
            at_least(FLAT_MIN),
        ),
        Row(
            "cost of a tick, many persons",
            many_us[1],
            "µs",
            f"one each quarter of an hour; {few_us[1]:.1f} µs with {few:,} persons, "
            f"{many_us[1]:.1f} µs with {many:,}",
        ),
    ]


def _costs(lines: Sequence[Line], repeats: int) -> tuple[float, float]:
    """Return microseconds of an event and of a tick, each the median of `repeats` runs."""
    settle()
    runs = [_run(lines) for _ in range(repeats)]
    return median(event for event, _ in runs), median(tick for _, tick in runs)


def _run(lines: Sequence[Line]) -> tuple[float, float]:
    house, ticking, whole = pipeline(), Stopwatch(), Stopwatch()
    ticks = 0
    next_us = (lines[0].ingest_us // TICK_US + 1) * TICK_US
    with whole:
        for line in lines:
            while line.ingest_us >= next_us:
                with ticking:
                    house.tick(next_us)
                next_us += TICK_US
                ticks += 1
            house.take(line.record())
    taking_us = (whole.core_s - ticking.core_s) / len(lines) * 1e6
    return taking_us, ticking.us_each(ticks)
