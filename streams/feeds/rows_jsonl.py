"""Rows of a JSON lines export: one object a line.

Rules: a name with dots reaches into nested objects (`place.town`) unless the object has that very
name. A missing name and null are blank. Numbers keep the digits they were written with. A name
that none of the first `LINES_AHEAD` objects has is an error of the mapping, told before any row.
"""

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import FormatSpec
from streams.feeds.mapping_reasons import MappingError, Reason, listed, nearest
from streams.feeds.mapping_yaml import Marked
from streams.feeds.rows import ROW_CHARS_MAX, BadRow, Row, writable

LINES_AHEAD = 100
CONTENT_BYTES_MAX = 4_096
_BOM = b"\xef\xbb\xbf"


class _NestedError(Exception):
    """A list or an object where one value is needed."""


class JsonRows:
    """Rows of a JSON lines file; the first lines are read ahead when this is made."""

    def __init__(self, data: IO[bytes], spec: FormatSpec, columns: Columns, marked: Marked) -> None:
        self._data = data
        self._encoding = spec.encoding
        self._decode = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode
        self._paths = [(name, tuple(name.split("."))) for name in columns.names]
        self._line = 0
        self._rows = self._read_rows()
        self._ahead = [row for row, _ in zip(self._rows, range(LINES_AHEAD), strict=False)]
        self._check(columns, marked)

    def __iter__(self) -> Iterator[Row | BadRow]:
        yield from self._ahead
        self._ahead = []
        yield from self._rows

    def _read_rows(self) -> Iterator[Row | BadRow]:
        number = 0
        while line := self._data.readline(ROW_CHARS_MAX + 1):
            self._line += 1
            line = line.removeprefix(_BOM) if self._line == 1 else line
            if not line.strip():
                continue
            number += 1
            if len(line) > ROW_CHARS_MAX:
                self._skip_rest(line)
                yield self._bad(number, Reason.ROW_TOO_LONG, line)
            else:
                yield self._row(number, line)

    def _row(self, number: int, line: bytes) -> Row | BadRow:
        try:
            if self._encoding != "utf-8":
                line = line.decode(self._encoding).encode()
            found = self._decode(line)
            values = tuple(_text(_reach(found, *path)) for path in self._paths)
        except UnicodeError:
            return self._bad(number, Reason.BAD_ENCODING, line)
        except msgspec.ValidationError:
            return self._bad(number, Reason.NOT_AN_OBJECT, line)
        except (msgspec.DecodeError, RecursionError):
            return self._bad(number, Reason.BAD_JSON, line)
        except _NestedError:
            return self._bad(number, Reason.NESTED_VALUE, line)
        if any("\0" in value for value in values):
            return self._bad(number, Reason.NUL_CHARACTER, line)
        return Row(number, self._line, values, msgspec.Raw(line.strip()))

    def _bad(self, number: int, reason: Reason, line: bytes) -> BadRow:
        written = line[:CONTENT_BYTES_MAX].decode("utf-8", "surrogateescape")
        return BadRow(number, self._line, reason, f"line {self._line}", writable(written))

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._data.readline(ROW_CHARS_MAX)

    def _check(self, columns: Columns, marked: Marked) -> None:
        seen = [self._decode(row.content) for row in self._ahead if isinstance(row, Row)]
        if not seen:
            return
        names = sorted({name for content in seen for name in content})
        for (column, path), line in zip(self._paths, columns.lines, strict=True):
            if not any(_has(content, column, path) for content in seen):
                raise MappingError(
                    marked.name,
                    line,
                    f"none of the first {len(seen)} objects has {column!r}."
                    f"{nearest(column, names)} They have: {listed(names)}",
                )


def _reach(found: dict[str, Any], name: str, path: tuple[str, ...]) -> Any:
    if name in found or len(path) == 1:
        return found.get(name)
    value: Any = found
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _has(found: dict[str, Any], name: str, path: tuple[str, ...]) -> bool:
    if name in found:
        return True
    value: Any = found
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise _NestedError
    return str(value)
