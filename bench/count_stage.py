"""A durable keyed count as a stage of the worker: the job of every peer, with the peers' own state.

Rules: the stage is one as any other: its seat, its state on a changelog, its outputs (none).
"""

from typing import Any

import msgspec

from bench.peers.fill import PARTITIONS
from bench.peers.job import count_in, counted
from schemas.topics import PERSON_LOG, Cleanup, Part, Topic
from schemas.versioned import StateError, VersionedCodec
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.worker.frames import body_of
from streams.worker.seats import LogRecord, Parts, Seat, StageKind
from streams.worker.state import PartitionState

STAGE = "count"
COUNT_LOG = Topic(
    name="forewarn.counted.v1",
    key="key",
    types=("Event",),
    partitions=PARTITIONS,
    cleanup=Cleanup.DELETE,
    writers=(Part.OPERATOR,),
    readers=(Part.OPERATOR,),
)
COUNT_STATE = VersionedCodec(bytes, 1, {})
_SECTION = b"n"


class _Counted(msgspec.Struct):
    """What the job needs of a record's value."""

    id: str


class Keyed(msgspec.Struct):
    """One record as the stage sees it."""

    key: str
    id: str


class CountSeat(Seat):
    """Counts by key."""

    def __init__(self, partition: int, parts: Parts, state: PartitionState) -> None:
        # A log that is no log of ours has no decoder, so the seat gets another's and never asks it.
        super().__init__(PERSON_LOG, partition, parts, state, StageClock(("none",)))
        self._counts = state.view(_SECTION, COUNT_STATE)
        self._decode_counted = msgspec.json.Decoder(_Counted).decode

    def _read(self, record: LogRecord, *, again: bool) -> Any:  # noqa: ARG002  # as the others
        keyed: Any = record
        return Keyed(keyed.key.decode(), self._decode_counted(record.value or b"").id)

    def step(self, record: Any, out: Outputs) -> None:  # noqa: ARG002  # says nothing
        """Count one record."""
        self._counts.put(record.key, counted(self._counts.get(record.key), record.id))

    def partition_of(self, record: Any) -> int | None:  # noqa: ARG002  # any key anywhere
        """Return None: the sender's partitioner decides."""
        return None


COUNT = StageKind(Part.PERSON, COUNT_LOG, CountSeat)
"""It has the changelog of the person stage, which is never in the same namespace."""


def count_of(frame: bytes) -> int:
    """Return the count in a value of the changelog, 0 for one that is no count."""
    try:
        return count_in(COUNT_STATE.decode(body_of(frame)))
    except StateError:
        return 0
