"""Replay: intake to decision on one core, and whether its rate stays the same along the way.

Rules: the events are in memory and in order; the figure is of all `Pipeline.take` and ticks. The
peers read the same bytes in the same process: `json.loads` and a count, and the decoding of
the closed event type alone, which is the floor of any intake that checks what it takes; they run
before and after, and the mean counts, because a shared machine is faster at one time than another.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from bench.feeds import CODE_VERSION, UNTIL_US, feed_file, lines_of, pipeline
from bench.rows import Row, at_least
from bench.sizes import Sizes
from bench.stopwatch import Stopwatch, core_time, settle
from schemas.events import Event
from streams.feeds.town_config import TownConfig
from streams.replay import replay, run
from streams.replay_files import ReplayFiles
from streams.replay_order import Line

RATE_MIN = 25_000.0
FLAT_MIN = 0.8
_PEER_JSON = "json.loads and a count"
_PEER_EVENT = "decoding the event alone"


def measure_town(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure a town's year."""
    lines = lines_of(folder, sizes.town)
    return [_rate_row("replay of a town", lines, sizes.town)]


def measure_flat(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure whether the rate stays the same over several years, far beyond any retention."""
    lines = lines_of(folder, sizes.years)
    house = pipeline()
    settle()
    marks = [(0, core_time())]
    run(house, iter(lines), lambda records: marks.append((records, core_time())))
    rates = _quarters(marks)
    note = (
        f"{', '.join(f'{rate:,.0f}' for rate in rates)} events/s in the quarters of one run of "
        f"{len(lines):,} events of {sizes.years.persons:,} persons in {sizes.years.days:,} days"
    )
    name = "rate of the last quarter over the first"
    return [Row(name, rates[-1] / rates[0], "ratio", note, at_least(FLAT_MIN))]


def measure_danger(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure a feed of which every event has a person and danger."""
    lines = lines_of(folder, sizes.danger)
    return [_rate_row("replay where all is danger", lines, sizes.danger)]


def measure_end_to_end(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure a replay from file to files: reading, ordering, stepping, writing."""
    path = feed_file(folder, sizes.town)
    with path.open("rb") as stream, tempfile.TemporaryDirectory(dir=folder) as out:
        watch = Stopwatch()
        with watch, ReplayFiles(Path(out)) as files:
            house = pipeline(files)
            span = replay(house, stream, UNTIL_US)
            files.finish(house, span, {"code": CODE_VERSION})
        written = sum(file.stat().st_size for file in Path(out).iterdir())
    note = f"{watch.wall_note(span.records)}; {written / 1e6:,.0f} MB of results written"
    rate = watch.rate(span.records)
    return [Row("replay of a town, file to files", rate, "events/s", note)]


def _rate_row(name: str, lines: Sequence[Line], config: TownConfig) -> Row:
    house = pipeline()
    settle()
    by_json, by_event = _json_count_s(lines), _decode_s(lines)
    watch = Stopwatch()
    with watch:
        run(house, iter(lines))
    note = (
        f"{len(lines):,} events of {config.persons:,} persons in {config.days} days; "
        f"{watch.wall_note(len(lines))}; {len(house.person.state):,} histories"
    )
    return Row(
        name,
        watch.rate(len(lines)),
        "events/s",
        note,
        at_least(RATE_MIN),
        {
            _PEER_JSON: 2 * watch.core_s / (by_json + _json_count_s(lines)),
            _PEER_EVENT: 2 * watch.core_s / (by_event + _decode_s(lines)),
        },
    )


def _quarters(marks: Sequence[tuple[int, float]]) -> list[float]:
    """Return the rates (events a second) of the four quarters of a run."""
    edges = [marks[(len(marks) - 1) * quarter // 4] for quarter in range(5)]
    return [max(b[0] - a[0], 1) / max(b[1] - a[1], 1e-9) for a, b in pairwise(edges)]


def _json_count_s(lines: Sequence[Line]) -> float:
    """Return the core seconds of reading every line into plain values and counting by kind."""
    counts: Counter[tuple[str, str]] = Counter()
    watch = Stopwatch()
    with watch:
        for line in lines:
            data = json.loads(line.value)["data"]
            counts[data["kind"], data["area"]] += 1
    return watch.core_s


def _decode_s(lines: Sequence[Line]) -> float:
    """Return the core seconds of decoding and checking every line as an event."""
    decode = msgspec.json.Decoder(Event).decode
    watch = Stopwatch()
    with watch:
        for line in lines:
            decode(line.value)
    return watch.core_s
