"""The service stage: a clock on the authority for every contact that asks something of it.

Rules: clocks are keyed by receipt and know no person. An overdue request for help is handed back
with its sealed return address, which only the intake can open. A clock that has ended is remembered
until its contact can no longer be delivered again, then forgotten.
"""

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from schemas.closed import Closed
from schemas.outcomes import ClockAnswer, ClockState, ServiceClock
from schemas.records import Tick
from schemas.state import OpenClock
from schemas.taxonomy import KIND_CODE, PURPOSE_CODE, Kind, Purpose, members_of
from schemas.times import from_us, to_us
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.state import DueIndex, KeyedState

_KINDS = members_of(Kind)
_PURPOSES = members_of(Purpose)


class ServiceConfig(Closed, frozen=True):
    """How long after it opened a clock is remembered, ended or not, to find a repeated contact."""

    remember_days: Annotated[int, Meta(ge=1, le=60)] = 7


class ServiceStage:
    """Steps through the service clocks of some partitions."""

    def __init__(
        self, config: ServiceConfig, state: KeyedState[OpenClock], clock: StageClock
    ) -> None:
        self.config = config
        self.state = state
        self.clock = clock
        self._remembered = timedelta(days=config.remember_days)
        self._index = DueIndex()
        for receipt in list(state.keys()):
            kept = state.get(receipt)
            if kept is not None:
                self._index.add(receipt, to_us(self._due(kept)))

    def step(self, record: ServiceClock | ClockAnswer | Tick, out: Outputs) -> None:
        """Take one record in and append what follows from it to `out`."""
        if isinstance(record, ServiceClock):
            self._open(record, out)
        elif isinstance(record, ClockAnswer):
            self._answer(record, out)
        elif self.clock.advance(record):
            self._time_passed(self.clock.now_us, out)

    def _due(self, kept: OpenClock) -> datetime:
        """Return when something about a clock falls due: its end, or after it its forgetting."""
        return kept.opened + self._remembered if kept.ended else kept.due

    def _open(self, record: ServiceClock, out: Outputs) -> None:
        if self.state.get(record.receipt) is not None:
            out.counts["service.repeated_contact"] += 1
            return
        kept = OpenClock(
            PURPOSE_CODE[record.purpose],
            KIND_CODE[record.kind],
            record.area,
            record.opened,
            record.due,
            record.return_address,
        )
        self.state.put(record.receipt, kept)
        self._index.add(record.receipt, to_us(record.due))
        out.clocks.append(record)

    def _answer(self, record: ClockAnswer, out: Outputs) -> None:
        kept = self.state.get(record.receipt)
        if kept is None or kept.ended:
            out.counts["service.answer_of_no_open_clock"] += 1
            return
        self._end(record.receipt, kept, ClockState.ANSWERED, from_us(record.ingest_us), out)

    def _time_passed(self, now_us: int, out: Outputs) -> None:
        now = from_us(now_us)
        for receipt in self._index.due(now_us):
            kept = self.state.get(receipt)
            if kept is None:
                continue
            if self._due(kept) > now:
                self._index.add(receipt, to_us(self._due(kept)))
            elif kept.ended:
                self.state.delete(receipt)
            else:
                self._end(receipt, kept, ClockState.OVERDUE, now, out)

    def _end(
        self, receipt: str, kept: OpenClock, how: ClockState, now: datetime, out: Outputs
    ) -> None:
        ended = ServiceClock(
            receipt,
            how,
            _PURPOSES[kept.purpose],
            _KINDS[kept.kind],
            kept.area,
            kept.opened,
            kept.due,
            now,
            kept.return_address,
        )
        out.clocks.append(ended)
        if kept.return_address is not None:
            out.returned.append(ended)
        kept.ended, kept.return_address = True, None
        if now >= self._due(kept):
            self.state.delete(receipt)
            return
        self.state.put(receipt, kept)
        self._index.add(receipt, to_us(self._due(kept)))
