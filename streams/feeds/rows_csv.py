"""Rows of a CSV export: header, quotes, line ends and all that goes wrong with them.

Rules: quotes are read strictly (a quote in the wrong place refuses its row, not the rest); a blank
line is no row; a row has as many fields as the header. Bytes that are no text in the encoding are
found row by row, so that one bad name does not stop a year of reports.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import IO

from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import FormatSpec
from streams.feeds.mapping_reasons import (
    FeedFileError,
    MappingError,
    Reason,
    listed,
    nearest,
)
from streams.feeds.mapping_yaml import Marked
from streams.feeds.rows import COLUMNS_MAX, ROW_CHARS_MAX, BadRow, Row, writable

CONTENT_CHARS_MAX = 4_096
_NOT_TEXT = re.compile("[\ud800-\udfff]")
_BOM = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig"}


class _TooLongError(Exception):
    """The row being read has grown past the bound; the reader goes on with the next line."""


class _Lines:
    """Lines for the csv reader; remembers those of the row being read."""

    def __init__(self, text: IO[str]) -> None:
        self._readline = text.readline
        self.row: list[str] = []
        self.chars = 0
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._readline(ROW_CHARS_MAX + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.row.append(line)
        self.chars += len(line)
        if self.chars > ROW_CHARS_MAX:
            while not line.endswith(("\n", "\r")) and line:
                line = self._readline(ROW_CHARS_MAX)
            raise _TooLongError
        return line

    def next_row(self) -> None:
        """Forget the row that was read."""
        self.row.clear()
        self.chars = 0

    def written(self) -> str:
        """Return what was written, cut off where it is long."""
        return writable("".join(self.row)[:CONTENT_CHARS_MAX])


class CsvRows:
    """Rows of a CSV file, opened and its header read when this is made."""

    def __init__(
        self, data: IO[bytes], spec: FormatSpec, columns: Columns, marked: Marked, name: str
    ) -> None:
        encoding = _BOM.get(spec.encoding.lower(), spec.encoding)
        text = io.TextIOWrapper(data, encoding, errors="surrogateescape", newline="")
        self._name = name
        self._encoding = spec.encoding
        self._lines = _Lines(text)
        self._reader = csv.reader(
            self._lines,
            delimiter="\t" if spec.delimiter == "tab" else spec.delimiter,
            quotechar=None if spec.quote == "none" else spec.quote,
            quoting=csv.QUOTE_NONE if spec.quote == "none" else csv.QUOTE_MINIMAL,
            strict=True,
        )
        self.header = self._read_header(marked)
        self._pick = _picker(self.header, columns, marked)

    def __iter__(self) -> Iterator[Row | BadRow]:
        lines, pick, width, header = self._lines, self._pick, len(self.header), self.header
        number = 0
        while True:
            lines.next_row()
            begins = lines.number + 1
            read = self._next()
            if read is None:
                return
            if not read:
                continue
            number += 1
            if isinstance(read, Reason):
                detail = f"lines {begins} to {lines.number}"
                yield BadRow(number, begins, read, detail, lines.written())
            elif len(read) != width:
                detail = f"{len(read)} fields, the header has {width}"
                yield BadRow(number, begins, Reason.RAGGED, detail, lines.written())
            else:
                yield Row(number, begins, tuple(map(str.strip, pick(read))), read, header)

    def _next(self) -> list[str] | Reason | None:
        """Return the fields of the next row, why it cannot be read, or None at the end."""
        try:
            fields = next(self._reader, None)
        except _TooLongError:
            return Reason.ROW_TOO_LONG
        except csv.Error:
            return Reason.BAD_QUOTES
        except UnicodeError as error:
            raise FeedFileError(
                f"{self._name} cannot be read as {self._encoding} after line {self._lines.number}: "
                "write its encoding into the mapping (`format: encoding:`), for example gb18030"
            ) from error
        for line in self._lines.row:
            if "\0" in line:
                return Reason.NUL_CHARACTER
            if not line.isascii() and _NOT_TEXT.search(line):
                return Reason.BAD_ENCODING
        return fields

    def _read_header(self, marked: Marked) -> tuple[str, ...]:
        fields: list[str] | Reason | None = []
        while fields == []:
            self._lines.next_row()
            fields = self._next()
        if fields is None:
            raise FeedFileError(f"{self._name} is empty: not even a header is there")
        if isinstance(fields, Reason):
            raise marked.error(
                f"the header of {self._name} cannot be read ({fields.value}): is it "
                f"{self._encoding}, and are delimiter and quote right?",
                "format",
            )
        if len(fields) > COLUMNS_MAX:
            raise FeedFileError(f"{self._name} has more than {COLUMNS_MAX:,} columns")
        return tuple(field.strip() for field in fields)


def _picker(
    header: tuple[str, ...], columns: Columns, marked: Marked
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what takes the mapping's columns out of a row, in their order."""
    for column, line in zip(columns.names, columns.lines, strict=True):
        times = header.count(column)
        if times == 0:
            raise MappingError(
                marked.name,
                line,
                f"the file has no column {column!r}.{nearest(column, header)} It has: "
                f"{listed(header)}. (One long name: is the delimiter right?)",
            )
        if times > 1:
            raise MappingError(
                marked.name, line, f"the file has {times} columns {column!r}; rename all but one"
            )
    places = [header.index(column) for column in columns.names]
    if len(places) == 1:
        return lambda fields: (fields[places[0]],)
    return itemgetter(*places)
