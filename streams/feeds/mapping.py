"""A mapping made ready once, then rows to events: every row becomes an event or a named refusal.

Rules: nothing is guessed and nothing is dropped. Every event is written and read back through
`schemas.events.Event`, so that what leaves here passes the intake's own check. `person` is the
person at risk, and is left out where the purpose never reaches a person's log. Events come in the
order of the rows. What is remembered between rows is bounded.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import msgspec
from msgspec import structs

from schemas.areas import Directory
from schemas.events import (
    NOTE_CHARS_MAX,
    TYPE_OF_FEED,
    Event,
    EventData,
    EventType,
    Location,
    Person,
)
from schemas.taxonomy import PERSON_PURPOSES
from streams.feeds.mapping_area import compile_area
from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import MappingFile, read_mapping_file
from streams.feeds.mapping_matter import compile_matter
from streams.feeds.mapping_parts import (
    CUT_MARK,
    NO_LOCATION_KEPT,
    NO_PERSON_KEPT,
    NOTE_CUT,
    OUTSIDE,
    IdReader,
    Part,
    Values,
    check_format,
    compile_id,
    compile_location,
    compile_note,
    compile_person,
    remembered,
)
from streams.feeds.mapping_reasons import Reason, Refusal
from streams.feeds.mapping_time import compile_time
from streams.feeds.mapping_yaml import Marked
from streams.feeds.rows import BadRow, CarefulBytes, Row, RowSource
from streams.feeds.rows_csv import CsvRows
from streams.feeds.rows_jsonl import JsonRows

IngestReader = Callable[[Values, datetime], datetime | Refusal | None]
_ENCODE = msgspec.json.Encoder().encode
_CHECK = msgspec.json.Decoder(Event).decode


class Mapped(msgspec.Struct, frozen=True):
    """An event and its JSON line (without the line end); `left_out` names what was not taken."""

    number: int
    event: Event
    encoded: bytes
    left_out: tuple[str, ...]


class RejectedRow(msgspec.Struct, frozen=True):
    """A row that is no event: which, why, by which line of the mapping, and what was written."""

    number: int
    line: int
    why: Refusal
    content: Any


class Mapping(msgspec.Struct, frozen=True):
    """A mapping made ready: what was written, its columns, and its readers.

    `parts` read matter, area, time, person, note and location from a row's values, in this order.
    """

    file: MappingFile
    marked: Marked
    columns: Columns
    directory: Directory | None
    parts: tuple[Part[Any], ...]
    read_ingest: IngestReader
    read_id: IdReader

    @property
    def event_type(self) -> EventType:
        """The CloudEvents type of the mapping's feed."""
        return TYPE_OF_FEED[self.file.feed]

    @property
    def name(self) -> str:
        """What error messages call the mapping."""
        return self.marked.name


def compile_mapping(text: str, name: str, directory: Directory | None = None) -> Mapping:
    """Make a mapping ready from its YAML; `directory` is the one it names, if it names one.

    Raises MappingError with the line, what is wrong there and what to do.
    """
    file, marked = read_mapping_file(text, name)
    check_format(file.format, marked)
    columns = Columns(marked)
    return Mapping(
        file=file,
        marked=marked,
        columns=columns,
        directory=directory,
        read_id=compile_id(file.id, columns, marked),
        parts=(
            remembered(*compile_matter(file, columns, marked)),
            remembered(*compile_area(file.area, columns, marked, directory)),
            compile_time(file.time, columns, marked, "time"),
            _nothing if file.person == "none" else compile_person(file.person, columns),
            _nothing if file.note == "none" else compile_note(file.note, columns, marked),
            _nothing
            if file.location == "none"
            else compile_location(file.location, columns, marked),
        ),
        read_ingest=_compile_ingest(file, columns, marked),
    )


