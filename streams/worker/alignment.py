"""Historical feeds in their own order: what each raw partition holds, let through tick by tick.

Rules: in a namespace of a feed, time is the feed's. A partition may be read days of that time ahead
of another, so nothing is let through before every partition owned here has told the next tick; then
all records before it come in the order of the feed, and the tick after them. One that has nothing
left to read holds nothing back that it told before (it may have been ahead, with another owner). A
live topic is never aligned: a partition that lags must not hold back a red alert in another.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from faust.types import TP

from schemas.events import RawRecord

HELD_MAX = 5_000
"""Records of one partition that may wait; beyond, it is paused until others have caught up."""


class RawItem(NamedTuple):
    """One raw record: an event with its place in the feed, or (then `event` is None) a tick."""

    offset: int
    place: int
    tick_us: int
    event: RawRecord | None


class Interval(NamedTuple):
    """What lies before one tick: events in the feed's order, and who has told the tick.

    An event stands beside the partition it came from. `next_offsets` are those behind the tick,
    for each who told it.
    """

    at_us: int
    events: list[tuple[TP, RawRecord]]
    told_by: list[TP]
    next_offsets: dict[TP, int]


class Alignment:
    """Holds what has been read of each partition until all have reached the same tick."""

    def __init__(self) -> None:
        self._held: dict[TP, deque[RawItem]] = {}
        self._ticks: dict[TP, deque[int]] = {}
        self._told: dict[TP, int] = {}
        self.next_offsets: dict[TP, int] = {}

    def own(self, partitions: Iterable[TP], told: Mapping[TP, int] | None = None) -> None:
        """Begin anew with these partitions: what was held will be read again.

        `told` is the last tick (µs) of each that is on every log already.
        """
        owned = list(partitions)
        self._held = {tp: deque() for tp in owned}
        self._ticks = {tp: deque() for tp in owned}
        self._told = dict(told or {})
        self.next_offsets.clear()

    def add(self, tp: TP, items: Iterable[RawItem]) -> None:
        """Hold what was read of a partition."""
        held = self._held.setdefault(tp, deque())
        ticks = self._ticks.setdefault(tp, deque())
        for item in items:
            held.append(item)
            if item.event is None:
                ticks.append(item.tick_us)

    def lacking(self) -> set[TP]:
        """Return the partitions whose next tick is not here, where others wait for them."""
        lacking = {tp for tp, ticks in self._ticks.items() if not ticks}
        return lacking if len(lacking) < len(self._ticks) else set()

    def ready(self, drained: Collection[TP] = ()) -> Iterator[Interval]:
        """Let through every interval whose tick all partitions have told.

        `drained` are those of `lacking` that have nothing left to read.
        """
        while True:
            at_us = min((ticks[0] for ticks in self._ticks.values() if ticks), default=0)
            waited_for = self.lacking()
            if not at_us or any(
                tp not in drained or self._told.get(tp, 0) < at_us for tp in waited_for
            ):
                return
            told_by = [tp for tp, ticks in self._ticks.items() if ticks and ticks[0] == at_us]
            self._told |= dict.fromkeys(told_by, at_us)
            items = [(tp, item) for tp in told_by for item in self._up_to_tick(tp)]
            next_offsets = {tp: self.next_offsets[tp] for tp in told_by}
            items.sort(key=lambda pair: pair[1].place)
            events = [(tp, item.event) for tp, item in items if item.event is not None]
            yield Interval(at_us, events, told_by, next_offsets)

    def _up_to_tick(self, tp: TP) -> Iterator[RawItem]:
        held = self._held[tp]
        self._ticks[tp].popleft()
        while True:
            item = held.popleft()
            self.next_offsets[tp] = item.offset + 1
            if item.event is None:
                return
            yield item

    def too_far_ahead(self) -> set[TP]:
        """Return the partitions that hold so much that they should be paused."""
        return {tp for tp, held in self._held.items() if len(held) > HELD_MAX}
