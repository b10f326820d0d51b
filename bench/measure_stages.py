"""Single stages: the intake alone and the area stage alone, on a slice of a town's year.

Rules: each stage is given what it would be given in the whole, ticks included, timed apart. The
peer of the intake is the decoding of the event; that of the area stage, a count by area, kind
and day in one dictionary.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.feeds import lines_of, pipeline
from bench.rows import Row
from bench.sizes import Sizes
from bench.stopwatch import Stopwatch, settle
from schemas.events import Event, RawRecord
from schemas.records import AreaSignal, Tick
from schemas.times import DAY_US
from streams.outputs import Outputs
from streams.pipeline import SOURCE
from streams.replay import TICK_US


def measure_intake(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the intake: check, pseudonymise, seal, route."""
    records = [line.record() for line in lines_of(folder, sizes.town, sizes.slice_events)]
    settle()
    intake, watch, peer = pipeline().intake, Stopwatch(), Stopwatch()
    with watch:
        for record in records:
            intake.step(record)
    with peer:
        _decode(records)
    note = f"{len(records):,} events of a town"
    ratios = {"decoding the event alone": watch.core_s / peer.core_s}
    return [Row("intake", watch.us_each(len(records)), "µs", note, None, ratios)]


def measure_area(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the area stage: its signals, and its ticks, of which one a day closes the day."""
    intake = pipeline().intake
    lines = lines_of(folder, sizes.town, sizes.slice_events)
    taken = (intake.step(line.record()).area for line in lines)
    signals = [signal for signal in taken if signal is not None]
    settle()
    stage, stepping, ticking, peer = pipeline().area, Stopwatch(), Stopwatch(), Stopwatch()
    next_us, ticks = (signals[0].ingest_us // TICK_US + 1) * TICK_US, 0
    for signal in signals:
        while signal.ingest_us >= next_us:
            with ticking:
                stage.step(Tick(SOURCE, next_us), Outputs())
            next_us += TICK_US
            ticks += 1
        with stepping:
            stage.step(signal, Outputs())
    with peer:
        _count(signals)
    note = f"{len(signals):,} signals in {len(stage.series):,} series"
    return [
        Row(
            "area step",
            stepping.us_each(len(signals)),
            "µs",
            note,
            None,
            {"a count in a dictionary": stepping.core_s / peer.core_s},
        ),
        Row("area tick", ticking.us_each(ticks), "µs", f"{ticks:,} ticks, the same run"),
    ]


def _decode(records: Sequence[RawRecord]) -> None:
    decode = msgspec.json.Decoder(Event).decode
    for record in records:
        decode(record.value)


def _count(signals: Sequence[AreaSignal]) -> None:
    counts: Counter[tuple[str, str, int]] = Counter()
    for signal in signals:
        counts[signal.area, signal.kind, signal.time_us // DAY_US] += 1
