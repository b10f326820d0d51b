"""A Faust table whose partitions are stores of frames, recovered from the changelog in chunks.

Rules: Faust decides who owns what and reads the changelogs; what a value means is decided here, in
the order of the changelog. A chunk counts when it is whole: its progress stands last. What an owner
writes after another has begun does not count. A partition that was lost is closed, its memory
forgotten.
"""

from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.types import TP

from schemas.versioned import StateError
from streams.worker.frames import Stamp, stamp_of
from streams.worker.state import PROGRESS_KEY
from streams.worker.stores import Store
from streams.worker.transport import ChunkSchema

RECOVERY_CHUNKS = 4


class Recovered:
    """The store of one partition as it comes back, with the greatest stamps seen.

    `generation` is the greatest there was, `high` the greatest offset that any value has, `read_to`
    the changelog offset up to which was read (-1: nothing). `changed` says that records came from
    the changelog since the partition was last seated.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.generation = 0
        self.high = -1
        self.changed = True
        offset = store.offset()
        self.read_to = -1 if offset is None else offset
        self._chunk: dict[bytes, tuple[Stamp, bytes | None]] = {}
        self._latest = Stamp(0, -1)
        self._whole_to = -1
        self._tombstones: list[bytes] = []
        self._late: set[bytes] = set()
        for key in _every_key(store):
            self._note(stamp_of(store.get(key) or b""))
        progress = store.get(PROGRESS_KEY)
        if progress is not None:
            self._whole_to = stamp_of(progress).applied

    @property
    def wrong(self) -> set[bytes]:
        """Keys whose last value on the changelog is not the one that holds.

        A former owner wrote it after its successor had begun, or died in the middle of a chunk.
        """
        return self._late | self._chunk.keys()

    def _note(self, stamp: Stamp) -> None:
        self.generation = max(self.generation, stamp.generation)
        self.high = max(self.high, stamp.applied)
        self._latest = max(self._latest, stamp)

    def apply(self, records: Iterable[Any]) -> None:
        """Take records of the changelog in, chunk by chunk, in its order; each one once."""
        changes: dict[bytes, bytes | None] = {}
        whole_to: int | None = None
        self.changed = True
        for record in records:
            if record.offset <= self.read_to:
                continue
            key, value = record.key, record.value
            if key is None:
                raise StateError(
                    "a record without a key is on the changelog; it is not of forewarn"
                )
            if value is None:
                # It has no stamp: whose it is says the value that follows in its batch.
                self._tombstones.append(key)
            elif self._is_late(stamp := stamp_of(value)):
                self._late.update((key, *self._tombstones))
                self._tombstones.clear()
            else:
                if self._ends_chunk(stamp):
                    changes |= self._whole()
                    whole_to = self.read_to
                self._chunk |= dict.fromkeys(self._tombstones, (stamp, None))
                self._tombstones.clear()
                self._chunk[key] = stamp, value
                self._note(stamp)
                if key == PROGRESS_KEY:
                    changes |= self._whole()
                    whole_to = record.offset
            self.read_to = record.offset
        if whole_to is not None:
            self.store.write(changes, whole_to)

    def _is_late(self, stamp: Stamp) -> bool:
        """Say whether somebody else has gone on since; that it was told counts all the same.

        Of the same generation that is the claim of one who was left for dead while it claimed; of
        a later one, a claim that did not know of a whole chunk, and which its owner gave up.
        """
        self.high = max(self.high, stamp.applied)
        self.generation = max(self.generation, stamp.generation)
        return stamp < self._latest or stamp.applied < self._whole_to

    def _ends_chunk(self, stamp: Stamp) -> bool:
        """Say whether a value belongs to a later chunk of the same owner than those before it.

        Its progress may have gone by compaction; but an owner begins a chunk only when the one
        before it is on the changelog. Of another owner one cannot say.
        """
        return stamp.generation == self._latest.generation and stamp.applied != self._latest.applied

    def _whole(self) -> dict[bytes, bytes | None]:
        """Take over what waits for the end of its chunk.

        Not what a former owner wrote beyond where this one began: that was cut in the middle.
        """
        owner, applied = self._latest
        self._whole_to = applied
        whole: dict[bytes, bytes | None] = {}
        for key, (stamp, value) in self._chunk.items():
            if stamp.generation < owner and stamp.applied > applied:
                self._late.add(key)
            else:
                whole[key] = value
        self._chunk.clear()
        self._late -= whole.keys()
        return whole

    def claimed(self, frames: Iterable[tuple[bytes, bytes | None]], last_offset: int) -> None:
        """Take over the frames by which this worker became the owner, acknowledged now."""
        self._chunk.clear()
        self._late.clear()
        self._tombstones.clear()
        changes = dict(frames)
        self._note(stamp_of(changes[PROGRESS_KEY] or b""))
        self._whole_to = self._latest.applied
        self.read_to = last_offset
        self.changed = False
        self.store.write(changes, last_offset)


def _every_key(store: Store) -> Iterable[bytes]:
    for section in range(1, 256):
        yield from store.keys(bytes([section]))


class DurableTable(faust.Table):  # type: ignore[type-arg]  # keys and values are bytes
    """The state of one stage: a store for each partition this worker owns."""

    make_store: Callable[[int], Store]
    failed: Callable[[BaseException], None]

    def __init__(self, app: Any, *, changelog: str, partitions: int, **options: Any) -> None:
        self.partitions_kept: dict[int, Recovered] = {}
        self.generation_id = 0
        self.recovered: set[int] = set()
        topic = app.topic(
            changelog,
            schema=ChunkSchema(),
            partitions=partitions,
            acks=False,
            internal=True,
            maxsize=16,
            allow_empty=True,
        )
        super().__init__(
            app,
            name=changelog,
            changelog_topic=topic,
            partitions=partitions,
            schema=ChunkSchema(),
            recovery_buffer_size=RECOVERY_CHUNKS,
            **options,
        )

    def of(self, partition: int) -> Recovered:
        """Return the store of a partition, opened if it is not."""
        kept = self.partitions_kept.get(partition)
        if kept is None:
            kept = self.partitions_kept[partition] = Recovered(self.make_store(partition))
        return kept

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the changelog offset up to which a partition's store has all."""
        return self.of(tp.partition).store.offset()

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Take chunks of the changelog in; state of newer code stops the worker."""
        try:
            for event in batch:
                self.of(event.value.tp.partition).apply(event.value.records)
        except StateError as error:
            self.failed(error)
            raise

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Close what went to somebody else."""
        self.generation_id = generation_id
        owned = {tp.partition for tp in assigned if tp.topic == self.changelog_topic_name}
        for partition in [one for one in self.partitions_kept if one not in owned]:
            self.partitions_kept.pop(partition).store.close()

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tell who waits for the state that it is there; Faust itself would lose what it raises.

        Not where partitions have been assigned anew meanwhile: of those nothing has been read, and
        Faust recovers once more.
        """
        if self.app.consumer_generation_id != self.generation_id:
            return
        self.recovered = {tp.partition for tp in active_tps}
        try:
            await self.call_recover_callbacks()
        except Exception as error:
            self.failed(error)
            raise

    async def on_start(self) -> None:
        """Declare nothing and open nothing: topics are made before, stores on demand."""
