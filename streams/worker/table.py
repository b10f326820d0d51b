"""A Faust table whose partitions are stores of frames, recovered from the changelog in chunks.

Rules: Faust decides who owns what and reads the changelogs; what a value means, and which of two is
right, is decided here by stamps. A partition that was lost is closed, its memory forgotten.
"""

from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.types import TP

from schemas.versioned import StateError
from streams.worker.frames import Stamp, stamp_of
from streams.worker.stores import Store
from streams.worker.transport import ChunkSchema

RECOVERY_CHUNKS = 4


class Recovered:
    """The store of one partition as it comes back, with the greatest stamps seen.

    `changed` says that records came from the changelog since the partition was last seated.
    `regressed` are keys whose last value on the changelog is not the right one: a former owner
    wrote it late, and compaction would keep it.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.generation = 0
        self.high = -1
        self.changed = True
        self.regressed: set[bytes] = set()
        for key in _every_key(store):
            self._note(stamp_of(store.get(key) or b""))

    def _note(self, stamp: Stamp) -> None:
        self.generation = max(self.generation, stamp.generation)
        self.high = max(self.high, stamp.applied)

    def apply(self, records: Iterable[Any]) -> None:
        """Take records of the changelog in: of each key the frame with the greatest stamp stays."""
        changes: dict[bytes, bytes | None] = {}
        offset = -1
        self.changed = True
        get = self.store.get
        for record in records:
            key, value, offset = record.key, record.value, record.offset
            if key is None:
                raise StateError(
                    "a record without a key is on the changelog; it is not of forewarn"
                )
            if value is None:
                changes[key] = None
                self.regressed.discard(key)
                continue
            stamp = stamp_of(value)
            self._note(stamp)
            before = changes[key] if key in changes else get(key)
            if before is not None and stamp_of(before) > stamp:
                self.regressed.add(key)
            else:
                changes[key] = value
                self.regressed.discard(key)
        if offset >= 0:
            self.store.write(changes, offset)


def _every_key(store: Store) -> Iterable[bytes]:
    for section in range(1, 256):
        yield from store.keys(bytes([section]))


class DurableTable(faust.Table):  # type: ignore[type-arg]  # keys and values are bytes
    """The state of one stage: a store for each partition this worker owns."""

    make_store: Callable[[int], Store]
    failed: Callable[[BaseException], None]

    def __init__(self, app: Any, *, changelog: str, partitions: int, **options: Any) -> None:
        self.partitions_kept: dict[int, Recovered] = {}
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
        owned = {tp.partition for tp in assigned if tp.topic == self.changelog_topic_name}
        for partition in [one for one in self.partitions_kept if one not in owned]:
            self.partitions_kept.pop(partition).store.close()

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tell who waits for the state that it is there; Faust itself would lose what it raises."""
        try:
            await self.call_recover_callbacks()
        except Exception as error:
            self.failed(error)
            raise

    async def on_start(self) -> None:
        """Declare nothing and open nothing: topics are made before, stores on demand."""
