"""A file of events as a stream of lines: plain or gzipped, or standard input."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast


@contextmanager
def opened(events: str) -> Iterator[IO[bytes]]:
    """Open a file of events, decompressed where it is gzipped; `-` is standard input."""
    if events == "-":
        yield sys.stdin.buffer
        return
    with Path(events).open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if gzipped else file


def why_unread(error: Exception, events: str) -> str:
    """Return what to tell somebody whose file of events could not be read."""
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: there is no such file"
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return f"{events}: the gzip file is damaged or cut off ({error}); fetch it again"
    return str(error)
