"""Why a row did not become an event, and why a mapping or a file could not be used at all.

Rules: a row that cannot be mapped is a value with a named reason, never an exception; only what
stops the whole run (a wrong mapping, an unreadable file) is raised. A message says where, what is
wrong and what to do. It never repeats what a row says: a row may name a person.
"""

import difflib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

NAMES_SHOWN_MAX = 40


class Reason(StrEnum):
    """Why a row did not become an event."""

    LEFT_OUT = "left_out"
    ROW_TOO_LONG = "row_too_long"
    BAD_ENCODING = "bad_encoding"
    NUL_CHARACTER = "nul_character"
    BAD_QUOTES = "bad_quotes"
    RAGGED = "ragged"
    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    NESTED_VALUE = "nested_value"
    NO_ID = "no_id"
    ID_REPEATED = "id_repeated"
    NO_TIME = "no_time"
    BAD_TIME = "bad_time"
    TIME_SKIPPED = "time_skipped"
    TIME_AMBIGUOUS = "time_ambiguous"
    NO_AREA = "no_area"
    UNKNOWN_AREA = "unknown_area"
    NO_RULE = "no_rule"
    NOT_IN_TABLE = "not_in_table"
    BAD_LOCATION = "bad_location"
    NOTE_TOO_LONG = "note_too_long"
    BAD_EVENT = "bad_event"


MEANING: dict[Reason, str] = {
    Reason.LEFT_OUT: "a rule of the mapping leaves such rows out",
    Reason.ROW_TOO_LONG: "longer than a row may be; often a quote that is never closed",
    Reason.BAD_ENCODING: "bytes that are not text in the encoding of the mapping",
    Reason.NUL_CHARACTER: "a NUL character, which no text has; the export is damaged",
    Reason.BAD_QUOTES: "a quote opened or closed in the wrong place",
    Reason.RAGGED: "more or fewer fields than the header has",
    Reason.BAD_JSON: "a line that is not JSON",
    Reason.NOT_AN_OBJECT: "a line that is JSON, but not an object of names and values",
    Reason.NESTED_VALUE: "a list or an object where one value is needed",
    Reason.NO_ID: "the column of the id is blank",
    Reason.ID_REPEATED: "the id was there before: a second event of that id would be dropped",
    Reason.NO_TIME: "the column of the time is blank",
    Reason.BAD_TIME: "not a time in the format of the mapping",
    Reason.TIME_SKIPPED: "an hour that the clocks skipped in spring",
    Reason.TIME_AMBIGUOUS: "an hour that the clocks went through twice in autumn",
    Reason.NO_AREA: "no column says where it happened",
    Reason.UNKNOWN_AREA: "an area that the directory does not have",
    Reason.NO_RULE: "no rule of the mapping fits the category",
    Reason.NOT_IN_TABLE: "a value that a table of the mapping does not have",
    Reason.BAD_LOCATION: "latitude or longitude is no place, or outside the bounds given",
    Reason.NOTE_TOO_LONG: "the note is longer than a note may be",
    Reason.BAD_EVENT: "an event that the schema refuses",
}


class Refusal(msgspec.Struct, frozen=True):
    """A named reason, the line of the mapping that decided (None: the row itself), and details.

    `detail` may repeat a value of the row: it is for the file of rejected rows and for no log.
    """

    reason: Reason
    mapping_line: int | None
    detail: str


class MappingError(ValueError):
    """A mapping that cannot be used; the message names its line and what to do."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name} line {line}: {problem}")
        self.line = line


class FeedFileError(ValueError):
    """An export that cannot be read (on); the message says where and what to do."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known word most like `word`, else an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """Return names for a message, separated by commas and cut off after `NAMES_SHOWN_MAX`."""
    shown = list(names)
    more = f" and {len(shown) - NAMES_SHOWN_MAX} more" if len(shown) > NAMES_SHOWN_MAX else ""
    return ", ".join(repr(name) for name in shown[:NAMES_SHOWN_MAX]) + more
