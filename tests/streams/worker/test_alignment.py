"""A historical feed comes in its own order, however its partitions were read."""

from itertools import pairwise

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import RawRecord
from streams.worker.alignment import HELD_MAX, Alignment, Interval, RawItem

TPS = [TP("raw", number) for number in range(3)]
TICKS = 4
Feed = dict[TP, list[RawItem]]


def event(offset: int, place: int, partition: int) -> RawItem:
    return RawItem(offset, place, 0, RawRecord(b"", "raw", partition, offset, 0))


def tick(offset: int, at_us: int) -> RawItem:
    return RawItem(offset, 0, at_us, None)


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """A feed over three partitions: events between the ticks that each partition is told."""
    feed: Feed = {tp: [] for tp in TPS}
    place = 0
    for at_us in range(1, TICKS + 1):
        for number in draw(st.lists(st.integers(0, 2), max_size=6)):
            items = feed[TPS[number]]
            items.append(event(len(items), place, number))
            place += 1
        for items in feed.values():
            items.append(tick(len(items), at_us))
    return feed


@st.composite
def readings(draw: st.DrawFn) -> tuple[Feed, list[tuple[TP, list[RawItem]]]]:
    """A feed, and its records in chunks in any order that keeps each partition's own."""
    feed = draw(feeds())
    left = {tp: list(items) for tp, items in feed.items()}
    chunks = []
    while any(left.values()):
        tp = draw(st.sampled_from([tp for tp, items in left.items() if items]))
        size = draw(st.integers(1, len(left[tp])))
        chunks.append((tp, left[tp][:size]))
        left[tp] = left[tp][size:]
    return feed, chunks


def let_through(alignment: Alignment, tp: TP, items: list[RawItem]) -> list[Interval]:
    alignment.add(tp, items)
    return list(alignment.ready())


def owning(*tps: TP) -> Alignment:
    alignment = Alignment()
    alignment.own(tps)
    return alignment


def places(interval: Interval) -> list[tuple[int, int]]:
    return [(event.partition, event.offset) for _, event in interval.events]


@given(readings())
def test_any_way_of_reading_gives_the_same_intervals_in_the_order_of_the_feed(
    reading: tuple[Feed, list[tuple[TP, list[RawItem]]]],
) -> None:
    feed, chunks = reading
    alignment = owning(*TPS)
    intervals = [one for tp, items in chunks for one in let_through(alignment, tp, items)]

    placed = {
        (tp.partition, item.offset): item.place
        for tp, items in feed.items()
        for item in items
        if item.event is not None
    }
    order = [place for interval in intervals for place in places(interval)]
    assert [placed[one] for one in order] == list(range(len(placed)))
    assert [one.at_us for one in intervals] == list(range(1, TICKS + 1))
    assert all(set(one.told_by) == set(TPS) for one in intervals)
    assert alignment.next_offsets == {tp: len(items) for tp, items in feed.items()}
    for before, after in pairwise(intervals):
        assert before.at_us < after.at_us


@given(readings())
def test_nothing_is_let_through_before_all_have_told_its_tick(
    reading: tuple[Feed, list[tuple[TP, list[RawItem]]]],
) -> None:
    _, chunks = reading
    alignment = owning(*TPS)
    told = dict.fromkeys(TPS, 0)
    for tp, items in chunks:
        intervals = let_through(alignment, tp, items)
        told[tp] = max([told[tp], *(item.tick_us for item in items)])
        assert all(one.at_us <= min(told.values()) for one in intervals)
        reached = alignment.next_offsets
        assert all(reached.get(one, 0) <= told[one] * 100 for one in TPS)


def test_an_offset_is_passed_on_only_with_the_tick_after_it() -> None:
    alignment = owning(*TPS[:2])
    assert let_through(alignment, TPS[0], [event(0, 0, 0), tick(1, 5), event(2, 3, 0)]) == []
    assert alignment.next_offsets == {}
    (interval,) = let_through(alignment, TPS[1], [event(0, 1, 1), tick(1, 5)])
    assert places(interval) == [(0, 0), (1, 0)]
    assert alignment.next_offsets == {TPS[0]: 2, TPS[1]: 2}


def test_a_partition_that_tells_no_early_tick_holds_back_the_others() -> None:
    alignment = owning(*TPS[:2])
    assert let_through(alignment, TPS[0], [tick(0, 5)]) == []
    (first,) = let_through(alignment, TPS[1], [tick(0, 7)])
    assert (first.at_us, first.told_by) == (5, [TPS[0]])


def test_a_partition_with_nothing_left_holds_back_only_what_it_has_not_told() -> None:
    alignment = Alignment()
    alignment.own(TPS[:2], {TPS[1]: 7})
    alignment.add(TPS[0], [event(0, 0, 0), tick(1, 5), tick(2, 7), tick(3, 9)])
    assert list(alignment.ready()) == []
    assert alignment.lacking() == {TPS[1]}
    told = [(one.at_us, one.told_by) for one in alignment.ready(alignment.lacking())]
    assert told == [(5, [TPS[0]]), (7, [TPS[0]])]
    assert alignment.next_offsets == {TPS[0]: 3}
    (last,) = let_through(alignment, TPS[1], [tick(4, 9)])
    assert (last.at_us, set(last.told_by)) == (9, set(TPS[:2]))


def test_what_was_told_here_counts_as_told() -> None:
    alignment = owning(*TPS[:2])
    alignment.add(TPS[0], [tick(0, 5), tick(1, 6)])
    alignment.add(TPS[1], [tick(0, 6)])
    assert [one.at_us for one in alignment.ready()] == [5, 6]
    assert alignment.lacking() == set()
    alignment.add(TPS[0], [tick(2, 8)])
    assert alignment.lacking() == {TPS[1]}
    assert list(alignment.ready({TPS[1]})) == []


def test_a_partition_that_is_not_owned_any_more_holds_nobody_back() -> None:
    alignment = owning(*TPS[:2])
    let_through(alignment, TPS[0], [event(0, 0, 0), tick(1, 5)])
    alignment.own(TPS[:1])
    assert list(alignment.ready()) == []
    assert alignment.next_offsets == {}
    (interval,) = let_through(alignment, TPS[0], [event(0, 0, 0), tick(1, 5)])
    assert places(interval) == [(0, 0)]


def test_who_owns_nothing_lets_nothing_through() -> None:
    assert list(owning().ready()) == []


@pytest.mark.parametrize(("held", "ahead"), [(HELD_MAX, False), (HELD_MAX + 1, True)])
def test_a_partition_that_holds_too_much_is_named(held: int, *, ahead: bool) -> None:
    alignment = owning(*TPS[:2])
    let_through(alignment, TPS[0], [event(n, n, 0) for n in range(held)])
    assert alignment.too_far_ahead() == ({TPS[0]} if ahead else set())
