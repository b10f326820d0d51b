"""Raw records as the intake takes them: events and ticks, each with the time it came in.

Rules: ticks are told from events by their header. On a live topic the broker's time is the time of
arrival, made monotone; only in a namespace of its own is a feeder's word taken for it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from faust.types import TP

from schemas.events import RawRecord
from streams.cluster.raw import (
    DIGEST_HEADER,
    OURS,
    PLACE_HEADER,
    RECEIVED_HEADER,
    SIZE_HEADER,
    TICK_AHEAD_US_MAX,
    RawSource,
    read_tick,
)
from streams.worker.alignment import RawItem
from streams.worker.letter_room import beginning
from streams.worker.meters import Meters

INTAKE = "intake"


class RawTopic(NamedTuple):
    """A raw topic: its plain name, and the source that each of its partitions is."""

    name: str
    sources: tuple[RawSource, ...]


class RawReader:
    """Reads records of raw topics; `virtual` says that a feeder's word on times is taken."""

    def __init__(self, topics: Mapping[str, RawTopic], meters: Meters, *, virtual: bool) -> None:
        self._topics = topics
        self._meters = meters
        self._virtual = virtual
        self._received_us: dict[TP, int] = {}
        self._epochs: dict[TP, int] = {}

    def item(self, tp: TP, record: Any) -> RawItem:
        """Return a raw record as an event or a tick; a tick that is not believed has no time."""
        headers = tuple((name.lower(), value or b"") for name, value in record.headers or ())
        tick = read_tick(record.value, headers)
        if tick is not None:
            return RawItem(
                record.offset, 0, self._believed(tp, record, tick.at_us, tick.epoch), None
            )
        said = {name: value for name, value in headers if name in OURS}
        others = tuple(header for header in headers if header[0] not in OURS)
        received_us = _number(said.get(RECEIVED_HEADER))
        if not self._virtual or RECEIVED_HEADER not in said:
            received_us = max(record.timestamp * 1_000, self._received_us.get(tp, 0))
            self._received_us[tp] = received_us
        event = RawRecord(
            record.value or b"",
            self._topics[tp.topic].name,
            tp.partition,
            record.offset,
            received_us,
            others,
            _number(said.get(SIZE_HEADER)) if self._virtual else 0,
            said.get(DIGEST_HEADER, b"").decode("ascii", "replace") if self._virtual else "",
        )
        return RawItem(record.offset, _number(said.get(PLACE_HEADER)), 0, beginning(event))

    def _believed(self, tp: TP, record: Any, at_us: int, epoch: int) -> int:
        """Return a tick's time, 0 for one of a former ticker or from the future."""
        if self._virtual:
            return at_us
        ahead = at_us > record.timestamp * 1_000 + TICK_AHEAD_US_MAX
        if ahead or epoch < self._epochs.get(tp, 0):
            self._meters.counts.labels(INTAKE, "tick_refused").inc()
            return 0
        self._epochs[tp] = epoch
        return at_us


def _number(said: bytes | None) -> int:
    """Return a number from a header, 0 where there is none that can be read."""
    try:
        return int(said) if said else 0
    except ValueError:
        return 0
