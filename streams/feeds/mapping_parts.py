"""The smaller parts of a mapping: format, id, person, note and location, each made ready once.

Rules: a part reads its columns and returns its value, None where it is blank, or a refusal. What a
part leaves out on purpose (a place outside the bounds, the end of a long note) is named, so that it
can be counted.
"""

import math
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeVar

from schemas.events import NOTE_CHARS_MAX, Location, Person
from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import (
    FormatSpec,
    IdSpec,
    LocationSpec,
    NoteSpec,
    PersonSpec,
)
from streams.feeds.mapping_reasons import Reason, Refusal
from streams.feeds.mapping_yaml import Marked

ANSWERS_KEPT_MAX = 8_192
KEY_CHARS_MAX = 512
IDS_KEPT_MAX = 200_000
LAT_MAX, LON_MAX = 90, 180
T = TypeVar("T")
Values = Sequence[str]
Part = Callable[[Values], T | Refusal | None]
IdReader = Callable[[int, Values], str | Refusal]

CUT_MARK = "…"
OUTSIDE = Location(math.nan, math.nan)
"""Stands for a place that is there but outside the bounds of the mapping; never written."""

NO_LOCATION_KEPT = "location outside the bounds"
NOTE_CUT = "end of a long note"
NO_PERSON_KEPT = "person, where the purpose is neither harm nor help"


def remembered(read: Callable[[Values], T], places: tuple[int, ...]) -> Callable[[Values], T]:
    """Return `read` with its answers kept by the values at `places`; bounded in number and size."""
    key_of = itemgetter(*places) if places else tuple
    kept: dict[object, T] = {}

    def ask(values: Values) -> T:
        key = key_of(values)
        found = kept.get(key)
        if found is None:
            found = read(values)
            chars = sum(len(values[place]) for place in places)
            if len(kept) < ANSWERS_KEPT_MAX and chars <= KEY_CHARS_MAX:
                kept[key] = found
        return found

    return ask


class SeenIds:
    """The ids of the last rows: at least `IDS_KEPT_MAX`, at most twice as many."""

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._old: set[str] = set()

    def seen(self, event_id: str) -> bool:
        """Say whether `event_id` was there lately, and remember it."""
        if event_id in self._new or event_id in self._old:
            return True
        if len(self._new) >= IDS_KEPT_MAX:
            self._old, self._new = self._new, set()
        self._new.add(event_id)
        return False


def check_format(spec: FormatSpec, marked: Marked) -> None:
    """Check what cannot be seen from types. Raises MappingError."""
    try:
        "".encode(spec.encoding)
    except LookupError as error:
        raise marked.error(
            f"no encoding is called {spec.encoding!r}; for example utf-8, gb18030, latin-1",
            "format",
            "encoding",
        ) from error
    for key, value, word in (
        ("delimiter", spec.delimiter, "tab"),
        ("quote", spec.quote, "none"),
    ):
        if value != word and (len(value) != 1 or value in "\r\n\0 "):
            raise marked.error(f"`{key}` is one character, or the word {word}", "format", key)
    if spec.delimiter == spec.quote:
        raise marked.error("delimiter and quote cannot be the same", "format", "quote")


def compile_id(spec: IdSpec, columns: Columns, marked: Marked) -> IdReader:
    """Return a function from a row's number and values to its id or a refusal."""
    if (spec.column is None) == (spec.row_number is None):
        raise marked.error("write either `column:` or `row_number: yes`", "id")
    prefix = spec.prefix
    if spec.column is None:
        return lambda number, _values: f"{prefix}{number:09d}"
    place = columns.place(spec.column, "id", "column")
    blank = Refusal(Reason.NO_ID, marked.line("id", "column"), f"{spec.column!r} is blank")
    again = Refusal(Reason.ID_REPEATED, marked.line("id", "column"), "the id came before")
    seen = SeenIds().seen

    def read(_number: int, values: Values) -> str | Refusal:
        value = values[place]
        if not value:
            return blank
        event_id = prefix + value
        return again if seen(event_id) else event_id

    return read


def compile_person(spec: PersonSpec, columns: Columns) -> Part[Person]:
    """Return a function from a row's values to the person at risk, None where it is blank."""
    place = columns.place_of_person(spec.column)
    scheme = spec.scheme

    def read(values: Values) -> Person | None:
        return Person(scheme=scheme, value=values[place]) if values[place] else None

    return read


def compile_note(spec: NoteSpec, columns: Columns, marked: Marked) -> Part[str]:
    """Return a function from a row's values to its note; a cut note ends in an ellipsis."""
    place = columns.place(spec.column, "note", "column")
    line = marked.line("note", "when_too_long")
    cut = spec.when_too_long == "cut"

    def read(values: Values) -> str | Refusal | None:
        note = values[place]
        if len(note) <= NOTE_CHARS_MAX:
            return note or None
        if cut:
            return note[: NOTE_CHARS_MAX - 1] + CUT_MARK
        return Refusal(Reason.NOTE_TOO_LONG, line, f"{len(note)} characters")

    return read


def compile_location(spec: LocationSpec, columns: Columns, marked: Marked) -> Part[Location]:
    """Return a function from a row's values to its place, None where it is blank.

    A place outside the bounds is `OUTSIDE` or a refusal, as the mapping says.
    """
    lat_place = columns.place(spec.lat, "location", "lat")
    lon_place = columns.place(spec.lon, "location", "lon")
    south, west, north, east = spec.within
    if not (-LAT_MAX <= south < north <= LAT_MAX and -LON_MAX <= west < east <= LON_MAX):
        raise marked.error(
            "`within` is [south, west, north, east] in degrees", "location", "within"
        )
    line = marked.line("location", "otherwise")
    leave_out = spec.otherwise == "leave_out"

    def read(values: Values) -> Location | Refusal | None:
        lat, lon = _degrees(values[lat_place]), _degrees(values[lon_place])
        if south <= lat <= north and west <= lon <= east:
            return Location(lat, lon)
        if not (values[lat_place] or values[lon_place]):
            return None
        if leave_out:
            return OUTSIDE
        return Refusal(Reason.BAD_LOCATION, line, "not a place within the bounds")

    return read


def _degrees(text: str) -> float:
    """Return a number of degrees; not-a-number where it is none, which lies in no bounds."""
    try:
        return float(text)
    except ValueError:
        return math.nan
