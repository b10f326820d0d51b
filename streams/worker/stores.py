"""Where the frames of one partition are kept: in memory, or on disk by RocksDB.

Rules: a store belongs to one partition of one stage; its keys are section byte and key. It keeps,
for each key, the frame that holds, and the changelog offset up to which it has all. A
store on disk writes a chunk's changes and that offset in one go, so it never lies about either.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from rocksdict import AccessType, Options, Rdict, WriteBatch

OFFSET_KEY = b"\x00offset"
Changes = Mapping[bytes, bytes | None]


class Store(Protocol):
    """Frames by key; `None` among changes forgets a key."""

    def get(self, key: bytes) -> bytes | None:
        """Return the frame of a key, or None."""

    def write(self, changes: Changes, offset: int | None) -> None:
        """Take changes over, together with the changelog offset they go up to, if it is known."""

    def keys(self, section: bytes) -> Iterator[bytes]:
        """Go through the keys of a section."""

    def offset(self) -> int | None:
        """Return the changelog offset up to which all is in, None where nothing is."""

    def __len__(self) -> int:
        """Return the number of keys (an estimate where counting would read everything)."""

    def bytes_held(self) -> int:
        """Return roughly how many bytes the frames take."""

    def close(self) -> None:
        """Let go of what the store holds open; from then on it answers as an empty one.

        Gauges and the watch over a takeover may still ask while a rebalance is under way.
        """


class MemoryStore:
    """Frames in a dictionary; after a restart they come back from the changelog."""

    def __init__(self) -> None:
        self._frames: dict[bytes, bytes] = {}
        self._offset: int | None = None
        self._bytes = 0

    def get(self, key: bytes) -> bytes | None:
        """Return the frame of a key, or None."""
        return self._frames.get(key)

    def write(self, changes: Changes, offset: int | None) -> None:
        """Take changes over."""
        frames, held = self._frames, self._bytes
        for key, frame in changes.items():
            before = frames.get(key)
            if before is not None:
                held -= len(before)
            if frame is None:
                frames.pop(key, None)
            else:
                frames[key] = frame
                held += len(frame)
        self._bytes = held
        self._offset = self._offset if offset is None else offset

    def keys(self, section: bytes) -> Iterator[bytes]:
        """Go through the keys of a section, in the order in which they were first written."""
        return (key for key in list(self._frames) if key[:1] == section)

    def offset(self) -> int | None:
        """Return the changelog offset up to which all is in."""
        return self._offset

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._frames)

    def bytes_held(self) -> int:
        """Return the bytes of all frames."""
        return self._bytes

    def close(self) -> None:
        """Forget everything: the partition may come back changed by another owner."""
        self._frames.clear()
        self._offset = None
        self._bytes = 0


class RocksStore:
    """Frames on disk by RocksDB, one folder a partition; a restart reads only what is newer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        options = Options(raw_mode=True)
        options.create_if_missing(create_if_missing=True)
        options.set_max_open_files(256)
        options.set_keep_log_file_num(2)
        self._db = Rdict(str(folder), options=options, access_type=AccessType.read_write())
        self._open = True

    def get(self, key: bytes) -> bytes | None:
        """Return the frame of a key, or None."""
        frame = self._db.get(key) if self._open else None
        return frame if isinstance(frame, bytes) else None

    def write(self, changes: Changes, offset: int | None) -> None:
        """Take changes over, with their offset, in one batch that is there whole or not at all."""
        batch = WriteBatch(raw_mode=True)
        for key, frame in changes.items():
            if frame is None:
                batch.delete(key)
            else:
                batch.put(key, frame)
        if offset is not None:
            batch.put(OFFSET_KEY, offset.to_bytes(8, "little"))
        self._db.write(batch)

    def keys(self, section: bytes) -> Iterator[bytes]:
        """Go through the keys of a section, in the order of keys."""
        for key in self._db.keys(from_key=section) if self._open else ():
            if not isinstance(key, bytes) or key[:1] != section:
                return
            yield key

    def offset(self) -> int | None:
        """Return the changelog offset that was written with the last changes."""
        kept = self._db.get(OFFSET_KEY) if self._open else None
        return int.from_bytes(kept, "little") if isinstance(kept, bytes) else None

    def __len__(self) -> int:
        """Return RocksDB's estimate of the number of keys."""
        return self._estimate("rocksdb.estimate-num-keys")

    def bytes_held(self) -> int:
        """Return RocksDB's estimate of the bytes of live data."""
        return self._estimate("rocksdb.estimate-live-data-size")

    def _estimate(self, name: str) -> int:
        return int(self._db.property_int_value(name) or 0) if self._open else 0

    def close(self) -> None:
        """Flush and close; the folder stays for the next owner on this machine."""
        if self._open:
            self._open = False
            self._db.close()
