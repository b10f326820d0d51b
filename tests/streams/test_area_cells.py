"""A cell counts each incident of a day once, whatever the order in which reports arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import AreaSignal
from schemas.state import AreaCell, CellDay, Seen
from schemas.taxonomy import Kind
from schemas.times import MINUTE_US
from streams.area_cells import forget_days, incidents_in, is_repeated, new_incidents
from tests.builders import NOW_US, area_signal, short_id, signal_id

DAY = 739_000
MERGE_MINUTES = 15
WINDOW_US = MERGE_MINUTES * MINUTE_US


@st.composite
def day_of_signals(draw: st.DrawFn) -> list[AreaSignal]:
    """Signals of one cell and day with ids of their own, close in time, of few kinds and places."""
    return [
        area_signal(
            number << 64,
            at_us=NOW_US + draw(st.integers(0, 90)) * MINUTE_US,
            kind=draw(st.sampled_from((Kind.ACCIDENT, Kind.SCHOOL))),
            place=draw(st.sampled_from((None, "p1", "p2"))),
        )
        for number in range(draw(st.integers(0, 15)))
    ]


def counted(
    signals: list[AreaSignal], *, smallest: bool = True, cell: AreaCell | None = None
) -> list[int]:
    """By how much each signal changes the count of the day; repetitions are left out."""
    cell = AreaCell() if cell is None else cell
    return [
        new_incidents(cell, signal, DAY, MERGE_MINUTES, smallest=smallest)
        for signal in signals
        if not is_repeated(cell, signal, DAY)
    ]


@given(signals=day_of_signals(), smallest=st.booleans(), data=st.data())
def test_the_count_and_what_is_remembered_do_not_depend_on_the_order_of_arrival(
    signals: list[AreaSignal], data: st.DataObject, *, smallest: bool
) -> None:
    one, other = AreaCell(), AreaCell()
    changes = counted(signals, smallest=smallest, cell=one)
    shuffled = data.draw(st.permutations(signals))
    assert sum(counted(shuffled, smallest=smallest, cell=other)) == sum(changes)
    assert other == one


@given(signals=day_of_signals(), smallest=st.booleans())
def test_a_report_adds_one_incident_or_none_and_never_takes_one_away(
    signals: list[AreaSignal], *, smallest: bool
) -> None:
    assert set(counted(signals, smallest=smallest)) <= {0, 1}


@given(times=st.lists(st.integers(0, 200), max_size=12).map(sorted), more=st.integers(0, 200))
def test_runs_cover_all_times_and_one_more_time_never_makes_them_fewer(
    times: list[int], more: int
) -> None:
    count = incidents_in(times, 15)
    assert incidents_in(sorted([*times, more]), 15) - count in {0, 1}
    gaps = sum(later - earlier > 15 for earlier, later in pairwise(times))
    assert gaps + bool(times) <= count <= len(set(times))


@given(signals=day_of_signals(), data=st.data())
def test_every_repetition_is_found_wherever_it_comes(
    signals: list[AreaSignal], data: st.DataObject
) -> None:
    twice = data.draw(st.permutations([*signals, *signals]))
    one, other = AreaCell(), AreaCell()
    assert sum(counted(twice, cell=other)) == sum(counted(signals, cell=one))
    assert other == one


@pytest.mark.parametrize(
    ("second", "incidents"),
    [
        (area_signal(2 << 64, at_us=NOW_US + WINDOW_US, place="p"), 1),
        (area_signal(2 << 64, at_us=NOW_US + WINDOW_US + 1, place="p"), 2),
        (area_signal(2 << 64, at_us=NOW_US - WINDOW_US, place="p"), 1),
        (area_signal(2 << 64, place="elsewhere"), 2),
        (area_signal(2 << 64, place="p", kind=Kind.ACCIDENT), 2),
        (area_signal(2 << 64), 2),
    ],
    ids=["in the window", "after it", "before", "elsewhere", "another kind", "place unknown"],
)
def test_near_duplicates_are_of_one_kind_place_and_quarter_of_an_hour(
    second: AreaSignal, incidents: int
) -> None:
    assert sum(counted([area_signal(1 << 64, place="p"), second])) == incidents


def test_a_grid_without_a_location_is_a_place_and_a_larger_cell_is_none() -> None:
    same = [area_signal(number << 64) for number in range(4)]
    assert counted(same, smallest=True) == [1, 0, 0, 0]
    assert counted(same, smallest=False) == [1, 1, 1, 1]


def test_a_larger_cell_with_a_location_merges_there() -> None:
    same = [area_signal(number << 64, place="p") for number in range(4)]
    assert counted(same, smallest=False) == [1, 0, 0, 0]


def test_repetitions_are_found_by_the_beginning_of_the_id_per_day() -> None:
    cell, signal = AreaCell(), area_signal(1 << 64)
    assert not is_repeated(cell, signal, DAY)
    assert is_repeated(cell, signal, DAY)
    assert not is_repeated(cell, signal, DAY + 1)
    assert cell.days[0].seen == {int(signal_id(1 << 64)[:16], 16)}


@given(days=st.sets(st.integers(DAY - 5, DAY + 5)), before=st.integers(DAY - 6, DAY + 6))
def test_days_that_can_receive_nothing_more_are_forgotten_and_no_others(
    days: set[int], before: int
) -> None:
    cell = AreaCell([CellDay(day, {day}) for day in sorted(days)])
    forget_days(cell, before, NOW_US)
    assert {kept.day for kept in cell.days} == {day for day in days if day >= before}


def test_incidents_are_remembered_until_their_time() -> None:
    cell = AreaCell([], [Seen(NOW_US, short_id(1)), Seen(NOW_US + 1, short_id(2))])
    forget_days(cell, DAY, NOW_US)
    assert len(cell.incidents) == 2
    forget_days(cell, DAY, NOW_US + 1)
    assert [seen.signal for seen in cell.incidents] == [short_id(2)]
