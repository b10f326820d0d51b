"""Replay: a whole feed through the pipeline in one process, with time made by the feed itself.

Rules: the feed is put in order first, and ticks come every quarter of an hour of its own time, so
the same feed gives the same bytes whatever the order of its lines and whenever it is run. One last
tick after the newest record closes the day that is under way.
"""

from collections.abc import Iterator
from typing import IO, NamedTuple

from streams.pipeline import Pipeline
from streams.replay_order import Line, Progress, ordered
from streams.state import BUCKET_US

TICK_US = BUCKET_US


class Span(NamedTuple):
    """What a replay went through: records, and first and last `ingesttime` (0 where none)."""

    records: int
    first_us: int
    last_us: int


def replay(
    pipeline: Pipeline,
    stream: IO[bytes],
    until_us: int,
    *,
    read: Progress | None = None,
    stepped: Progress | None = None,
) -> Span:
    """Run a feed (JSON lines, decompressed) through the pipeline and return its span.

    `until_us` is the newest `ingesttime` that is believed; `read` and `stepped` are told how many
    lines were read and how many records were taken.
    """
    earliest_us = pipeline.intake.earliest_us
    lines = ordered(stream, until_us, earliest_us=earliest_us, progress=read)
    return run(pipeline, lines, stepped)


def run(pipeline: Pipeline, lines: Iterator[Line], stepped: Progress | None = None) -> Span:
    """Run lines that are in order through the pipeline, with ticks in between."""
    records = first_us = last_us = next_tick_us = 0
    take = pipeline.take
    for line in lines:
        if line.ingest_us:
            if not first_us:
                first_us = line.ingest_us
                next_tick_us = (first_us // TICK_US + 1) * TICK_US
            while line.ingest_us >= next_tick_us:
                pipeline.tick(next_tick_us)
                next_tick_us += TICK_US
            last_us = line.ingest_us
        take(line.record())
        records += 1
        if stepped is not None and not records % 4_096:
            stepped(records)
    if first_us:
        pipeline.tick(next_tick_us)
    if stepped is not None:
        stepped(records)
    return Span(records, first_us, last_us)
