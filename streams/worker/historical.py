"""The intake of a historical feed: interval by interval, each closed by its tick.

    events ─► logs;  tick ─► service log;  pleas it ended ─► person log;  tick ─► the others

Rules: this is the order of a replay, so a feed gives the same logs whoever runs it. An interval
counts as durable when its tick is on every log. What is on a log already to its tick is left out.
Waiting for pleas is bounded: where nobody returns them, time goes on without.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import structlog
from faust.types import TP

from schemas.events import RawRecord
from schemas.outcomes import ServiceClock
from schemas.records import Tick, Transition
from schemas.topics import AREA_LOG, PERSON_LOG, SERVICE_LOG
from streams.worker.alignment import Alignment, Interval
from streams.worker.already_said import Said
from streams.worker.pleas import Pleas
from streams.worker.rounds import now_s
from streams.worker.routing import Batches, Router

_log = structlog.get_logger("forewarn.intake")
OWED_S_MAX = 10.0

Take = Callable[[Batches, RawRecord], ServiceClock | None]


class Held(NamedTuple):
    """A tick that waits for the pleas it ended."""

    interval: Interval
    tick: Tick
    owed: set[str]
    since_s: float


class Historical:
    """Lets intervals through; `take` steps one event and returns the clock that it opened."""

    def __init__(self, router: Router, take: Take, source_of: Callable[[TP], str]) -> None:
        self.alignment = Alignment()
        self.pleas = Pleas()
        self._router = router
        self._take = take
        self._source_of = source_of
        self._said: Said = {}
        self._held: Held | None = None
        self._back: list[tuple[str, Transition]] = []
        self._answers = True

    def own(self, partitions: Iterable[TP], said: Said, pleas: Pleas) -> None:
        """Begin with these partitions from what is committed; `said` is on the logs already.

        `pleas` are those that were opened before and have not come back.
        """
        owned = list(partitions)
        self.alignment.own(owned, {tp: self._told(tp, said) for tp in owned})
        self.pleas = pleas
        self._said = {place: dict(ticks) for place, ticks in said.items() if ticks}
        self._held = None
        self._back.clear()

    def _told(self, tp: TP, said: Said) -> int:
        source = self._source_of(tp)
        return min((ticks.get(source, 0) for ticks in said.values()), default=0)

    @property
    def keeps_back(self) -> bool:
        """Whether pleas have come back that are not said yet."""
        return bool(self._back)

    @property
    def waits(self) -> bool:
        """Whether a tick is held for pleas at this moment."""
        return self._held is not None

    def returned(self, batches: Batches, receipt: str, transition: Transition) -> None:
        """Take in a plea that came back: kept for the tick that waits for it, or said at once."""
        self._answers = True
        self.pleas.returned(receipt)
        if self._held is not None and receipt in self._held.owed:
            self._held.owed.discard(receipt)
            self._back.append((receipt, transition))
        else:
            self._router.help_back(batches, transition)

    def let_through(self, batches: Batches, drained: Collection[TP] = ()) -> dict[TP, int]:
        """Add all that may be said now; return how far each partition is durable once it is.

        `drained` are the partitions that lack a tick and have nothing left to read.
        """
        reached: dict[TP, int] = {}
        if self._held is not None and not self._release(self._held, batches, reached):
            return reached
        for interval in self.alignment.ready(drained):
            first, *others = (self._source_of(tp) for tp in interval.told_by)
            tick = Tick(first, interval.at_us, tuple(others))
            if not self._pass(interval, tick, batches, reached):
                break
        return reached

    def _pass(
        self, interval: Interval, tick: Tick, batches: Batches, reached: dict[TP, int]
    ) -> bool:
        """Say one interval; False where its tick has to wait."""
        said: Batches = {}
        for tp, event in interval.events:
            of_event: Batches = {}
            clock = self._take(of_event, event)
            if clock is not None:
                self.pleas.opened(clock)
            source = self._source_of(tp)
            for place, records in of_event.items():
                if self._said.get(place, {}).get(source, 0) < interval.at_us:
                    said.setdefault(place, []).extend(records)
        owed = self.pleas.owed(interval.at_us)
        waits = bool(owed) and self._answers
        self._router.tick(said, tick, (SERVICE_LOG,))
        if not waits:
            self._router.tick(said, tick, (PERSON_LOG, AREA_LOG))
        self._merge(batches, said, tick)
        if waits:
            self._held = Held(interval, tick, owed, now_s())
            return False
        reached |= interval.next_offsets
        return True

    def _release(self, held: Held, batches: Batches, reached: dict[TP, int]) -> bool:
        """Say the tick that was held, if all it waited for is back or the wait is over."""
        if held.owed:
            if now_s() - held.since_s < OWED_S_MAX:
                return False
            _log.warning("pleas_not_returned", count=len(held.owed), seconds=OWED_S_MAX)
            self._answers = False
        said: Batches = {}
        for _, transition in sorted(self._back, key=lambda pair: pair[0]):
            self._router.help_back(batches, transition)
        self._back.clear()
        self._router.tick(said, held.tick, (PERSON_LOG, AREA_LOG))
        self._merge(batches, said, held.tick)
        self._held = None
        reached |= held.interval.next_offsets
        return True

    def _merge(self, batches: Batches, said: Batches, tick: Tick) -> None:
        """Add what an interval said, but for a tick that is on a log already of all its sources."""
        sources = (tick.source, *tick.others)
        for place in list(self._said):
            ticks = self._said[place]
            if tick.at_us <= min(ticks.get(source, 0) for source in sources):
                said.pop(place, None)
            elif tick.at_us > max(ticks.values()):
                del self._said[place]
        for place, records in said.items():
            batches.setdefault(place, []).extend(records)
