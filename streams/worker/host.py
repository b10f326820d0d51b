"""A stage on this worker: its seats, and the order in which a round becomes durable.

    records ─► trim ─► step (overlay) ─► outputs, acks ─► state, acks ─► merge, offset

Rules: that order is the whole of delivery. Outputs come before state, so whatever is in the state
has been told; state comes before the offset, so whatever is committed is in the state. A partition
is seated when its state has been recovered, under a generation greater than any before it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import structlog
from faust.types import TP

from streams.outputs import Outputs
from streams.worker.frames import HEAD_BYTES, stamp_of
from streams.worker.gaps import in_order
from streams.worker.meters import Meters
from streams.worker.producing import StageProducer
from streams.worker.rounds import Gathered, Rounds, now_s
from streams.worker.routing import Batches, Router
from streams.worker.seats import LogRecord, Parts, Seat, StageKind
from streams.worker.state import PartitionState
from streams.worker.table import DurableTable, Recovered

_log = structlog.get_logger("forewarn.host")
SLICE_RECORDS = 250


class StateLostError(RuntimeError):
    """The offset that was committed is beyond what the state knows: the changelog is not whole."""


Probe = Callable[[str, int, int, Sequence[int]], Awaitable[int]]
"""Asks what else there is from an offset of a topic's partition on (`streams.worker.gaps`)."""


class Models(Protocol):
    """Where the bodies of models come from."""

    async def ensure(self, versions: Iterable[str]) -> None:
        """Wait until these versions are there, or are known not to be on the topic."""


class Seated:
    """One owned partition: its seat, its state, and the offset of its claim on the changelog."""

    def __init__(self, seat: Seat, state: PartitionState, claimed_at: int) -> None:
        self.seat = seat
        self.state = state
        self.claimed_at = claimed_at
        self.out = Outputs()


