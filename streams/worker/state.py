"""The durable state of one partition: what is written, and over it what a chunk has changed so far.

Rules: a chunk changes the overlay alone. Its changes are framed once, when the chunk is done, go to
the changelog, and only after that into the store: a chunk that is abandoned leaves no trace. How
far the log is in the state (`StageProgress`) is a value of the state itself and is the last one of
a chunk: whoever recovers takes a chunk over when it has seen that (`table.py`), so state and
progress agree whatever happens.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from schemas.state import ClockReading, StageProgress
from schemas.versioned import STAGE_PROGRESS, VersionedCodec
from streams.worker.frames import HEAD_BYTES, Stamp, body_of, framed
from streams.worker.stores import Store

S = TypeVar("S")
PROGRESS_KEY = b"\x01progress"
GRAVE_S = 600.0
"""How long a deleted key keeps its stamp before its tombstone: longer than any delivery takes."""
GRAVES_PER_CHUNK_MAX = 1_000
Frames = list[tuple[bytes, bytes | None]]


class PartitionState:
    """All views on the state of one partition, with the overlay of the chunk under way.

    `generation` is this owner's; `high` is the greatest offset in any value on the changelog (-1
    where there is none): everything up to it has had its outputs acknowledged, also where a chunk
    was cut short. `seated_s` is the
    monotonic time of the beginning.
    """

    def __init__(
        self, store: Store, generation: int = 1, high: int = -1, seated_s: float = 0.0
    ) -> None:
        self.store = store
        self.generation = generation
        self.high = high
        self.seated_s = seated_s
        self.progress = self._coming = self._recovered()
        self._views: list[StateView[Any]] = []
        self._pending: dict[bytes, bytes | None] = {}
        self._sent = 0
        self.graves: dict[bytes, float] = {}

    def _recovered(self) -> StageProgress:
        frame = self.store.get(PROGRESS_KEY)
        if frame is None:
            return StageProgress(0, ClockReading())
        return STAGE_PROGRESS.decode(body_of(frame))

    def view(
        self, section: bytes, codec: VersionedCodec[S], *, live: bool = False
    ) -> "StateView[S]":
        """Return the values of one section; `live` keeps them decoded, for few and busy keys."""
        made = StateView(self, section, codec, live=live)
        self._views.append(made)
        return made

    def said_again(self, keys: Iterable[bytes], now_s: float) -> Frames:
        """Return the written values of keys under this owner's generation, and progress last.

        A key that is not there is said to be deleted.
        """
        stamp = Stamp(self.generation, self.progress.next_offset - 1)
        frames: Frames = []
        for key in keys:
            body = body_of(self.store.get(key) or framed(stamp, b""))
            if not body:
                self.graves[key] = now_s
            frames.append((key, framed(stamp, body)))
        frames.append((PROGRESS_KEY, framed(stamp, STAGE_PROGRESS.encode(self.progress))))
        return frames

    def changes(self, last_offset: int, progress: StageProgress, now_s: float) -> Frames:
        """Return the overlay as frames, section by section, and last of all how far it goes.

        A key that was deleted long enough before `now_s` (monotonic) gets its tombstone.
        """
        stamp = Stamp(self.generation, last_offset)
        frames: Frames = [(key, None) for key in self._old_graves(now_s)]
        for view in self._views:
            for key, frame in view.framed_changes(stamp):
                if len(frame) == HEAD_BYTES:
                    # At the end, also where it died before: it waits from its last death.
                    self.graves.pop(key, None)
                    self.graves[key] = now_s
                frames.append((key, frame))
        frames.append((PROGRESS_KEY, framed(stamp, STAGE_PROGRESS.encode(progress))))
        self._pending = dict(frames)
        self._sent = len(frames)
        self._coming = progress
        return frames

    def reached(self, changelog_offset: int, written: int) -> int | None:
        """Return up to where the store has the whole changelog, once `written` records are on it.

        Where somebody else wrote in between, the store has not got that: the offset stays, and the
        next recovery reads on from there.
        """
        before = self.store.offset()
        whole = changelog_offset - written == (-1 if before is None else before)
        return changelog_offset if whole else before

    def _old_graves(self, now_s: float) -> Iterator[bytes]:
        for key in list(islice(self.graves, GRAVES_PER_CHUNK_MAX)):
            if now_s - self.graves[key] < GRAVE_S:
                return
            del self.graves[key]
            frame = self.store.get(key)
            if frame is not None and len(frame) == HEAD_BYTES:
                yield key

    def merge(self, changelog_offset: int) -> None:
        """Take over the changes that were acknowledged up to `changelog_offset`."""
        self.store.write(self._pending, self.reached(changelog_offset, self._sent))
        self._pending = {}
        # Not before: what `progress` says may be committed at any moment.
        self.progress = self._coming
        for view in self._views:
            view.merged()


class StateView(Generic[S]):
    """One section of a partition's state, as the stages see it (`streams.state.KeyedState`)."""

    def __init__(
        self, state: PartitionState, section: bytes, codec: VersionedCodec[S], *, live: bool
    ) -> None:
        self._state = state
        self._section = section
        self._codec = codec
        self._keeps = live
        self._live: dict[str, S] = {}
        self._changed: dict[str, S | None] = {}
        self._number = 0
        for key in state.store.keys(section):
            frame = state.store.get(key) or b""
            if len(frame) > HEAD_BYTES:
                self._number += 1
            else:
                state.graves[key] = state.seated_s

    def _key(self, key: str) -> bytes:
        return self._section + key.encode()

    def _written(self) -> Iterator[str]:
        """Go through the keys that are written and not deleted."""
        for key in self._state.store.keys(self._section):
            frame = self._state.store.get(key)
            if frame is not None and len(frame) > HEAD_BYTES:
                yield key[1:].decode()

    def _read(self, key: str) -> S | None:
        frame = self._state.store.get(self._key(key))
        body = body_of(frame) if frame is not None else b""
        return self._codec.decode(body) if body else None

    def get(self, key: str) -> S | None:
        """Return the value of a key, or None; whoever changes it puts it back in the same step."""
        if key in self._changed:
            return self._changed[key]
        value = self._live.get(key)
        if value is None:
            value = self._read(key)
            if self._keeps and value is not None:
                self._live[key] = value
        return value

    def put(self, key: str, value: S) -> None:
        """Keep a value in the overlay."""
        self._changed[key] = value

    def delete(self, key: str) -> None:
        """Forget a key; forgetting an unknown key is no error."""
        self._changed[key] = None

    def keys(self) -> Iterator[str]:
        """Go through the keys, written ones first, then those of the chunk under way."""
        written = [key for key in self._written() if self._changed.get(key, key) is not None]
        known = set(written)
        yield from written
        for key, value in self._changed.items():
            if value is not None and key not in known:
                yield key

    def __len__(self) -> int:
        """Return the number of keys, that of the chunk under way left out."""
        return self._number

    def framed_changes(self, stamp: Stamp) -> list[tuple[bytes, bytes]]:
        """Return what the chunk changed in this section."""
        encode, get = self._codec.encode, self._state.store.get
        frames = []
        for name, value in self._changed.items():
            key = self._key(name)
            before = get(key)
            there = before is not None and len(before) > HEAD_BYTES
            if value is not None:
                self._number += not there
                frames.append((key, framed(stamp, encode(value))))
            elif before is not None:
                self._number -= there
                frames.append((key, framed(stamp, b"")))
        return frames

    def merged(self) -> None:
        """The changes are written: forget the overlay, keep live values."""
        if self._keeps:
            for key, value in self._changed.items():
                if value is None:
                    self._live.pop(key, None)
                else:
                    self._live[key] = value
        self._changed.clear()
