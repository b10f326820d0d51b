"""The mapping as it is written: which column means what, closed and strictly typed.

Rules: an unknown key is refused, and an error names the line and the nearest known word. `person`
has no default: a mapping says `none`, or names the column of the person *at risk* and declares in
words that it is that person. A reporter, a caller for somebody else, a suspect or any other party
has no key here.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from schemas.closed import Closed
from schemas.events import Severity, Source
from schemas.taxonomy import Channel, Feed, Kind, Origin, Purpose, Scheme, Sign
from streams.feeds.mapping_reasons import nearest
from streams.feeds.mapping_yaml import Marked, Path, read_marked

VERSION = "1"
T = TypeVar("T")
Column = Annotated[str, Meta(min_length=1, max_length=256)]
Words = str | tuple[str, ...]


class FormatSpec(Closed, frozen=True):
    """How the export is written. gzip is seen from the file itself."""

    type: Literal["csv", "jsonl"]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'


class IdSpec(Closed, frozen=True):
    """The event's id: a column, or the number of the row with a prefix of one's own."""

    column: Column | None = None
    row_number: Literal["yes", "true"] | None = None
    prefix: Annotated[str, Meta(max_length=64)] = ""


class TimeSpec(Closed, frozen=True):
    """When it happened; `time_zone` is that of times without an offset."""

    column: Column
    time_zone: str
    format: str = "iso"
    when_ambiguous: Literal["earlier", "later", "refuse"] = "earlier"
    when_skipped: Literal["shift", "refuse"] = "refuse"


class IngestSpec(Closed, frozen=True):
    """When it reached the service: a column (of the zone of `time`), or a delay in seconds."""

    column: Column | None = None
    format: str = "iso"
    delay_seconds: Annotated[int, Meta(ge=0, le=366 * 86_400)] | None = None


class AreaSpec(Closed, frozen=True):
    """Where it happened: the first code whose columns are filled (and that the directory has)."""

    codes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=16)]
    replace: dict[str, dict[str, str]] = {}
    spaces_become: Annotated[str, Meta(max_length=1)] | None = None
    directory: str | None = None


class PersonSpec(Closed, frozen=True):
    """The column that names the person at risk, declared to be exactly that."""

    column: Column
    scheme: Scheme
    this_column_is_the_person_at_risk: Literal["yes", "true"]


class Lookup(Closed, frozen=True):
    """A column whose values are looked up in a table; `otherwise` is for values not in it."""

    column: Column
    table: dict[str, str]
    otherwise: str = "refuse"


class MatterSpec(Closed, frozen=True):
    """What a category means; what it leaves open comes from the keys at the top."""

    kind: Kind | None = None
    purpose: Purpose | None = None
    severity: Severity | None = None
    signs: tuple[Sign, ...] = ()
    origin: Origin | None = None
    channel: Channel | None = None


class RuleSpec(MatterSpec, frozen=True):
    """A matter for the categories that are equal to, begin with or wholly match something.

    `skip` leaves such rows out, and says why.
    """

    equals: Words = ()
    prefix: Words = ()
    pattern: str | None = None
    skip: str | None = None


class CategorySpec(Closed, frozen=True):
    """The column that says what happened, and its rules; the first that fits decides."""

    column: Column
    rules: Annotated[tuple[RuleSpec, ...], Meta(max_length=2_000)] = ()
    otherwise: Literal["refuse", "skip"] | MatterSpec = "refuse"


class SignSpec(Closed, frozen=True):
    """A sign of danger that has a column of its own, there when the value is one of `equals`."""

    sign: Sign
    column: Column
    equals: Words


class NoteSpec(Closed, frozen=True):
    """Free text for the officer, never a feature."""

    column: Column
    when_too_long: Literal["cut", "refuse"] = "cut"


class LocationSpec(Closed, frozen=True):
    """Degrees (WGS 84); `within` is (south, west, north, east)."""

    lat: Column
    lon: Column
    within: tuple[float, float, float, float] = (-90.0, -180.0, 90.0, 180.0)
    otherwise: Literal["leave_out", "refuse"] = "refuse"


class MappingFile(Closed, frozen=True):
    """A whole mapping."""

    mapping: Literal["1"]
    feed: Feed
    source: Source
    format: FormatSpec
    id: IdSpec
    time: TimeSpec
    area: AreaSpec
    person: Literal["none"] | PersonSpec
    category: CategorySpec
    purpose: Purpose | Lookup | None = None
    severity: Severity | Lookup | None = None
    origin: Origin | Lookup = Origin.REPORTED
    channel: Channel | Lookup | None = None
    signs: tuple[SignSpec, ...] = ()
    ingest: IngestSpec | None = None
    note: Literal["none"] | NoteSpec = "none"
    location: Literal["none"] | LocationSpec = "none"


PERSON_RULE = (
    "a mapping has to say who the person is. Write `person: none`, or name the column of the "
    "person AT RISK OF HARM (the victim, the person in crisis, the one in need) and declare it "
    "with `this_column_is_the_person_at_risk: yes`. A reporter, somebody who calls for another, a "
    "suspect or any other party must never be mapped: what is counted here is counted about the "
    "person to be helped"
)

VOCABULARIES: dict[str, type[StrEnum]] = {
    "kind": Kind,
    "purpose": Purpose,
    "sign": Sign,
    "signs": Sign,
    "origin": Origin,
    "channel": Channel,
    "scheme": Scheme,
    "feed": Feed,
}
_KEYS: dict[str, type[msgspec.Struct]] = {
    "format": FormatSpec,
    "id": IdSpec,
    "time": TimeSpec,
    "ingest": IngestSpec,
    "area": AreaSpec,
    "person": PersonSpec,
    "category": CategorySpec,
    "rules": RuleSpec,
    "signs": SignSpec,
    "note": NoteSpec,
    "location": LocationSpec,
    "otherwise": MatterSpec,
    "purpose": Lookup,
    "severity": Lookup,
    "origin": Lookup,
    "channel": Lookup,
}
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")
_QUOTED = re.compile(r"[`'](?P<word>[^`']*)[`']$")


def read_mapping_file(text: str, name: str) -> tuple[MappingFile, Marked]:
    """Read a mapping; the second value knows the line of everything in it.

    Raises MappingError with the line, what is wrong there and what to do.
    """
    marked = read_marked(text, name)
    if not isinstance(marked.value, dict):
        raise marked.error("a mapping is made of `key: value` lines; the first is `mapping: 1`")
    if marked.value.get("mapping") != VERSION:
        raise marked.error(
            f"`mapping: {VERSION}` has to be there: the version of this form", "mapping"
        )
    if marked.value.get("person", "") in ("", "null", "~"):
        raise marked.error(PERSON_RULE, "person")
    try:
        return msgspec.convert(marked.value, MappingFile, strict=False), marked
    except msgspec.ValidationError as error:
        what, path = _placed(str(error))
        sentence, where = _explained(what, path)
        raise marked.error(sentence, *where) from error


def words_of(words: Words) -> tuple[str, ...]:
    """Return one word or several as several."""
    return (words,) if isinstance(words, str) else words


def _placed(message: str) -> tuple[str, Path]:
    found = _WHERE.match(message)
    what, where = (found["what"], found["path"] or "") if found else (message, "")
    steps = _STEP.finditer(where)
    return what, tuple(step["key"] or int(step["index"]) for step in steps)


def _explained(what: str, path: Path) -> tuple[str, Path]:
    """Return a sentence for what msgspec found, and the path of the line to name."""
    names = [step for step in path if isinstance(step, str)]
    last = names[-1] if names else ""
    quoted = _QUOTED.search(what)
    word = quoted["word"] if quoted else ""
    if path[:1] == ("person",) and last in {"person", "this_column_is_the_person_at_risk"}:
        return f"{PERSON_RULE} ({_lower(what)})", path
    if what.startswith("Object contains unknown field"):
        known = _KEYS.get(last, MappingFile).__struct_fields__
        return f"there is no key {word!r} here.{_choices(word, known)}", (*path, word)
    if what.startswith("Invalid enum value") and last in VOCABULARIES:
        return f"{word!r} is no {last.rstrip('s')}.{_choices(word, VOCABULARIES[last])}", path
    if what.startswith("Object missing required field"):
        return f"`{last or 'the mapping'}` needs the key {word!r}", path
    return f"`{last}`: {_lower(what)}", path


def _choices(word: str, known: Iterable[str]) -> str:
    known = [str(one) for one in known]
    return f"{nearest(word, known)} Known: {', '.join(known)}"


def _lower(what: str) -> str:
    return what[:1].lower() + what[1:]