class StageHost:
    """Runs one stage for the partitions that Faust assigns."""

    def __init__(
        self,
        kind: StageKind,
        parts: Parts,
        *,
        log_topic: str,
        changelog_topic: str,
        producer: StageProducer,
        changes: StageProducer,
        router: Router,
        models: Models,
        meters: Meters,
        failed: Callable[[BaseException], None],
        refuse_passed_over: Probe,
        topic_of: Callable[[str], str] = str,
    ) -> None:
        self.kind = kind
        self.parts = parts
        self.log_topic = log_topic
        self.changelog_topic = changelog_topic
        self.seats: dict[int, Seated] = {}
        self._producer = producer
        self._changes = changes
        self._router = router
        self._models = models
        self._meters = meters
        self._refuse_passed_over = refuse_passed_over
        self._topic_of = topic_of
        self._committed: Callable[[TP], int | None] = lambda _tp: None
        self._writing = asyncio.Lock()
        self.rounds = Rounds(self._round, failed)

    # ---------------------------------------------------------------- what Faust asks and tells

    def durable_partitions(self) -> Iterable[TP]:
        """Return the partitions that are seated."""
        return [TP(self.log_topic, partition) for partition in self.seats]

    def durable_next(self, tp: TP) -> int | None:
        """Return the first offset of a partition that is not durable, None where it is not ours."""
        seated = self.seats.get(tp.partition) if tp.topic == self.log_topic else None
        return seated.state.progress.next_offset or None if seated else None

    async def revoked(self) -> None:
        """Finish or abandon the round; what was abandoned is seated anew from its state."""
        if not await self.rounds.drain():
            self._meters.abandoned.labels(self.kind.part).inc()
            self.seats.clear()

    async def recovered(
        self, table: DurableTable, partitions: Iterable[int], committed: Callable[[TP], int | None]
    ) -> None:
        """Claim and seat the partitions that are owned now, and begin to take rounds."""
        self._committed = committed
        owned = set(partitions)
        for partition in set(self.seats) - owned:
            del self.seats[partition]
        coming: dict[int, Recovered] = {}
        for partition in sorted(owned):
            kept = table.of(partition)
            seated = self.seats.get(partition)
            if seated is None or seated.state.store is not kept.store or kept.changed:
                coming[partition] = kept
        self.seats |= await self._claimed(coming)
        self.rounds.start()

    async def _claimed(self, coming: dict[int, Recovered]) -> dict[int, Seated]:
        """Write a first value of a new generation: what former owners write from then on is late.

        With it goes, under that generation, what holds of keys whose last value does not. Raises
        PlaceLostError where somebody wrote between what was read and the claim.
        """
        states = {
            partition: PartitionState(kept.store, kept.generation + 1, kept.high, now_s())
            for partition, kept in coming.items()
        }
        claims = {
            partition: state.said_again(sorted(coming[partition].wrong), now_s())
            for partition, state in states.items()
        }
        lasts = await self._changes.send(
            {(self.changelog_topic, partition): frames for partition, frames in claims.items()}
        )
        seats = {}
        for partition, state in states.items():
            kept, frames = coming[partition], claims[partition]
            last = lasts[self.changelog_topic, partition]
            first = last - len(frames) + 1
            if first != kept.read_to + 1:
                await self._refuse_passed_over(
                    self.changelog_topic, partition, kept.read_to + 1, range(first, last + 1)
                )
            rewritten = len(frames) - 1
            kept.claimed(frames, last)
            self._meters.rewritten.labels(self.kind.part).inc(rewritten)
            seats[partition] = Seated(self.kind.seat(partition, self.parts, state), state, last)
            _log.info("seated", stage=self.kind.part, partition=partition,
                      generation=state.generation, next_offset=state.progress.next_offset,
                      rewritten=rewritten)  # fmt: skip
        return seats

    def tails(self) -> dict[int, int]:
        """Return the offset of the claim on the changelog of each seated partition."""
        return {partition: seated.claimed_at for partition, seated in self.seats.items()}

    # ------------------------------------------------------------------------------ a round

    async def _round(self, gathered: Gathered) -> None:
        started_s = now_s()
        stepped: list[tuple[Seated, int]] = []
        number = 0
        for tp, records in gathered.items():
            seated = self.seats.get(tp.partition)
            if seated is None:
                continue
            fresh = await self._fresh(tp, seated, records)
            if fresh:
                await self._models.ensure(seated.seat.needs(fresh))
                for start in range(0, len(fresh), SLICE_RECORDS):
                    seated.seat.take(fresh[start : start + SLICE_RECORDS], seated.out)
                    await asyncio.sleep(0)
                stepped.append((seated, fresh[-1].offset))
                number += len(fresh)
        computed_s = now_s()
        await self._send_outputs([seated for seated, _ in stepped])
        await self._send_state(stepped)
        self._meters.round_taken(
            self.kind.part, number, computed_s - started_s, now_s() - computed_s
        )

    async def _fresh(self, tp: TP, seated: Seated, records: list[LogRecord]) -> list[LogRecord]:
        """Leave out what is durable already; refuse to go on where something is missing."""
        next_offset = seated.state.progress.next_offset
        fresh, whole = in_order(records, next_offset)
        if whole:
            return fresh
        committed = self._committed(tp)
        if committed is not None and committed > next_offset:
            raise StateLostError(
                f"{tp.topic}/{tp.partition}: offset {committed} is committed, but the state on "
                f"{self.changelog_topic} goes up to {next_offset} only. Restore the changelog, "
                "or reset the group's offset to rebuild the state from the log."
            )
        offsets = [record.offset for record in fresh]
        holes = await self._refuse_passed_over(tp.topic, tp.partition, next_offset, offsets)
        self._meters.holes.labels(self.kind.part).inc(holes)
        return fresh

    async def _send_outputs(self, stepped: list[Seated]) -> None:
        """Send what was said, wave by wave, and wait until the brokers have it."""
        waves: list[Batches] = []
        for seated in stepped:
            for number, wave in enumerate(reversed(self._waves(seated))):
                if number == len(waves):
                    waves.append({})
                for (name, partition), records in wave.items():
                    place = (self._topic_of(name), partition)
                    waves[number].setdefault(place, []).extend(records)
        for wave in reversed(waves):
            await self._producer.send(wave)

    def _waves(self, seated: Seated) -> list[Batches]:
        seat, out = seated.seat, seated.out
        seated.out = Outputs()
        self._meters.said(self.kind.part, out)
        waves = self._router.stage_waves(out)
        if seat.letters:
            letters: Batches = {}
            for letter in seat.letters:
                self._meters.dead_letters.labels(letter.reason).inc()
                self._router.dead_letter(letters, letter)
            seat.letters = []
            waves.insert(0, letters)
        return waves

    async def _send_state(self, stepped: list[tuple[Seated, int]]) -> None:
        """Send the changes to the changelogs, and only then take them over."""
        async with self._writing:
            frames = {}
            for seated, last in stepped:
                changes = seated.state.changes(last, seated.seat.progress(last + 1), now_s())
                frames[self.changelog_topic, seated.seat.partition] = changes
            offsets = await self._changes.send(frames)
            for seated, _ in stepped:
                seated.state.merge(offsets[self.changelog_topic, seated.seat.partition])

    async def rewrite(self, partition: int, keys: Iterable[bytes]) -> int:
        """Write what holds of keys once more; return how many there were."""
        wrong = sorted(keys)
        async with self._writing:
            seated = self.seats.get(partition)
            if seated is None or not wrong:
                return 0
            frames = seated.state.said_again(wrong, now_s())
            place = (self.changelog_topic, partition)
            last = (await self._changes.send({place: frames}))[place]
            seated.state.store.write(dict(frames), seated.state.reached(last, len(frames)))
            self._meters.rewritten.labels(self.kind.part).inc(len(wrong))
            _log.warning("rewritten", stage=self.kind.part, partition=partition, count=len(wrong))
            return len(wrong)

    def is_late(self, partition: int, key: bytes, frame: bytes | None) -> bool:
        """Say whether a value on the changelog, read after the claim, is a former owner's.

        A tombstone has no owner; it is wrong where its key is held.
        """
        seated = self.seats.get(partition)
        if seated is None:
            return False
        held = seated.state.store.get(key)
        if frame is None:
            return len(held or b"") > HEAD_BYTES
        stamp = stamp_of(frame)
        if stamp.generation == seated.state.generation:
            return held is not None and stamp < stamp_of(held)
        return stamp.generation < seated.state.generation
