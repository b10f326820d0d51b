"""The area stage where one source is read days behind another, said again, and started anew.

After an outage the partitions of a raw topic catch up at different speeds, and what an intake had
not committed is said once more: counts must not notice, nor a stage that begins from its state.
"""

from collections.abc import Iterator

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.areas import Directory
from schemas.records import AreaRecord, AreaSignal, Tick
from schemas.state import AreaCell, AreaSeries
from schemas.taxonomy import Kind
from schemas.times import DAY_US, HOUR_US
from schemas.versioned import AREA_CELL, AREA_SERIES
from streams.area_stage import OPEN_DAYS_MAX, AreaConfig, AreaStage
from streams.clock import NEVER_US, StageClock
from streams.outputs import Outputs
from streams.state import LiveState
from tests.builders import AREA, NOW_US, area_signal

SOURCES = ("ahead", "behind")
GRIDS = [AREA[:12] + "001", AREA[:12] + "002"]
DAYS = 24


class House:
    """An area stage over state that it can be started again from."""

    def __init__(self) -> None:
        self.cells: LiveState[AreaCell] = LiveState(AREA_CELL)
        self.series: LiveState[AreaSeries] = LiveState(AREA_SERIES)
        self.clock = StageClock(SOURCES, NEVER_US)
        self.said: list[bytes] = []
        self.start()

    def start(self) -> None:
        """Begin from the state alone."""
        clock = StageClock(SOURCES, NEVER_US)
        clock.set_to(self.clock.reading())
        self.clock = clock
        self.stage = AreaStage(
            AreaConfig(),
            directory=Directory(),
            cells=self.cells,
            series=self.series,
            clock=clock,
        )

    def take(self, record: AreaRecord) -> None:
        out = Outputs()
        self.stage.step(record, out)
        self.said += [msgspec.json.encode(one) for one in (*out.alerts, *out.assessments)]

    def state(self) -> tuple[object, object]:
        return self.cells.snapshot(), self.series.snapshot()


def of_source(source: str, reports: dict[int, int]) -> Iterator[AreaRecord]:
    """A source's records: so many reports on each day, in one grid, and four ticks a day."""
    number = SOURCES.index(source) << 32
    for day in range(DAYS):
        for report in range(reports.get(day, 0)):
            number += 1
            at = NOW_US + day * DAY_US + report * 20 * 60_000_000
            signal = area_signal(at_us=at, area=GRIDS[report % 2], kind=Kind.FIRE_GAS_HAZARD)
            yield msgspec.structs.replace(signal, signal_id=f"{number:016x}" * 2)
        for quarter in range(1, 5):
            yield Tick(source, NOW_US + day * DAY_US + quarter * 6 * HOUR_US)


@st.composite
def logs(draw: st.DrawFn) -> list[AreaRecord]:
    """The records of two sources, one read ahead; then some of one again, as after a crash."""
    counts = st.dictionaries(st.integers(8, DAYS - 1), st.integers(1, 12), max_size=8)
    ahead, behind = (list(of_source(one, draw(counts))) for one in SOURCES)
    first = draw(st.integers(1, len(ahead)))
    second = draw(st.integers(1, len(behind)))
    back = draw(st.integers(0, second))
    return [*ahead[:first], *behind[:second], *behind[second - back :], *ahead[first:]]


@settings(max_examples=60)
@given(logs(), st.integers(0, 300))
def test_a_stage_started_anew_anywhere_says_and_holds_the_same(
    log: list[AreaRecord], cut: int
) -> None:
    through, anew = House(), House()
    for number, record in enumerate(log):
        through.take(record)
        if number == cut:
            anew.start()
        anew.take(record)
    assert anew.said == through.said
    assert anew.state() == through.state()


@settings(max_examples=60)
@given(logs())
def test_what_is_said_again_is_counted_once(log: list[AreaRecord]) -> None:
    once, again = House(), House()
    known: set[str] = set()
    for record in log:
        again.take(record)
        if isinstance(record, AreaSignal):
            if record.signal_id in known:
                continue
            known.add(record.signal_id)
        once.take(record)
    assert again.said == once.said
    assert again.series.snapshot() == once.series.snapshot()


def test_the_memory_of_a_cell_is_bounded_however_far_a_source_is_behind() -> None:
    house = House()
    house.take(Tick("behind", NOW_US))
    for day in range(2 * OPEN_DAYS_MAX):
        signal = area_signal(at_us=NOW_US + day * DAY_US, area=GRIDS[0])
        house.take(msgspec.structs.replace(signal, signal_id=f"{day:016x}" * 2))
    cell = house.cells.get(GRIDS[0])
    assert cell is not None
    assert len(cell.days) == OPEN_DAYS_MAX + 1
