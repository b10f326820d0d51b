"""Where the stages keep state, behind one small face, and what falls due when.

Rules: a stage gets a value, changes it and puts it back. Packed state holds bytes (small, for the
many persons): a value that was not put back did not change. Live state holds the objects themselves
(fast, for the few areas): a change is there at once, so no step may stop half-way through one. The
due index only says where to look: what is due is decided from the state.
"""

import heapq
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from schemas.times import MINUTE_US
from schemas.versioned import VersionedCodec

S = TypeVar("S")
V = TypeVar("V")
BUCKET_US = 15 * MINUTE_US


class KeyedState(Protocol[S]):
    """Values by key; the runner chooses where they live."""

    def get(self, key: str) -> S | None:
        """Return the value of a key, or None; whoever changes it puts it back in the same step."""

    def put(self, key: str, value: S) -> None:
        """Keep a value under its key."""

    def delete(self, key: str) -> None:
        """Forget a key; forgetting an unknown key is no error."""

    def keys(self) -> Iterator[str]:
        """Go through the keys, in the order in which they were first put."""

    def __len__(self) -> int:
        """Return the number of keys."""


class _InMemory(Generic[V]):
    """What both kinds of state in memory have in common."""

    def __init__(self) -> None:
        self._values: dict[str, V] = {}

    def delete(self, key: str) -> None:
        """Forget a key."""
        self._values.pop(key, None)

    def keys(self) -> Iterator[str]:
        """Go through the keys."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._values)


class PackedState(_InMemory[bytes], Generic[S]):
    """State as versioned bytes in memory: about 33 bytes and the dictionary slot over the value."""

    def __init__(self, codec: VersionedCodec[S]) -> None:
        super().__init__()
        self._codec = codec

    def get(self, key: str) -> S | None:
        """Decode and return the value of a key, or None."""
        packed = self._values.get(key)
        return None if packed is None else self._codec.decode(packed)

    def put(self, key: str, value: S) -> None:
        """Encode and keep a value."""
        self._values[key] = self._codec.encode(value)

    def snapshot(self) -> dict[str, bytes]:
        """Return a copy of all values as versioned bytes."""
        return dict(self._values)

    def restore(self, values: dict[str, bytes]) -> None:
        """Take over the values of a snapshot, of this or an older version."""
        self._values = {key: self._codec.encode(self._codec.decode(v)) for key, v in values.items()}


class LiveState(_InMemory[S]):
    """State as objects in memory; `snapshot` and `restore` go through the versioned bytes."""

    def __init__(self, codec: VersionedCodec[S]) -> None:
        super().__init__()
        self._codec = codec

    def get(self, key: str) -> S | None:
        """Return the value of a key, or None: the object itself, not a copy."""
        return self._values.get(key)

    def put(self, key: str, value: S) -> None:
        """Keep a value."""
        self._values[key] = value

    def snapshot(self) -> dict[str, bytes]:
        """Return all values as versioned bytes."""
        return {key: self._codec.encode(value) for key, value in self._values.items()}

    def restore(self, values: dict[str, bytes]) -> None:
        """Take over the values of a snapshot, of this or an older version."""
        self._values = {key: self._codec.decode(packed) for key, packed in values.items()}


class DueIndex:
    """Keys by the quarter of an hour in which something of theirs falls due.

    A key may stand in several buckets; looking in vain is cheap, missing is not possible as long as
    every change of a due time is told to `add`.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, list[str]] = {}
        self._order: list[int] = []

    def add(self, key: str, due_us: int) -> None:
        """Note that something of `key` falls due at `due_us`."""
        bucket = -(-due_us // BUCKET_US)
        keys = self._buckets.get(bucket)
        if keys is None:
            self._buckets[bucket] = [key]
            heapq.heappush(self._order, bucket)
        else:
            keys.append(key)

    def due(self, now_us: int) -> list[str]:
        """Take out and return the keys with something due by `now_us`, sorted, each once.

        Due times are rounded up to their bucket, so an answer may come up to a bucket late.
        """
        found: set[str] = set()
        while self._order and self._order[0] * BUCKET_US <= now_us:
            found.update(self._buckets.pop(heapq.heappop(self._order)))
        return sorted(found)
