"""What mapping leaves behind: whole files of events and of rejected rows, and their counts.

Rules: a file appears under its name only when it is whole; a run that breaks off leaves what was
there before. Only its owner may read it, because events may name persons at risk and rejected rows
hold what the export said. Packed output has no name and no time in it: the same rows, the same
bytes. Counts hold reasons and lines of the mapping, never values of a row.
"""

import gzip
import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from streams.feeds.mapping import Mapped, RejectedRow
from streams.feeds.mapping_reasons import Reason
from streams.feeds.rows import writable

PACK_LEVEL = 6
_SUFFIXES = (".gz", ".jsonl", ".ndjson", ".json")


class WholeFile:
    """A file of lines that is renamed to `path` when the `with` block ends well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._raw: IO[bytes] | None = None
        self._file: IO[bytes] | gzip.GzipFile | None = None

    def __enter__(self) -> Self:
        self._part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._raw = os.fdopen(os.open(self._part, flags, 0o600), "wb")
        self._file = self._raw
        if self.path.suffix == ".gz":
            self._file = gzip.GzipFile("", "wb", PACK_LEVEL, self._raw, mtime=0)
        return self

    def write(self, line: bytes) -> None:
        """Write a line; the line end is added."""
        if self._file is None:
            raise RuntimeError("a WholeFile is written inside its `with` block")
        self._file.write(line + b"\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._raw is None or self._file is None:
            return
        try:
            if kind is None:
                self._close(self._raw, self._file)
                self._part.replace(self.path)
        finally:
            with suppress(OSError):
                self._file.close()
            self._raw.close()
            self._part.unlink(missing_ok=True)

    @staticmethod
    def _close(raw: IO[bytes], file: IO[bytes] | gzip.GzipFile) -> None:
        if file is not raw:
            file.close()
        raw.flush()
        os.fsync(raw.fileno())


class MappingCount:
    """How many rows became what; `add` is called once for each row."""

    def __init__(self) -> None:
        self.rows = 0
        self.events = 0
        self.reasons: Counter[tuple[Reason, int | None]] = Counter()
        self.matters: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[str] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None

    @property
    def rejected(self) -> int:
        """Rows that should be events and are not; those that a rule leaves out are none of them."""
        return sum(n for (reason, _), n in self.reasons.items() if reason is not Reason.LEFT_OUT)

    def add(self, row: Mapped | RejectedRow) -> None:
        """Count one row."""
        self.rows += 1
        if isinstance(row, RejectedRow):
            self.reasons[row.why.reason, row.why.mapping_line] += 1
            return
        self.events += 1
        event = row.event
        self.matters[event.data.kind, event.data.purpose] += 1
        self.left_out.update(row.left_out)
        if self.first is None or event.time < self.first:
            self.first = event.time
        if self.last is None or event.time > self.last:
            self.last = event.time

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the times of the earliest and latest event in UTC, None without events."""
        if self.first is None or self.last is None:
            return None
        return self.first.astimezone(UTC), self.last.astimezone(UTC)


def rejects_beside(out: Path) -> Path:
    """Return where the rejected rows of `out` go: EVENTS.jsonl.gz to EVENTS.rejected.jsonl.gz."""
    stem, packed = out.name, ""
    for suffix in _SUFFIXES:
        if stem.endswith(suffix) and stem != suffix:
            stem = stem.removesuffix(suffix)
            packed = ".gz" if suffix == ".gz" else packed
    return out.with_name(f"{stem}.rejected.jsonl{packed}")


def rejected_line(row: RejectedRow, mapping_name: str) -> bytes:
    """Return a rejected row as a line of JSON: where, why, by which line of the mapping, and it."""
    line = row.why.mapping_line
    return msgspec.json.encode(
        {
            "row": row.number,
            "line": row.line,
            "reason": row.why.reason,
            "detail": writable(row.why.detail),
            "mapping": mapping_name if line is None else f"{mapping_name} line {line}",
            "content": row.content,
        }
    )
