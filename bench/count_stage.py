"""A durable keyed count as a stage of the worker: the job of every peer in the speed table."""

from typing import Any

import msgspec

from schemas.closed import Packed
from schemas.topics import CHANGELOGS, PERSON_LOG, Cleanup, Part, Topic
from schemas.versioned import VersionedCodec
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.worker.seats import LogRecord, Parts, Seat, StageKind
from streams.worker.state import PartitionState

COUNT_LOG = Topic(
    name="forewarn.counted.v1",
    key="key",
    types=("Event",),
    partitions=PERSON_LOG.partitions,
    cleanup=Cleanup.DELETE,
    writers=(Part.OPERATOR,),
    readers=(Part.OPERATOR,),
)
COUNT_CHANGELOG = msgspec.structs.replace(
    CHANGELOGS[Part.PERSON], name="forewarn-count-state-changelog"
)


class CountState(Packed):
    """How often a key came, and 100 bytes to keep beside it."""

    count: int
    beside: bytes


COUNT_STATE = VersionedCodec(CountState, 1, {})
BESIDE = bytes(90)


class _Counted(msgspec.Struct):
    key: str


class CountSeat(Seat):
    """Counts by key."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        super().__init__(PERSON_LOG, partition, parts, state, StageClock(("none",)))
        self.view = state.view(b"n", COUNT_STATE)
        self._decode_counted = msgspec.json.Decoder(_Counted).decode

    def _read(self, record: LogRecord, *, again: bool) -> Any:  # noqa: ARG002  # as the others
        return self._decode_counted(record.value or b"")

    def step(self, record: Any, out: Outputs) -> None:  # noqa: ARG002  # says nothing
        """Count one record."""
        kept = self.view.get(record.key)
        if kept is None:
            kept = CountState(0, BESIDE)
        kept.count += 1
        self.view.put(record.key, kept)

    def partition_of(self, record: Any) -> int | None:  # noqa: ARG002  # any key anywhere
        """Return None: the sender's partitioner decides."""
        return None


COUNT = StageKind(Part.OPERATOR, COUNT_LOG, CountSeat)
