"""Memory: what a person with four signals and their waiting predictions takes in the person stage.

Rules: measured twice. Traced memory (tracemalloc) is what Python asked for, to the byte; the
resident set is what the system gave, with everything the allocator keeps back. All four predictions
still wait, which is the most that four signals can hold. The peer is the same four reports as
plain Python dictionaries in a dictionary, without any prediction.
"""

import gc
import resource
import sys
import tracemalloc
from pathlib import Path

import msgspec

from bench.persons import active_model, four_each, stage_with
from bench.rows import Row, at_most
from bench.sizes import Sizes
from streams.outputs import Outputs
from streams.person_stage import PersonStage

BYTES_MAX = 1_200.0
_STATM = Path("/proc/self/statm")
_KIB = 1_024


def measure_traced(sizes: Sizes, _folder: Path) -> list[Row]:
    """Measure the growth of traced memory by person, beside plain dictionaries."""
    persons = sizes.traced_persons
    model = active_model()
    tracemalloc.start()
    before = _traced()
    stage, state = stage_with(model)
    _fill(stage, persons)
    each = (_traced() - before) / persons
    packed = sum(map(len, state.snapshot().values())) / persons
    before = _traced()
    plain = _plain(persons)
    plainly = (_traced() - before) / len(plain)
    tracemalloc.stop()
    note = f"{persons:,} persons; {packed:,.0f} of them are the state's own bytes"
    peer = {"four plain dictionaries": each / plainly}
    return [Row("memory of a person, traced", each, "bytes", note, at_most(BYTES_MAX), peer)]


def measure_resident(sizes: Sizes, _folder: Path) -> list[Row]:
    """Measure the growth of the resident set by person."""
    persons = sizes.model_persons
    stage, state = stage_with(active_model())
    gc.collect()
    before = _resident()
    _fill(stage, persons)
    each = (_resident() - before) / len(state)
    note = f"{persons:,} persons, as the system counts"
    return [Row("memory of a person, resident", each, "bytes", note, at_most(BYTES_MAX))]


def _fill(stage: PersonStage, persons: int) -> None:
    for signal in four_each(persons):
        stage.step(signal, Outputs())


def _plain(persons: int) -> dict[str, list[object]]:
    """Return the same reports as plain values."""
    held: dict[str, list[object]] = {}
    for signal in four_each(persons):
        held.setdefault(signal.person, []).append(msgspec.to_builtins(signal))
    return held


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _resident() -> int:
    """Return the resident set in bytes; where only its peak is known, the peak."""
    gc.collect()
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB
