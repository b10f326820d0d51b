"""Rows of an export, one at a time: what the bytes say, and which of them cannot be read.

Rules: memory is bounded by one row, whatever the file (a row has at most `ROW_CHARS_MAX`
characters, so a quote that is never closed costs one row and not the rest of the file). A bad row
is a value and the next one is read; only a file that cannot be read on is raised. A row that is
refused keeps what was written, for the file of rejected rows.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, Any, Protocol

import msgspec

from streams.feeds.mapping_reasons import FeedFileError, Reason

ROW_CHARS_MAX = 131_072
"""At most as long as a field may be for the csv module, which then never refuses one itself."""
COLUMNS_MAX = 1_024
_GZIP = b"\x1f\x8b"
_WRONG_STARTS = {
    b"PK\x03\x04": "a zip or Excel file; save the sheet as CSV (UTF-8) and map that",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV (UTF-8) and map that",
    b"%PDF": "a PDF; ask for the export as CSV or JSON lines",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zX": "packed with xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
}


class Row(msgspec.Struct, frozen=True):
    """A row that was read: `values` in the order of the mapping's columns, blanks stripped.

    `number` counts rows from 1 (a header is none); `line` is the line of the file it begins on.
    `content` is what was written: fields, or the JSON as it stood.
    """

    number: int
    line: int
    values: tuple[str, ...]
    content: Any
    header: tuple[str, ...] = ()

    def written(self) -> Any:
        """Return what was written, under the names of the header where that loses nothing."""
        if self.header and len(set(self.header)) == len(self.header):
            return dict(zip(self.header, self.content, strict=True))
        return self.content


class BadRow(msgspec.Struct, frozen=True):
    """A row that could not be read, with what was written (cut off where it is too long)."""

    number: int
    line: int
    reason: Reason
    detail: str
    content: Any


class RowSource(Protocol):
    """Rows of one format."""

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Yield rows in the order of the file. Raises FeedFileError where it breaks off."""


class CarefulBytes(io.RawIOBase):
    """Bytes of the export, unpacked where they are packed; a broken pack is a FeedFileError."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        start = io.BufferedReader(_Readable(raw), buffer_size=65_536)
        head = start.peek(4)[:4]
        for wrong, what in _WRONG_STARTS.items():
            if head.startswith(wrong):
                raise FeedFileError(f"{name} is {what}")
        self._name = name
        packed = head.startswith(_GZIP)
        self._inner: io.BufferedIOBase = gzip.GzipFile(fileobj=start) if packed else start

    @classmethod
    def opened(cls, raw: IO[bytes], name: str) -> IO[bytes]:
        """Return the unpacked bytes of `raw`; `name` is what error messages call the file."""
        return io.BufferedReader(cls(raw, name), buffer_size=65_536)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` and return how many bytes there were; 0 at the end."""
        try:
            data = self._inner.read(len(buffer))
        except EOFError as error:
            raise FeedFileError(
                f"{self._name} is cut off: the packed file ends too early; copy or export it again"
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FeedFileError(
                f"{self._name} is damaged: it cannot be unpacked ({error}); copy or export it again"
            ) from error
        buffer[: len(data)] = data
        return len(data)


class _Readable(io.RawIOBase):
    """Any object with `read` as a raw stream, so that standard input and files are alike."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def writable(text: str) -> str:
    """Return text in which bytes that were no text are spelled out, so that it can be written."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
