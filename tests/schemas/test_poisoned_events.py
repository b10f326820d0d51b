"""Every kind of poisoned event is refused by its right name, and its content never shows."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.cloudevents import BODY_BYTES_MAX, unwrap
from schemas.codec import encode
from schemas.events import Event, RawRecord
from schemas.examples import event_of
from schemas.fields import field_names
from schemas.rejections import REJECTION_LABELS, Refused, Rejection
from schemas.taxonomy import Feed
from tests.schemas.record_strategies import NAME_TEXT, values_of

TOPIC = "forewarn.incident-reports.v1"
SECRET = "geheim13800000000"
VALID = encode(event_of(Feed.INCIDENT))
PATH = re.compile(r"\$(?:\.\w+|\[\])*")
NAMES = field_names(Event)


def raw(value: bytes, topic: str = TOPIC) -> RawRecord:
    return RawRecord(value=value, topic=topic, partition=0, offset=1, received_us=2)


def refused(value: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        unwrap(raw(value))
    return caught.value


def changed(path: str, value: object) -> bytes:
    """The valid event with another value at a path such as `data/person/value`."""
    event: Any = json.loads(VALID)
    place = event
    *parents, last = path.split("/")
    for name in parents:
        place = place[name]
    place[last] = value
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


def without(path: str) -> bytes:
    event: Any = json.loads(VALID)
    place = event
    *parents, last = path.split("/")
    for name in parents:
        place = place[name]
    del place[last]
    return json.dumps(event).encode()


def swapped(old: str, new: str | bytes) -> bytes:
    """The valid event with bytes of its text exchanged."""
    assert old.encode() in VALID
    return VALID.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)


SAFE = "data/person/safe_contact"
DEEP = "[" * 10_000 + "]" * 10_000
R = Rejection
POISON: list[tuple[str, bytes, Rejection, str]] = [
    ("no bytes", b"", R.EMPTY, "$"),
    ("white space", b" \t\r\n", R.EMPTY, "$"),
    ("much white space", b" " * (BODY_BYTES_MAX + 1), R.EMPTY, "$"),
    ("valid but padded beyond the limit", VALID + b" " * BODY_BYTES_MAX, R.OVERSIZE, "$"),
    ("garbage beyond the limit", b"\xff" * (BODY_BYTES_MAX + 1), R.OVERSIZE, "$"),
    ("latin-1", changed("data/note", "é").decode().encode("latin-1"), R.NOT_UTF8, "$"),
    ("gbk", changed("data/note", "求助").decode().encode("gbk"), R.NOT_UTF8, "$"),
    ("utf-16", VALID.decode().encode("utf-16"), R.NOT_UTF8, "$"),
    ("overlong utf-8", swapped("free text", b"\xc0\xaf"), R.NOT_UTF8, "$"),
    ("surrogate in utf-8", swapped("free text", b"\xed\xa0\x80"), R.NOT_UTF8, "$"),
    ("utf-16 without its mark", VALID.decode().encode("utf-16-le"), R.NUL_CHARACTER, "$"),
    ("raw NUL", swapped("free text", "\0"), R.NUL_CHARACTER, "$"),
    ("NUL in the note", swapped("free text", r"\u0000"), R.NUL_CHARACTER, "$.data.note"),
    ("NUL in the id", swapped("110-2026", r"110\u0000"), R.NUL_CHARACTER, "$.id"),
    ("NUL in a vocabulary", swapped("harm_report", r"harm\u0000"), R.NUL_CHARACTER, "$"),
    ("NUL in a key", swapped('"note"', r'"note\u0000"'), R.NUL_CHARACTER, "$"),
    ("deep in a field", swapped('"free text for', f'{DEEP},"x":"'), R.TOO_DEEP, "$"),
    ("deep in an unknown field", swapped('"lat"', f'"x":{DEEP},"lat"'), R.TOO_DEEP, "$"),
    ("33 deep", b"[" * 33 + b"]" * 33, R.TOO_DEEP, "$"),
    ("deep and never closed", b'{"a":' * 5_000, R.TOO_DEEP, "$"),
    ("32 deep is not too deep", b"[" * 32 + b"]" * 32, R.NOT_AN_OBJECT, "$"),
    ("brackets in a text are not deep", changed("data/kind", "[" * 99), R.UNKNOWN_VALUE, ""),
    ("cut off", VALID[:-9], R.MALFORMED_JSON, "$"),
    ("more behind it", VALID + b"{}", R.MALFORMED_JSON, "$"),
    ("byte order mark", b"\xef\xbb\xbf" + VALID, R.MALFORMED_JSON, "$"),
    ("single quotes", VALID.replace(b'"', b"'"), R.MALFORMED_JSON, "$"),
    ("comma before the end", VALID[:-1] + b",}", R.MALFORMED_JSON, "$"),
    ("raw line break", swapped("free text", "free\ntext"), R.MALFORMED_JSON, "$"),
    ("comment", b"/* */" + VALID, R.MALFORMED_JSON, "$"),
    ("unknown escape", swapped("free text", r"\x41"), R.MALFORMED_JSON, "$"),
    ("confluent magic byte", b"\1\2\3\4" + VALID, R.MALFORMED_JSON, "$"),
    ("NaN", swapped("22.59", "NaN"), R.NON_FINITE_NUMBER, "$"),
    ("Infinity in an unknown field", changed("data/x", float("-inf")), R.NON_FINITE_NUMBER, "$"),
    ("number beyond float", swapped("22.59", "1e999"), R.NON_FINITE_NUMBER, "$"),
    ("high surrogate alone", swapped("free text", r"\ud83d"), R.LONE_SURROGATE, "$"),
    ("low surrogate in a key", swapped('"note"', r'"\ude00"'), R.LONE_SURROGATE, "$"),
    ("surrogates the wrong way round", swapped("free", r"\ude00\ud83d"), R.LONE_SURROGATE, "$"),
    ("id twice", VALID[:-1] + b',"id":"2"}', R.DUPLICATE_FIELD, "$"),
    ("person twice", swapped('"location"', '"person":null,"location"'), R.DUPLICATE_FIELD, "$"),
    ("id twice, spelled apart", VALID[:-1] + rb',"\u0069d" : "2"}', R.DUPLICATE_FIELD, "$"),
    ("id twice, in a refused event", b'{"id":"1","id":"2"}', R.DUPLICATE_FIELD, "$"),
    ("list of events", b"[" + VALID + b"]", R.NOT_AN_OBJECT, "$"),
    ("null", b"null", R.NOT_AN_OBJECT, "$"),
    ("text", b'"' + SECRET.encode() + b'"', R.NOT_AN_OBJECT, "$"),
    ("huge integer", b"9" * 9_000, R.NOT_AN_OBJECT, "$"),
    ("CloudEvents 0.3", changed("specversion", "0.3"), R.WRONG_SPECVERSION, "$.specversion"),
    ("version as number", changed("specversion", 1.0), R.WRONG_SPECVERSION, "$.specversion"),
    ("foreign event", b'{"type":"com.example","x":1}', R.WRONG_EVENT_TYPE, "$.type"),
    ("type as list", changed("type", []), R.WRONG_TYPE, "$.type"),
    ("xml data", changed("datacontenttype", "text/xml"), R.WRONG_CONTENT_TYPE, ""),
    ("event of another feed", encode(event_of(Feed.GRID)), R.TYPE_NOT_OF_TOPIC, "$.type"),
    ("a tick", b'{"type":"tick","source":"s","at_us":1}', R.WRONG_EVENT_TYPE, "$.type"),
    ("aggressor", changed("data/aggressor", SECRET), R.UNKNOWN_FIELD, "$.data"),
    ("extension attribute", changed("traceparent", SECRET), R.UNKNOWN_FIELD, "$"),
    ("name of the person", changed("data/person/name", SECRET), R.UNKNOWN_FIELD, "$.data.person"),
    ("key like a path", changed("x` - at `$.data.kind", 1), R.UNKNOWN_FIELD, "$.data.kind"),
    ("key like a secret path", changed(f"x` - at `$[{SECRET[6:]}]", 1), R.UNKNOWN_FIELD, "$[]"),
    ("no purpose", without("data/purpose"), R.MISSING_PURPOSE, "$.data.purpose"),
    ("no data", without("data"), R.MISSING_FIELD, "$.data"),
    ("no scheme", without("data/person/scheme"), R.MISSING_FIELD, "$.data.person.scheme"),
    ("severity as text", changed("data/severity", "3"), R.WRONG_TYPE, "$.data.severity"),
    ("severity as fraction", changed("data/severity", 2.5), R.WRONG_TYPE, "$.data.severity"),
    ("flag as number", changed(f"{SAFE}/never_inform_household", 1), R.WRONG_TYPE, ""),
    ("data is null", changed("data", None), R.WRONG_TYPE, "$.data"),
    ("sign as number", changed("data/signs", ["injury", 3]), R.WRONG_TYPE, "$.data.signs[]"),
    ("time as number", changed("time", 1_700_000_000), R.WRONG_TYPE, "$.time"),
    ("unknown kind", changed("data/kind", SECRET), R.UNKNOWN_VALUE, "$.data.kind"),
    ("unknown sign", changed("data/signs", [SECRET]), R.UNKNOWN_VALUE, "$.data.signs[]"),
    ("severity 5", changed("data/severity", 5), R.OUT_OF_RANGE, "$.data.severity"),
    ("severity below zero", changed("data/severity", -1), R.OUT_OF_RANGE, "$.data.severity"),
    ("severity beyond 64 bits", changed("data/severity", 10**30), R.OUT_OF_RANGE, ""),
    ("latitude 91", changed("data/location/lat", 91), R.OUT_OF_RANGE, "$.data.location.lat"),
    ("longitude -181", changed("data/location/lon", -181.0), R.OUT_OF_RANGE, ""),
    ("long note", changed("data/note", SECRET * 200), R.TOO_LONG, "$.data.note"),
    ("long id", changed("id", "x" * 129), R.TOO_LONG, "$.id"),
    ("too many signs", changed("data/signs", ["injury"] * 13), R.TOO_LONG, "$.data.signs"),
    ("empty id", changed("id", ""), R.TOO_SHORT, "$.id"),
    ("hours in words", changed(f"{SAFE}/hours", SECRET), R.MALFORMED_VALUE, ""),
    ("line break after hours", changed(f"{SAFE}/hours", "09:00-17:00\n"), R.MALFORMED_VALUE, ""),
    ("control in the area", changed("data/area", "4\x01"), R.CONTROL_CHARACTER, "$.data.area"),
    ("escape in the identifier", changed("data/person/value", "\x1b[2J"), R.CONTROL_CHARACTER, ""),
    ("delete in the source", changed("source", "a\x7f"), R.CONTROL_CHARACTER, "$.source"),
    ("time in words", changed("time", SECRET), R.TIME_MALFORMED, "$.time"),
    ("month 13", changed("time", "2026-13-01T00:00:00Z"), R.TIME_MALFORMED, "$.time"),
    ("time without zone", changed("time", "2026-11-01T21:04:00"), R.TIME_WITHOUT_ZONE, "$.time"),
    ("ingesttime, no zone", changed("ingesttime", "2026-11-01T21:04:00"), R.TIME_WITHOUT_ZONE, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [(value, reason, detail) for _, value, reason, detail in POISON],
    ids=[name for name, *_ in POISON],
)
def test_a_poisoned_event_is_refused_by_name(value: bytes, reason: Rejection, detail: str) -> None:
    caught = refused(value)
    assert caught.reason is reason
    assert detail in ("", caught.detail)
    assert SECRET not in str(caught)
    assert SECRET[6:] not in str(caught)
    assert caught.__context__ is None
    assert caught.__cause__ is None


def test_a_deep_text_within_the_limit_is_deep_and_not_large() -> None:
    assert len(DEEP) < BODY_BYTES_MAX
    assert len([kind for kind in POISON if kind[2]]) >= 40


def _check(value: bytes) -> Refused | Event:
    """Unwrap, holding that a refusal is well-formed and made of our own names only."""
    try:
        return unwrap(raw(value, "replay"))
    except Refused as refusal:
        caught = refusal
    assert caught.reason in REJECTION_LABELS
    assert PATH.fullmatch(caught.detail)
    assert set(re.findall(r"\w+", caught.detail)) <= NAMES
    assert str(caught) == f"{caught.reason} at {caught.detail}"
    assert caught.__context__ is None
    return caught


@given(st.binary(max_size=400))
@example(b"\x00")
@example(b'"')
@example(b'{"\\')
def test_any_bytes_are_an_event_or_refused(value: bytes) -> None:
    _check(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(NAMES)), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_event_or_refused(value: object) -> None:
    _check(json.dumps(value).encode())


@given(
    event=values_of(Event, text=NAME_TEXT), at=st.integers(0, 10_000), junk=st.binary(max_size=6)
)
def test_a_damaged_event_is_an_event_or_refused(event: Event, at: int, junk: bytes) -> None:
    written = encode(event)
    place = at % len(written)
    _check(written[:place] + junk + written[place + len(junk) :])


@given(name=st.text(min_size=1), value=JSON, place=st.sampled_from(["", "data/", "data/person/"]))
def test_a_field_from_outside_is_refused_without_its_name(
    name: str, value: object, place: str
) -> None:
    caught = _check(changed(place + name.replace("/", "_"), value))
    if isinstance(caught, Refused):
        assert set(re.findall(r"\w+", caught.detail)) <= NAMES


@given(event=values_of(Event, text=NAME_TEXT))
def test_a_valid_event_is_taken_however_it_is_spelled(event: Event) -> None:
    written = encode(event)
    spaced = json.dumps(json.loads(written), indent=2).encode()
    if "\0" not in (event.data.note or ""):
        assert _check(written) == _check(spaced) == event
        assert msgspec.json.decode(spaced, type=Event) == event
