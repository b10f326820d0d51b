"""Historical feeds in their own order: what each raw partition holds, let through tick by tick.

Rules: in a namespace of a feed, time is the feed's. A partition may be read days of that time ahead
of another, so nothing is let through before every partition owned here has told the next tick; then
all records before it come in the order of the feed, and the tick after them. A live topic is never
aligned: a partition that lags must not hold back a red alert in another.
"""

from collections import deque
from collections.abc import Iterable, Iterator
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

    `next_offsets` are those behind the tick, for each who told it.
    """

    at_us: int
    events: list[RawRecord]
    told_by: list[TP]
    next_offsets: dict[TP, int]


class Alignment:
    """Holds what has been read of each partition until all have reached the same tick."""

    def __init__(self) -> None:
        self._held: dict[TP, deque[RawItem]] = {}
        self._ticks: dict[TP, deque[int]] = {}
        self.next_offsets: dict[TP, int] = {}

    def own(self, partitions: Iterable[TP]) -> None:
        """Begin anew with these partitions: what was held will be read again."""
        owned = list(partitions)
        self._held = {tp: deque() for tp in owned}
        self._ticks = {tp: deque() for tp in owned}
        self.next_offsets.clear()

    def add(self, tp: TP, items: Iterable[RawItem]) -> None:
        """Hold what was read of a partition."""
        held = self._held.setdefault(tp, deque())
        ticks = self._ticks.setdefault(tp, deque())
        for item in items:
            held.append(item)
            if item.event is None:
                ticks.append(item.tick_us)

    def ready(self) -> Iterator[Interval]:
        """Let through every interval whose tick all partitions have told."""
        while self._ticks and all(self._ticks.values()):
            at_us = min(ticks[0] for ticks in self._ticks.values())
            told_by = [tp for tp, ticks in self._ticks.items() if ticks[0] == at_us]
            items: list[RawItem] = []
            for tp in told_by:
                items += self._up_to_tick(tp)
            next_offsets = {tp: self.next_offsets[tp] for tp in told_by}
            items.sort(key=lambda item: item.place)
            events = [item.event for item in items if item.event is not None]
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
