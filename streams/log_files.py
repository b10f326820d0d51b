"""The files of a recording: what is on topics, partition by partition, exact and checked.

    manifest.json            topics, partitions, offsets, counts, digests; what the run went by
    <topic>-<n>.frames.zst   a header, then each record: 4 bytes of length, then msgpack

Rules: bytes are kept as they were, nothing is decoded; a recording is whole or it is none (the
manifest is written last); reading checks every digest before the first record is used. Files are
compressed with zstd: most of a log are ticks, and they are much alike.
"""

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from schemas.closed import Closed

FORMAT = 1
MANIFEST = "manifest.json"
_MAGIC = b"forewarn-log\x01"
_LENGTH_BYTES = 4
_CHUNK_BYTES = 1024 * 1024


class RecordingError(ValueError):
    """A recording that cannot be used; the message says what to do."""


class LoggedRecord(NamedTuple):
    """One record of one partition, as it was on the topic."""

    offset: int
    key: bytes | None
    value: bytes | None


class LogFile(Closed, frozen=True):
    """One recorded partition: `first` is its first offset, `end` the one after its last."""

    topic: str
    partition: int
    file: str
    first: int
    end: int
    records: int
    sha256: str


class Manifest(Closed, frozen=True):
    """What a recording holds, and what the run went by.

    `sources` are the partitions of the raw topics as the clocks of the stages name them; `areas`
    and `config_sha256` name directory and configuration.
    """

    format: int
    namespace: str
    code: str
    areas: str
    config_sha256: str
    sources: tuple[str, ...]
    files: tuple[LogFile, ...]

    def partitions(self, topic: str) -> list[LogFile]:
        """Return the files of a topic, in order of partition."""
        found = [one for one in self.files if one.topic == topic]
        return sorted(found, key=lambda one: one.partition)


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, bytes | None, bytes | None]).decode


def begin_recording(folder: Path) -> None:
    """Make the folder; what was recorded in it before is no longer whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)


class LogWriter:
    """Writes the frames of one partition; `finish` says what was written."""

    def __init__(self, folder: Path, topic: str, partition: int) -> None:
        self._name = f"{topic}-{partition}.frames.zst"
        self._topic = topic
        self._partition = partition
        self._path = folder / self._name
        self._file = ZstdCompressor().stream_writer(self._path.open("wb"))
        self._file.write(_MAGIC)
        self._records = 0

    def write(self, record: LoggedRecord) -> None:
        """Append one record."""
        packed = _pack(record)
        self._file.write(len(packed).to_bytes(_LENGTH_BYTES, "little"))
        self._file.write(packed)
        self._records += 1

    def finish(self, first: int, end: int) -> LogFile:
        """Close the file and return its entry of the manifest."""
        self.close()
        return LogFile(
            self._topic,
            self._partition,
            self._name,
            first,
            end,
            self._records,
            _digest_of(self._path),
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()  # type: ignore[no-untyped-call]  # its stub has no types here


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, which makes the recording whole."""
    partial = folder / f".{MANIFEST}.partial"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    partial.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Read a recording's manifest and check its files. Raises RecordingError, OSError."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise RecordingError(
            f"{folder} holds no whole recording ({MANIFEST} is not there); "
            f"make one with: forewarn record --out {folder}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"{folder / MANIFEST}: cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise RecordingError(
            f"{folder} is a recording of format {manifest.format}, this code reads {FORMAT}"
        )
    for one in manifest.files:
        if _digest_of(folder / one.file) != one.sha256:
            raise RecordingError(f"{folder / one.file} is damaged; record again")
    return manifest


def read_log(folder: Path, log: LogFile) -> Iterator[LoggedRecord]:
    """Yield the records of a partition, in their order. Raises RecordingError, OSError."""
    path = folder / log.file
    with path.open("rb") as packed, ZstdDecompressor().stream_reader(packed) as unpacked:
        file = io.BufferedReader(unpacked, _CHUNK_BYTES)
        try:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise RecordingError(f"{path} is no log of a recording of this version")
            left = log.records
            while length := file.read(_LENGTH_BYTES):
                left -= 1
                yield LoggedRecord(*_unpack(file.read(int.from_bytes(length, "little"))))
            if left:
                raise RecordingError(f"{path} is cut off: {left} records are missing; record again")
        except (msgspec.DecodeError, ZstdError) as error:
            raise RecordingError(f"{path} is cut off or damaged; record again") from error


def _digest_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
