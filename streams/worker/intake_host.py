"""The intake on this worker: raw records in, records of the logs out, and time passed on.

Rules: the intake keeps no state but its place: what a round says is acknowledged before its offsets
count as durable, so after a crash it says the same again, and the stages know it by signal id.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import structlog
from faust.types import TP

from alerts.vault.sealing import SealError
from schemas.codec import CodecError, decoder_of
from schemas.events import RawRecord
from schemas.outcomes import ServiceClock
from schemas.records import Tick
from schemas.rejections import Refused, Rejection
from schemas.topics import HELP_RETURNS
from streams.intake.dead_letters import dead_letter
from streams.intake.intake import Intake
from streams.worker.already_said import Said
from streams.worker.gaps import in_order
from streams.worker.historical import OWED_S_MAX, Historical
from streams.worker.host import Probe
from streams.worker.letter_room import beginning
from streams.worker.meters import Meters
from streams.worker.pleas import Pleas
from streams.worker.producing import StageProducer
from streams.worker.raw_items import INTAKE, RawReader, RawTopic
from streams.worker.rounds import Gathered, Rounds, now_s
from streams.worker.routing import Batches, Router
from streams.worker.seats import LogRecord, Parts

_log = structlog.get_logger("forewarn.intake")
SLICE_RECORDS = 250
LACKING_S = 1.0
"""How soon to look again whether a partition that others wait for has anything left to read."""


class Flow(Protocol):
    """How a partition's flow is held back and let go."""

    def hold_back(self, partitions: set[TP]) -> None:
        """Read these partitions no further for now, and all others again."""


