"""Which topics are projected, and from bytes to what the store is told.

Rules: pure. What the store does not keep (ticks, transitions on their way back, moved state) is
passed over; what cannot be read is put aside with its reason and stalls nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from alerts.store.told import PutAside, Told
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import Alert, Assessment, ModelSnapshot, ServiceClock
from schemas.records import Activation, AreaSignal, HistoryMove, PersonSignal
from schemas.topics import (
    ALERTS,
    AREA_LOG,
    ASSESSMENTS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
)
from streams.cluster.reading import KeptRecord

PROJECTED_TOPICS = tuple(
    topic.name
    for topic in (ALERTS, PERSON_LOG, AREA_LOG, ASSESSMENTS, SERVICE_CLOCKS, MODEL_SNAPSHOTS)
)
_KEPT = (
    Alert,
    Assessment,
    PersonSignal,
    AreaSignal,
    ServiceClock,
    ModelSnapshot,
    Activation,
    HistoryMove,
)
_US_PER_MS = 1_000


class Sorted(NamedTuple):
    """What a fetch brought: what the store is told, and what is put aside."""

    told: list[Told]
    aside: list[PutAside]


def sorted_out(records: Iterable[KeptRecord]) -> Sorted:
    """Decode records, in their order."""
    told: list[Told] = []
    aside: list[PutAside] = []
    for one in records:
        if one.value is None:
            continue  # the end of a key on a compacted topic
        place = (one.topic, one.partition, one.offset, one.timestamp_ms * _US_PER_MS)
        try:
            record = decoder_of(one.topic)(one.value)
        except CodecError as error:
            aside.append(PutAside(*place, one.value, str(error)))
            continue
        if isinstance(record, _KEPT):
            told.append(Told(*place, one.value, record))
    return Sorted(told, aside)
