"""The area stage where one source is read days behind another, said again, and started anew.

After an outage the partitions of a raw topic catch up at different speeds, and what an intake had
not committed is said once more: counts must not notice, nor a stage that begins from its state.
"""

from collections.abc import Iterator
from random import Random

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from schemas.areas import Directory
from schemas.records import AreaRecord, AreaSignal, Tick
from schemas.state import StageProgress
from schemas.taxonomy import Kind
from schemas.times import DAY_US, HOUR_US, MINUTE_US
from schemas.versioned import AREA_CELL, AREA_SERIES
from streams.area_stage import OPEN_DAYS_MAX, AreaConfig, AreaStage
from streams.clock import NEVER_US, StageClock
from streams.outputs import Outputs
from streams.worker.frames import body_of
from streams.worker.seats import CELLS, SERIES
from streams.worker.state import PartitionState
from streams.worker.stores import MemoryStore
from tests.builders import AREA, NOW_US, area_signal

SOURCES = ("ahead", "behind")
GRIDS = [f"{AREA[:12]}{number:03d}" for number in range(1, 6)]
KINDS = (Kind.FIRE_GAS_HAZARD, Kind.FAMILY_DISPUTE)
DAYS = 24


class House:
    """An area stage over durable state, which it can be started again from."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.said: list[bytes] = []
        self.offset = -1
        self.start()

    def start(self) -> None:
        """Begin from what is durable alone."""
        self.state = PartitionState(self.store)
        self.series = self.state.view(SERIES, AREA_SERIES, live=True)
        self.cells = self.state.view(CELLS, AREA_CELL, live=True)
        self.clock = StageClock(SOURCES, NEVER_US)
        self.clock.set_to(self.state.progress.clock)
        self.stage = AreaStage(
            AreaConfig(),
            directory=Directory(),
            cells=self.cells,
            series=self.series,
            clock=self.clock,
        )

    def take(self, record: AreaRecord) -> None:
        """Take a record in, as a chunk of its own."""
        out = Outputs()
        self.stage.step(record, out)
        self.said += [msgspec.json.encode(one) for one in (*out.alerts, *out.assessments)]
        self.offset += 1
        progress = StageProgress(self.offset + 1, self.clock.reading())
        self.state.changes(self.offset, progress, 0.0)
        self.state.merge(self.offset)

    def held(self) -> dict[bytes, bytes]:
        """All series, as they are durable."""
        return {key: body_of(self.store.get(key) or b"") for key in self.store.keys(SERIES)}


def of_source(source: str, chance: Random) -> Iterator[AreaRecord]:
    """A source's records: quiet days with a few reports, some with many in one grid; its ticks."""
    number = SOURCES.index(source) << 32
    for day in range(DAYS):
        reports = [(grid, KINDS[0]) for grid in GRIDS for _ in range(chance.choice((0, 0, 1)))]
        if day > DAYS / 3 and chance.random() < 0.4:
            grid, kind = chance.choice(GRIDS), chance.choice(KINDS)
            reports += [(grid, kind)] * chance.randint(3, 9)
        for place, (grid, kind) in enumerate(reports):
            number += 1
            at = NOW_US + day * DAY_US + place * 23 * MINUTE_US
            signal = area_signal(at_us=at, area=grid, kind=kind)
            yield msgspec.structs.replace(signal, signal_id=f"{number:016x}" * 2)
            if place % 4 == 3:
                yield Tick(source, at)
        yield Tick(source, NOW_US + day * DAY_US + 12 * HOUR_US)


@st.composite
def logs(draw: st.DrawFn) -> list[AreaRecord]:
    """The records of two sources, one read ahead; then some of one again, as after a crash."""
    chance = Random(draw(st.integers(0, 10_000)))  # noqa: S311  # seeded on purpose
    ahead, behind = (list(of_source(one, chance)) for one in SOURCES)
    log: list[AreaRecord] = []
    while ahead or behind:
        first, second = chance.randint(0, 40), chance.randint(0, 25)
        log += ahead[:first] + behind[:second]
        ahead, behind = ahead[first:], behind[second:]
        if chance.random() < 0.2:
            log += [one for one in log[-60:] if isinstance(one, AreaSignal)]
    return log


@settings(max_examples=60)
@given(logs(), st.sets(st.integers(0, 400), max_size=4))
def test_a_stage_started_anew_anywhere_says_and_holds_the_same(
    log: list[AreaRecord], cuts: set[int]
) -> None:
    through, anew = House(), House()
    for number, record in enumerate(log):
        through.take(record)
        if number in cuts:
            anew.start()
        anew.take(record)
    event(f"{min(len(through.said) // 4, 3)} times four or more told")
    assert anew.said == through.said
    assert anew.held() == through.held()


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
    assert again.held() == once.held()


def test_the_memory_of_a_cell_is_bounded_however_far_a_source_is_behind() -> None:
    house = House()
    house.take(Tick("behind", NOW_US))
    for day in range(2 * OPEN_DAYS_MAX):
        signal = area_signal(at_us=NOW_US + day * DAY_US, area=GRIDS[0])
        house.take(msgspec.structs.replace(signal, signal_id=f"{day:016x}" * 2))
    cell = house.cells.get(GRIDS[0])
    assert cell is not None
    assert len(cell.days) == OPEN_DAYS_MAX + 1
