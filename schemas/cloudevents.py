"""CloudEvents 1.0 over Kafka: a raw record to an event, and an event to headers and body.

Two modes: *structured*, the whole event is the JSON body; *binary*, the attributes are headers
`ce_…` and the body is the data. Rules: the content type decides, and where it does not, a `ce_`
header does; an attribute that is not ours is refused as an unknown field is; other headers belong
to the transport. Reading is one call of msgspec and a few checks; why something was refused is
found out afterwards (`schemas.diagnosis`). An event that was read has no field twice, no NUL, and
no control character in what names a thing; whether its times, area and identifier make sense is
for the intake to say.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec

from schemas.closed import Closed
from schemas.diagnosis import reason_of_bytes, refusal_of, repeats_a_field
from schemas.events import (
    FEED_OF_TYPE,
    TYPE_OF_FEED,
    Event,
    EventData,
    EventType,
    Id,
    Instant,
    RawRecord,
    Source,
)
from schemas.fields import field_names
from schemas.rejections import Refused, Rejection
from schemas.topics import FEEDS

BODY_BYTES_MAX = 65_536
CONTENT_TYPE = "content-type"
STRUCTURED = "application/cloudevents+json"
PLAIN = "application/json"
_PREFIX = "ce_"
_TOPICS_CACHED_MAX = 64

T = TypeVar("T", Event, EventData)


class Attributes(Closed, frozen=True, kw_only=True):
    """The attributes of an event: all of it but its data."""

    specversion: Literal["1.0"]
    id: Id
    source: Source
    type: EventType
    time: Instant
    ingesttime: Instant | None = None


class _Envelope(msgspec.Struct):
    """What an event says it is, whatever else is wrong with it."""

    specversion: Any = "1.0"
    type: Any = None
    datacontenttype: Any = PLAIN


_NAMES = field_names(Event)
_ATTRIBUTE_NAMES = field_names(Attributes)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
_CHARSETS = ("", "charset=utf-8")
_encode = msgspec.json.Encoder().encode
_read_event = msgspec.json.Decoder(Event).decode
_read_data = msgspec.json.Decoder(EventData).decode
_read_envelope = msgspec.json.Decoder(_Envelope).decode


def unwrap(record: RawRecord, *, body_bytes_max: int = BODY_BYTES_MAX) -> Event:
    """Return the event that a raw record carries, in structured or binary mode.

    `body_bytes_max` bounds the value in bytes. Raises Refused, and nothing else, for a record that
    cannot be taken.
    """
    if record.headers:
        attributes = _attributes_of(record)
        if attributes is not None:
            return _checked(_from_binary(attributes, record.value, body_bytes_max), record.topic)
    return _checked(_read(_read_event, record.value, body_bytes_max), record.topic)


def wrap_binary(event: Event) -> tuple[tuple[tuple[str, bytes], ...], bytes]:
    """Return the headers and the body of an event in binary mode; `unwrap` gives the event back."""
    plain: dict[str, str] = msgspec.to_builtins(
        Attributes(
            specversion=event.specversion,
            id=event.id,
            source=event.source,
            type=event.type,
            time=event.time,
            ingesttime=event.ingesttime,
        )
    )
    attributes = tuple((_PREFIX + name, value.encode()) for name, value in plain.items())
    return ((CONTENT_TYPE, PLAIN.encode()), *attributes), _encode(event.data)


def _read(read: Callable[[bytes], T], body: bytes, bytes_max: int, place: str = "$") -> T:
    """Read a body; a refusal is raised outside of the handler, so that it holds no content."""
    if len(body) > bytes_max:
        raise Refused(reason_of_bytes(body, bytes_max=bytes_max) or Rejection.OVERSIZE, place)
    try:
        value = read(body)
    except _UNREADABLE as error:
        refused = _refusal(body, error, bytes_max, place)
    else:
        if _encode(value) == body or not repeats_a_field(body):
            return value
        refused = Refused(Rejection.DUPLICATE_FIELD, place)
    raise refused


def _refusal(body: bytes, error: Exception, bytes_max: int, place: str) -> Refused:
    reason = reason_of_bytes(body, bytes_max=bytes_max)
    if reason is not None:
        return Refused(reason, place)
    if place == "$":
        with suppress(*_UNREADABLE):
            foreign = _foreign(_read_envelope(body))
            if foreign is not None:
                return foreign
    refused = refusal_of(error, _NAMES)
    return Refused(refused.reason, place + refused.detail.removeprefix("$"))


def _foreign(envelope: _Envelope) -> Refused | None:
    """Return why an event is not one of ours at all, which says more than a field of it can."""
    if envelope.specversion != "1.0":
        return Refused(Rejection.WRONG_SPECVERSION, "$.specversion")
    if isinstance(envelope.type, str) and envelope.type not in FEED_OF_TYPE:
        return Refused(Rejection.WRONG_EVENT_TYPE, "$.type")
    if envelope.datacontenttype != PLAIN:
        return Refused(Rejection.WRONG_CONTENT_TYPE, "$.datacontenttype")
    return None


def _attributes_of(record: RawRecord) -> dict[str, str] | None:
    """Return the attributes in the headers, None in structured mode."""
    content_type: bytes | None = None
    attributes: dict[str, str] = {}
    for name, value in record.headers:
        if name == CONTENT_TYPE:
            if content_type is not None:
                raise Refused(Rejection.BAD_HEADER)
            content_type = value
        elif name.startswith(_PREFIX):
            _add_attribute(attributes, name.removeprefix(_PREFIX), value)
    media_type = PLAIN if content_type is None else _media_type(content_type)
    if media_type == STRUCTURED or (media_type == PLAIN and not attributes):
        return None
    if media_type != PLAIN:
        raise Refused(Rejection.WRONG_CONTENT_TYPE, "$.datacontenttype")
    return attributes


def _add_attribute(attributes: dict[str, str], name: str, value: bytes) -> None:
    if name not in _ATTRIBUTE_NAMES:
        raise Refused(Rejection.UNKNOWN_FIELD)
    if name in attributes:
        raise Refused(Rejection.BAD_HEADER, f"$.{name}")
    text = value.decode(errors="replace")
    if text.encode() != value:
        raise Refused(Rejection.BAD_HEADER, f"$.{name}")
    attributes[name] = text


def _media_type(content_type: bytes) -> str:
    """Return the media type in lower case, without parameters; empty if its text is not UTF-8."""
    media_type, _, parameters = content_type.decode("latin-1").lower().partition(";")
    charset = parameters.replace('"', "").strip()
    return media_type.strip() if charset in _CHARSETS else ""


def _from_binary(attributes: dict[str, str], body: bytes, bytes_max: int) -> Event:
    try:
        read = msgspec.convert(attributes, Attributes)
    except msgspec.ValidationError as error:
        refused = refusal_of(error, _NAMES)
    else:
        return Event(
            specversion=read.specversion,
            id=read.id,
            source=read.source,
            type=read.type,
            time=read.time,
            ingesttime=read.ingesttime,
            data=_read(_read_data, body, bytes_max, "$.data"),
        )
    envelope = _Envelope(attributes.get("specversion", "1.0"), attributes.get("type"))
    raise _foreign(envelope) or refused


@lru_cache(maxsize=_TOPICS_CACHED_MAX)
def _type_on(topic: str) -> str | None:
    """Return the event type of a feed's topic, also in a namespace; None where any may come."""
    for feed, known in FEEDS.items():
        if topic == known.name or topic.endswith(f".{known.name}"):
            return TYPE_OF_FEED[feed]
    return None


def _checked(event: Event, topic: str) -> Event:
    """Return the event if it belongs on its topic and its text is fit to be kept."""
    expected = _type_on(topic)
    if expected is not None and event.type != expected:
        raise Refused(Rejection.TYPE_NOT_OF_TOPIC, "$.type")
    data = event.data
    value = data.person.value if data.person else ""
    if not f"{event.id}{event.source}{data.area}{value}".isprintable():
        _check_names(event, value)
    if data.note is not None and "\0" in data.note:
        raise Refused(Rejection.NUL_CHARACTER, "$.data.note")
    return event


def _check_names(event: Event, value: str) -> None:
    """Refuse control characters in what names a thing; other rare characters are let through."""
    for text, path in (
        (event.id, "$.id"),
        (event.source, "$.source"),
        (event.data.area, "$.data.area"),
        (value, "$.data.person.value"),
    ):
        if "\0" in text:
            raise Refused(Rejection.NUL_CHARACTER, path)
        if _CONTROL.search(text):
            raise Refused(Rejection.CONTROL_CHARACTER, path)
