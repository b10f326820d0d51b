"""A stage that counts by key: as little as a stage can be, to be checked by hand."""

from typing import Any

from schemas.closed import Packed
from schemas.topics import PERSON_LOG, Part
from schemas.versioned import VersionedCodec
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.worker.seats import LogRecord, Parts, Seat, StageKind
from streams.worker.state import PartitionState


class Count(Packed):
    """How often a key came, and something to keep beside it."""

    times: int
    beside: bytes = b"beside"


COUNT_STATE = VersionedCodec(Count, 1, {})


class CountSeat(Seat):
    """Counts the values of its log, which are keys; it says nothing."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        # A log that is no log of ours has no decoder, so the seat gets another's and never asks it.
        super().__init__(PERSON_LOG, partition, parts, state, StageClock(("none",)))
        self.view = state.view(b"n", COUNT_STATE)

    def _read(self, record: LogRecord, *, again: bool) -> str:
        return (record.value or b"").decode()

    def step(self, record: Any, out: Outputs) -> None:
        """Count one record."""
        kept = self.view.get(record) or Count(0)
        kept.times += 1
        self.view.put(record, kept)


COUNT = StageKind(Part.PERSON, PERSON_LOG, CountSeat)
