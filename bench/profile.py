"""Where the time of a replay goes: cProfile over a town's year, the costliest functions first.

Rules: a profile says where to look and not how long it takes: the profiler makes calls dearer than
what happens inside them.
"""

import cProfile
import io
import pstats
import tempfile
from pathlib import Path

from bench.feeds import lines_of, pipeline
from streams.feeds.town_config import TownConfig
from streams.replay import run

TOP = 25


def profile(config: TownConfig) -> str:
    """Return the `TOP` costliest functions of a replay, by their own and by cumulative time."""
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        lines = lines_of(Path(folder), config)
    house, profiler = pipeline(), cProfile.Profile()
    profiler.enable()
    run(house, iter(lines))
    profiler.disable()
    text = io.StringIO()
    stats = pstats.Stats(profiler, stream=text).strip_dirs()
    stats.sort_stats("tottime").print_stats(TOP)
    stats.sort_stats("cumulative").print_stats(TOP)
    return text.getvalue()
