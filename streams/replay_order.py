"""A whole feed in one order: by `ingesttime`, source, id, and then the bytes themselves.

Rules: the order of lines in a file must not matter, so a replay sorts. Memory is bounded: lines are
sorted in runs of a fixed size, spilled to temporary files, and merged. A line that has no readable
key comes first, as it moves no clock; one far too long is cut, with size and digest of the whole.
A line without `ingesttime` is taken as having come in when it happened.
"""

import heapq
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import IO, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from schemas.events import RawRecord
from schemas.times import to_us

LINE_BYTES_MAX = 16 * 1024 * 1024
RUN_BYTES_MAX = 64 * 1024 * 1024
TOPIC = "replay"
_KEY_CHARS_MAX = 1_024


class _Key(msgspec.Struct):
    """The part of an event that orders it; other fields are passed over."""

    source: Annotated[str, Meta(max_length=_KEY_CHARS_MAX)] = ""
    id: Annotated[str, Meta(max_length=_KEY_CHARS_MAX)] = ""
    time: Annotated[datetime, Meta(tz=True)] | None = None
    ingesttime: Annotated[datetime, Meta(tz=True)] | None = None


class Line(NamedTuple):
    """One line with its place in the order; `size` and `digest` only where it was cut."""

    ingest_us: int
    source: str
    event_id: str
    value: bytes
    number: int
    size: int = 0
    digest: str = ""

    def record(self) -> RawRecord:
        """Return the line as the raw record of a feed; the line's number is its offset."""
        return RawRecord(
            self.value, TOPIC, 0, self.number, self.ingest_us, (), self.size, self.digest
        )


Progress = Callable[[int], None]
_key_of = msgspec.json.Decoder(_Key).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, str, str, bytes, int, int, str]).decode


def ordered(
    stream: IO[bytes],
    until_us: int,
    *,
    earliest_us: int = 1,
    run_bytes_max: int = RUN_BYTES_MAX,
    progress: Progress | None = None,
) -> Iterator[Line]:
    """Yield the lines of a binary stream in order.

    A line that says it came in before `earliest_us` or after `until_us` moves no clock.
    `progress` is told the number of lines read. Runs over `run_bytes_max` go to temporary files,
    which are gone when the iterator is.
    """
    with tempfile.TemporaryDirectory(prefix="forewarn-replay-") as folder:
        runs: list[Iterator[Line]] = []
        run: list[Line] = []
        size = 0
        for line in _lines(stream, (earliest_us, until_us), progress):
            run.append(line)
            size += len(line.value)
            if size > run_bytes_max:
                runs.append(_spilled(sorted(run), folder))
                run, size = [], 0
        run.sort()
        yield from heapq.merge(*runs, run) if runs else run


def _lines(
    stream: IO[bytes], believed: tuple[int, int], progress: Progress | None
) -> Iterator[Line]:
    number = 0
    while value := stream.readline(LINE_BYTES_MAX):
        size, digest = 0, ""
        if len(value) == LINE_BYTES_MAX and not value.endswith(b"\n"):
            size, digest = _rest_of_line(stream, value)
        number += 1
        yield _keyed(value.rstrip(b"\r\n"), number, believed, size, digest)
        if progress is not None and not number % 4_096:
            progress(number)
    if progress is not None:
        progress(number)


def _rest_of_line(stream: IO[bytes], beginning: bytes) -> tuple[int, str]:
    """Pass over the rest of a line that is far too long; return size and digest of the whole."""
    size, whole = len(beginning), sha256(beginning)
    while piece := stream.readline(LINE_BYTES_MAX):
        ended = piece.endswith(b"\n")
        piece = piece.rstrip(b"\r\n") if ended else piece
        size += len(piece)
        whole.update(piece)
        if ended:
            break
    return size, whole.hexdigest()


def _keyed(value: bytes, number: int, believed: tuple[int, int], size: int, digest: str) -> Line:
    try:
        key = _key_of(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Line(0, "", "", value, number, size, digest)
    came = key.ingesttime or key.time
    ingest_us = to_us(came) if came is not None else 0
    if not believed[0] <= ingest_us <= believed[1]:
        ingest_us = 0
    return Line(ingest_us, key.source, key.id, value, number, size, digest)


def _spilled(run: list[Line], folder: str) -> Iterator[Line]:
    """Write a sorted run to a file of length-prefixed msgpack and return how to read it again."""
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by the reader's end, and with the folder
    for line in run:
        packed = _pack(line)
        file.write(len(packed).to_bytes(4, "little"))
        file.write(packed)
    file.seek(0)
    return _read_back(file)


def _read_back(file: IO[bytes]) -> Iterator[Line]:
    with file:
        while length := file.read(4):
            yield Line(*_unpack(file.read(int.from_bytes(length, "little"))))
