"""Poisoned lines of many kinds, each with the reason for which it must be refused.

Rules: a line is a good report, spoiled in one way, so that its reason is known from how it was
made. Each has words in it that no other line has and that must never be seen again (`marker`).
None speaks of danger to life: those are salvaged, which is told of elsewhere.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import msgspec

from schemas.rejections import Rejection
from schemas.taxonomy import Scheme
from schemas.times import DAY_US, SECOND_US
from tests.streams.intake.contacts import contact, person

START_US = 1_709_251_200_000_000
"""2024-03-01T00:00:00Z; good lines begin here, and all of a feed comes in within `SPAN_US`."""
SPAN_US = 6 * DAY_US
DEEP = 10_000
LARGE_BYTES = 10 * 1024 * 1024

Spoil = Callable[[str, Random], bytes]
R = Rejection


class Kind(NamedTuple):
    """One way to spoil a report; `most` bounds how many lines of it a feed has."""

    name: str
    reason: Rejection
    spoil: Spoil
    most: int = 1_000


class Poisoned(NamedTuple):
    """One poisoned line without its line break."""

    kind: str
    reason: Rejection
    marker: str
    value: bytes


def report(marker: str, rng: Random) -> dict[str, Any]:
    """A report that would be taken, with the marker wherever a sender can write."""
    came_us = START_US + rng.randrange(SECOND_US, SPAN_US - SECOND_US)
    return contact(
        f"id-{marker}",
        source=f"/source/{marker}",
        at=came_us - SECOND_US,
        ingest=came_us,
        note=f"note {marker}",
        person=person(f"name {marker}", Scheme.PSEUDONYM),
        location={"lat": 22.5, "lon": 113.0},
    )


def written(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def changed(path: str, *values: Any) -> Spoil:
    """Another value at a path such as `data/severity`; `*` in a text stands for the marker."""

    def spoil(marker: str, rng: Random) -> bytes:
        event = report(marker, rng)
        *parents, last = path.replace("*", marker).split("/")
        place = event
        for name in parents:
            place = place[name]
        value = rng.choice(values)
        place[last] = value.replace("*", marker) if isinstance(value, str) else value
        return written(event)

    return spoil


def without(*paths: str) -> Spoil:
    """One of the fields left out."""

    def spoil(marker: str, rng: Random) -> bytes:
        event = report(marker, rng)
        *parents, last = rng.choice(paths).split("/")
        place = event
        for name in parents:
            place = place[name]
        del place[last]
        return written(event)

    return spoil


def swapped(old: str, *news: bytes) -> Spoil:
    """Bytes of the written report exchanged."""

    def spoil(marker: str, rng: Random) -> bytes:
        line = written(report(marker, rng))
        assert old.encode() in line
        return line.replace(old.encode(), rng.choice(news), 1)

    return spoil


def times(time: str, ingesttime: str | None = "") -> Spoil:
    """Another time; another ingest time too, or none at all where it is None."""

    def spoil(marker: str, rng: Random) -> bytes:
        event = {**report(marker, rng), "time": time}
        if ingesttime is None:
            del event["ingesttime"]
        elif ingesttime:
            event["ingesttime"] = ingesttime
        return written(event)

    return spoil


def whole(*lines: bytes) -> Spoil:
    """A line that is no report at all; `*` stands for the marker."""
    return lambda marker, rng: rng.choice(lines).replace(b"*", marker.encode())


def around(before: bytes, after: bytes = b"") -> Spoil:
    return lambda marker, rng: before + written(report(marker, rng)) + after


def cut_off(marker: str, rng: Random) -> bytes:
    line = written(report(marker, rng))
    return line[: rng.randrange(1, len(line))]


def large(marker: str, rng: Random) -> bytes:
    event = report(marker, rng)
    event["data"]["note"] = marker * (LARGE_BYTES // len(marker) + 1)
    return written(event)


def padded(marker: str, rng: Random) -> bytes:
    return written(report(marker, rng)) + b" " * 70_000


def twice_the_field(marker: str, rng: Random) -> bytes:
    line = written(report(marker, rng))
    again = rng.choice([f'"id":"again-{marker}"', r'"\u0069d":"x"', '"source":"b"'])
    return line[:-1] + b"," + again.encode() + b"}"


def encoded(charset: str) -> Spoil:
    def spoil(marker: str, rng: Random) -> bytes:
        event = report(marker, rng)
        event["data"]["note"] = "求助求助"
        return written(event).decode().encode(charset)

    return spoil


NEST = b"[" * DEEP + b"]" * DEEP
SCHEME = "data/person/scheme"
WRONG_ID = person("110105194912310021", Scheme.CITIZEN_ID)
WRONG_PHONE = person("12800138000")
NO_HOURS = {"hours": "24:00-25:00"}
MARCH, APOLLO, FAR = "2024-03-01T00:00:00Z", "1969-07-20T20:17:00Z", "2099-01-01T00:00:00Z"
NO_UTF8 = (b'"\xff\xfe', b'"\xc0\xaf', b'"\xed\xa0\x80')

KINDS: tuple[Kind, ...] = (
    Kind("empty", R.EMPTY, whole(b"")),
    Kind("white space", R.EMPTY, whole(b" ", b"\t", b"  \t  ")),
    Kind("cut off", R.MALFORMED_JSON, cut_off),
    Kind("garbage behind", R.MALFORMED_JSON, around(b"", b"}")),
    Kind("two in one line", R.MALFORMED_JSON, around(b"", b'{"id":"2"}')),
    Kind("byte order mark", R.MALFORMED_JSON, around(b"\xef\xbb\xbf")),
    Kind("no JSON", R.MALFORMED_JSON, whole(b"*", b"<event>*</event>", b"{'id':'*'}", b'{"*"')),
    Kind("unknown escape", R.MALFORMED_JSON, swapped('"note ', rb'"\x41 ')),
    Kind("raw tab in a text", R.MALFORMED_JSON, swapped('"note ', b'"\t')),
    Kind("invalid UTF-8", R.NOT_UTF8, swapped('"note ', *NO_UTF8)),
    Kind("GBK", R.NOT_UTF8, encoded("gbk")),
    Kind("UTF-16", R.NOT_UTF8, encoded("utf-16")),
    Kind("raw NUL", R.NUL_CHARACTER, swapped('"note ', b'"\0')),
    Kind("escaped NUL", R.NUL_CHARACTER, swapped('"note ', rb'"\u0000')),
    Kind("NUL in a name", R.NUL_CHARACTER, swapped('"id-', rb'"\u0000')),
    Kind("lone surrogate", R.LONE_SURROGATE, swapped('"note ', rb'"\ud83d', rb'"\ude00\ud83d')),
    Kind("10 MB", R.OVERSIZE, large, 3),
    Kind("padded", R.OVERSIZE, padded),
    Kind("deep", R.TOO_DEEP, whole(b"[" * DEEP, b'{"a":' * DEEP, NEST)),
    Kind("deep inside", R.TOO_DEEP, swapped('"note":', b'"x":' + NEST + b',"note":')),
    Kind("NaN", R.NON_FINITE_NUMBER, swapped("22.5", b"NaN")),
    Kind("infinity", R.NON_FINITE_NUMBER, swapped("22.5", b"Infinity", b"-Infinity")),
    Kind("beyond float", R.NON_FINITE_NUMBER, swapped("22.5", b"1e999", b"-1e999")),
    Kind("field twice", R.DUPLICATE_FIELD, twice_the_field),
    Kind("list", R.NOT_AN_OBJECT, around(b"[", b"]")),
    Kind("scalar", R.NOT_AN_OBJECT, whole(b"null", b"true", b"17", b'"*"', b"[]", b"-0.5")),
    Kind("CloudEvents 0.3", R.WRONG_SPECVERSION, changed("specversion", "0.3", "*", 1)),
    Kind("unknown event", R.WRONG_EVENT_TYPE, changed("type", "com.example.*", "tick", "")),
    Kind("other content", R.WRONG_CONTENT_TYPE, changed("datacontenttype", "text/xml", "*")),
    Kind("unknown field", R.UNKNOWN_FIELD, changed("x*", "*")),
    Kind("unknown field of data", R.UNKNOWN_FIELD, changed("data/aggressor", "*")),
    Kind("unknown field of person", R.UNKNOWN_FIELD, changed("data/person/name", "*")),
    Kind("unknown field of location", R.UNKNOWN_FIELD, changed("data/location/x*", 1)),
    Kind("no purpose", R.MISSING_PURPOSE, without("data/purpose")),
    Kind("no field", R.MISSING_FIELD, without("id", "source", "time", "data", "data/area", SCHEME)),
    Kind("wrong type", R.WRONG_TYPE, changed("data/severity", "*", 2.5, None, [], {})),
    Kind("wrong type above", R.WRONG_TYPE, changed("data", "*", None, 17, [])),
    Kind("time as number", R.WRONG_TYPE, changed("time", 1_700_000_000, True)),
    Kind("unknown purpose", R.UNKNOWN_VALUE, changed("data/purpose", "*", "harm", "")),
    Kind("unknown sign", R.UNKNOWN_VALUE, swapped('"signs":[]', b'"signs":["ethnicity"]')),
    Kind("severity", R.OUT_OF_RANGE, changed("data/severity", -1, 5, 10**9)),
    Kind("latitude", R.OUT_OF_RANGE, changed("data/location/lat", 90.01, -91, 1e300)),
    Kind("long note", R.TOO_LONG, changed("data/note", "*" * 300)),
    Kind("long id", R.TOO_LONG, changed("id", "*" * 20)),
    Kind("empty id", R.TOO_SHORT, changed("id", "")),
    Kind("contact hours", R.MALFORMED_VALUE, changed("data/person/safe_contact", NO_HOURS)),
    Kind("control character", R.CONTROL_CHARACTER, changed("data/person/value", "*\x1b[2J")),
    Kind("time in words", R.TIME_MALFORMED, changed("time", "*", "2024-13-01T00:00:00Z", "")),
    Kind("time without zone", R.TIME_WITHOUT_ZONE, changed("time", "2024-03-01T00:00:00")),
    Kind("time of 1970", R.TIME_TOO_OLD, times("1970-01-01T00:00:00Z")),
    Kind("time of 1970 alone", R.TIME_TOO_OLD, times("1970-01-01T00:00:00Z", None)),
    Kind("time of year one", R.TIME_TOO_OLD, times("0001-01-01T00:00:00+14:00")),
    Kind("time of 2099", R.TIME_IN_FUTURE, times(FAR)),
    Kind("time of 2099 alone", R.TIME_IN_FUTURE, times(FAR, None)),
    Kind("ingest time of 2099", R.INGESTTIME_OUT_OF_RANGE, times(MARCH, FAR)),
    Kind("ingest time of 1969", R.INGESTTIME_OUT_OF_RANGE, times(MARCH, APOLLO)),
    Kind("unknown area", R.UNKNOWN_AREA, changed("data/area", "*", "44070", "4407031010020031")),
    Kind("telephone", R.IDENTIFIER_MALFORMED, changed("data/person", WRONG_PHONE)),
    Kind("check digit", R.IDENTIFIER_CHECKSUM, changed("data/person", WRONG_ID)),
)  # fmt: skip


def poisoned_lines(count: int, rng: Random) -> list[Poisoned]:
    """So many poisoned lines, every kind in turn as long as it may."""
    lines: list[Poisoned] = []
    while len(lines) < count:
        for kind in KINDS:
            if kind.most > len(lines) // len(KINDS) and len(lines) < count:
                marker = f"gift{len(lines):05d}x{rng.randrange(10**6):06d}"
                lines.append(Poisoned(kind.name, kind.reason, marker, kind.spoil(marker, rng)))
    return lines