def open_rows(mapping: Mapping, raw: IO[bytes], name: str) -> RowSource:
    """Open an export (packed with gzip or not) and check that it has the mapping's columns.

    `name` is what error messages call the file. Raises MappingError for a missing column,
    FeedFileError for a file that cannot be read.
    """
    data = CarefulBytes.opened(raw, name)
    if mapping.file.format.type == "csv":
        return CsvRows(data, mapping.file.format, mapping.columns, mapping.marked, name)
    return JsonRows(data, mapping.file.format, mapping.columns, mapping.marked)


def map_rows(mapping: Mapping, rows: Iterable[Row | BadRow]) -> Iterator[Mapped | RejectedRow]:
    """Yield an event or a refusal for each row, in their order.

    Ids are compared with those of the rows before, so a mapping is compiled anew for each file.
    """
    format_line = mapping.marked.line("format")
    for row in rows:
        if isinstance(row, BadRow):
            why = Refusal(row.reason, format_line, row.detail)
            yield RejectedRow(row.number, row.line, why, row.content)
            continue
        found = _map_row(mapping, row)
        if isinstance(found, Refusal):
            yield RejectedRow(row.number, row.line, found, row.written())
        else:
            yield found


def _map_row(mapping: Mapping, row: Row) -> Mapped | Refusal:
    values = row.values
    found: list[Any] = []
    for part in mapping.parts:
        value = part(values)
        if type(value) is Refusal:
            return value
        found.append(value)
    matter, area, time, person, note, location = found
    ingest = mapping.read_ingest(values, time)
    if isinstance(ingest, Refusal):
        return ingest
    event_id = mapping.read_id(row.number, values)
    if isinstance(event_id, Refusal):
        return event_id
    data = EventData(
        purpose=matter.purpose,
        kind=matter.kind,
        area=area,
        severity=matter.severity,
        signs=matter.signs,
        origin=matter.origin,
        channel=matter.channel,
        person=person if matter.purpose in PERSON_PURPOSES else None,
        location=None if location is OUTSIDE else location,
        note=note,
    )
    event = Event(
        specversion="1.0",
        id=event_id,
        source=mapping.file.source,
        type=mapping.event_type,
        time=time,
        ingesttime=ingest,
        data=data,
    )
    return _checked(row.number, event, _left_out(data, person, location))


def _checked(number: int, event: Event, left_out: tuple[str, ...]) -> Mapped | Refusal:
    encoded = _ENCODE(event)
    try:
        _CHECK(encoded)
    except msgspec.ValidationError as error:
        return Refusal(Reason.BAD_EVENT, None, str(error))
    return Mapped(number, event, encoded, left_out)


def _left_out(data: EventData, person: Person | None, location: Location | None) -> tuple[str, ...]:
    left_out = []
    if person is not data.person:
        left_out.append(NO_PERSON_KEPT)
    if location is not data.location:
        left_out.append(NO_LOCATION_KEPT)
    if data.note is not None and len(data.note) == NOTE_CHARS_MAX and data.note[-1] == CUT_MARK:
        left_out.append(NOTE_CUT)
    return tuple(left_out)


def _nothing(_values: Values) -> None:
    """Read a part that the mapping says is not there."""


def _compile_ingest(file: MappingFile, columns: Columns, marked: Marked) -> IngestReader:
    spec = file.ingest
    if spec is None:
        return lambda _values, _time: None
    if (spec.column is None) == (spec.delay_seconds is None):
        raise marked.error("write either `column:` or `delay_seconds:`", "ingest")
    if spec.column is None:
        delay = timedelta(seconds=spec.delay_seconds or 0)
        return lambda _values, time: time.astimezone(UTC) + delay
    own = structs.replace(file.time, column=spec.column, format=spec.format)
    read = compile_time(own, columns, marked, "ingest")

    def in_utc(values: Values, _time: datetime) -> datetime | Refusal:
        at = read(values)
        return at if isinstance(at, Refusal) else at.astimezone(UTC)

    return in_utc
