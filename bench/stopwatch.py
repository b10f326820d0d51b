"""Time on one core: the core's own time, and the wall's beside it.

Rules: rates are of core time (`time.process_time`), because a machine that others use too takes the
process off its core now and then, and that is no property of the code; the wall time of the same
stretch is kept, so that a reader sees how much was taken away. What the measurement itself holds
(the feed in memory) is frozen out of the garbage collector first: it is not the product's.
"""

import gc
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Self


class Stopwatch:
    """Core and wall seconds of a `with` block, summed over all its uses."""

    def __init__(self) -> None:
        self.core_s = 0.0
        self.wall_s = 0.0
        self._core = 0.0
        self._wall = 0.0

    def __enter__(self) -> Self:
        self._wall, self._core = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.core_s += time.process_time() - self._core
        self.wall_s += time.perf_counter() - self._wall

    def us_each(self, number: int) -> float:
        """Return microseconds of core time for each of `number` things."""
        return self.core_s / number * 1e6 if number else 0.0

    def rate(self, number: int) -> float:
        """Return how many of `number` things were done in a second of core time."""
        return number / self.core_s if self.core_s else 0.0

    def wall_note(self, number: int) -> str:
        """Say the rate by the wall, for the note of a row."""
        return f"{number / self.wall_s:,.0f}/s by the wall" if self.wall_s else ""


def core_time() -> float:
    """Return the core time of this process in seconds."""
    return time.process_time()


def median_us(run: Callable[[], float], repeats: int) -> float:
    """Return the median of several runs, each giving microseconds."""
    return median(run() for _ in range(repeats))


def settle() -> None:
    """Collect garbage, and leave what is alive by now out of later collections."""
    gc.collect()
    gc.freeze()


def pin() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