class IntakeHost:
    """Takes raw records of the partitions that Faust assigns, and what comes back for help."""

    def __init__(
        self,
        intake: Intake,
        parts: Parts,
        *,
        raw_topics: Mapping[str, RawTopic],
        help_topic: str,
        aligned: bool,
        producer: StageProducer,
        router: Router,
        meters: Meters,
        failed: Callable[[BaseException], None],
        refuse_passed_over: Probe,
        topic_of: Callable[[str], str] = str,
    ) -> None:
        self.intake = intake
        self.parts = parts
        self.historical = Historical(router, self._take, self._source) if aligned else None
        self.flow: Flow | None = None
        self.committed: Callable[[TP], int | None] = lambda _tp: None
        self.end_of: Callable[[TP], int | None] = lambda _tp: None
        self._raw_topics = raw_topics
        self.help_topic = help_topic
        self._producer = producer
        self._router = router
        self._meters = meters
        self._refuse_passed_over = refuse_passed_over
        self._topic_of = topic_of
        self._read_next: dict[TP, int] = {}
        self._durable: dict[TP, int] = {}
        self._reader = RawReader(raw_topics, meters, virtual=aligned)
        self._decode_help = decoder_of(HELP_RETURNS.name)
        self._batches: Batches = {}
        self._help_reached: dict[TP, int] = {}
        self.rounds = Rounds(self._round, failed)

    # ---------------------------------------------------------------- what Faust asks and tells

    def durable_partitions(self) -> Iterable[TP]:
        """Return the partitions of which something is durable."""
        return list(self._durable)

    def durable_next(self, tp: TP) -> int | None:
        """Return the first offset whose outputs are not acknowledged."""
        return self._durable.get(tp)

    async def revoked(self) -> None:
        """Finish or abandon the round."""
        if not await self.rounds.drain():
            self._meters.abandoned.labels(INTAKE).inc()

    def assigned(
        self, partitions: Iterable[TP], said: Said | None = None, pleas: Pleas | None = None
    ) -> None:
        """Begin with the partitions that are owned now, from what is committed.

        Of a historical feed, `said` is what is on the logs already of intervals that will be read
        again, and `pleas` are the requests for help that have not come back.
        """
        owned = {TP(tp.topic, tp.partition) for tp in partitions}
        self._read_next.clear()
        self._help_reached.clear()
        self._durable = {tp: offset for tp, offset in self._durable.items() if tp in owned}
        if self.historical is not None:
            raw = [tp for tp in owned if tp.topic in self._raw_topics]
            self.historical.own(raw, said or {}, pleas or Pleas())
        self.rounds.start()

    # ------------------------------------------------------------------------------ a round

    async def _round(self, gathered: Gathered) -> None:
        started_s = now_s()
        number = 0
        reached: dict[TP, int] = {}
        for tp, records in gathered.items():
            fresh = await self._fresh(tp, records)
            if not fresh:
                continue
            number += len(fresh)
            self._read_next[tp] = reached[tp] = fresh[-1].offset + 1
            if tp.topic == self.help_topic:
                self._help_back(fresh)
                self._help_reached[tp] = reached.pop(tp)
            elif self.historical is not None:
                self.historical.alignment.add(
                    tp, [self._reader.item(tp, record) for record in fresh]
                )
                del reached[tp]
            else:
                await self._live(tp, fresh)
        if self.historical is not None:
            reached |= self._let_through(self.historical)
        if self.historical is None or not self.historical.keeps_back:
            # What is held for a tick is not said yet, so its place does not count as durable.
            reached |= self._help_reached
            self._help_reached = {}
        computed_s = now_s()
        await self._send()
        self._durable |= reached
        self._meters.round_taken(INTAKE, number, computed_s - started_s, now_s() - computed_s)

    async def _fresh(self, tp: TP, records: list[LogRecord]) -> list[LogRecord]:
        """Leave out what was read already; end where records after it were missed."""
        known = self._read_next.get(tp) or self.committed(tp)
        if not records:
            return records
        wanted = records[0].offset if known is None else known
        fresh, whole = in_order(records, wanted)
        if fresh and not whole:
            offsets = [record.offset for record in fresh]
            holes = await self._refuse_passed_over(tp.topic, tp.partition, wanted, offsets)
            self._meters.holes.labels(INTAKE).inc(holes)
        return fresh

    def _let_through(self, historical: Historical) -> dict[TP, int]:
        drained = {tp for tp in historical.alignment.lacking() if self._is_drained(tp)}
        reached = historical.let_through(self._batches, drained)
        if self.flow is not None:
            self.flow.hold_back(historical.alignment.too_far_ahead())
        if historical.waits:
            asyncio.get_running_loop().call_later(OWED_S_MAX, self.rounds.nudge)
        elif historical.alignment.lacking():
            asyncio.get_running_loop().call_later(LACKING_S, self.rounds.nudge)
        return reached

    def _is_drained(self, tp: TP) -> bool:
        """Say whether a partition has nothing left to read, as far as is known."""
        end = self.end_of(tp)
        return end is not None and self.next_to_read(tp) >= end

    def next_to_read(self, tp: TP) -> int:
        """Return the first offset of a partition that no round has taken."""
        return self._read_next.get(tp) or self.committed(tp) or 0

    async def _live(self, tp: TP, records: list[Any]) -> None:
        for start in range(0, len(records), SLICE_RECORDS):
            for record in records[start : start + SLICE_RECORDS]:
                item = self._reader.item(tp, record)
                if item.event is not None:
                    self._take(self._batches, item.event)
                elif item.tick_us:
                    self._router.tick(self._batches, Tick(self._source(tp), item.tick_us))
            await asyncio.sleep(0)

    def _source(self, tp: TP) -> str:
        return self._raw_topics[tp.topic].sources[tp.partition].name

    def _take(self, batches: Batches, event: RawRecord) -> ServiceClock | None:
        taken = self.intake.step(event)
        self._router.take(batches, taken)
        if taken.dead is not None:
            self._meters.dead_letters.labels(taken.dead.reason).inc()
            self._router.dead_letter(batches, taken.dead, f"{event.topic}.dlq")
        return taken.clock

    def _help_back(self, records: list[Any]) -> None:
        for record in records:
            try:
                clock = self._decode_help(record.value or b"")
                transition = self.intake.help_transition(clock)
            except (CodecError, SealError):
                raw = RawRecord(
                    record.value or b"",
                    HELP_RETURNS.name,
                    record.partition,
                    record.offset,
                    record.timestamp * 1_000,
                )
                refused = Refused(Rejection.NOT_OF_THIS_LOG)
                letter = dead_letter(
                    beginning(raw), refused, self.parts.sealer, self.parts.code_version
                )
                self._meters.dead_letters.labels(letter.reason).inc()
                self._router.dead_letter(self._batches, letter)
            else:
                if transition is None:
                    continue
                if self.historical is not None:
                    self.historical.returned(self._batches, clock.receipt, transition)
                else:
                    self._router.help_back(self._batches, transition)

    async def _send(self) -> None:
        said, self._batches = self._batches, {}
        for (name, _), records in said.items():
            self._meters.records_out.labels(INTAKE, name).inc(len(records))
        if said:
            await self._producer.send(
                {(self._topic_of(name), place): records for (name, place), records in said.items()}
            )
