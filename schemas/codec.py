"""Bytes to records and back, for every topic of the catalogue.

Rules: JSON, written the same way each time; a topic that carries several types tells them apart by
the tag in `type` (an `Event` has none of ours: its `type` is that of CloudEvents). What cannot be
read or written raises one error, which names topic, reason and place and never the content. A
number that is not finite is not written: JSON has none, and one would poison a model.
"""

import math
import operator
from collections.abc import Callable, Iterable
from functools import cache, reduce
from types import ModuleType
from typing import Any

import msgspec

from schemas import events, outcomes, records
from schemas.closed import Closed
from schemas.diagnosis import refusal_of
from schemas.fields import field_names, has_floats
from schemas.topics import CATALOGUE, Topic, topic_named

_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
_UNWRITABLE = (msgspec.EncodeError, UnicodeError)


class CodecError(ValueError):
    """A record that cannot be read or written; the message holds nothing of its content."""


def _declared(module: ModuleType) -> dict[str, type[Closed]]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, Closed)
        and kind.__module__ == module.__name__
    }


def _carried(topics: Iterable[Topic]) -> dict[str, type[Closed]]:
    declared = _declared(events) | _declared(records) | _declared(outcomes)
    return {name: declared[name] for topic in topics for name in topic.types}


TYPES: dict[str, type[Closed]] = _carried(CATALOGUE)
"""Every type that is on a topic, by the name the catalogue gives it."""

_NAMES = field_names(*TYPES.values())
_WITH_FLOATS = frozenset(kind for kind in TYPES.values() if has_floats(kind))
_encode = msgspec.json.Encoder(order="deterministic").encode


def encode(record: Closed) -> bytes:
    """Return the record as JSON bytes, the same for equal records.

    Raises CodecError when the record holds a number that is not finite, or text that is not
    Unicode.
    """
    try:
        data = _encode(record)
    except _UNWRITABLE:
        data = b""
    if not data:
        raise CodecError(f"a {type(record).__name__} holds text that is not Unicode")
    if type(record) in _WITH_FLOATS and b"null" in data and _holds_non_finite(record):
        raise CodecError(f"a {type(record).__name__} holds a number that is not finite")
    return data


def _holds_non_finite(record: Closed) -> bool:
    waiting: list[Any] = [msgspec.to_builtins(record)]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                waiting.extend(fields.values())
            case list() | tuple() as items:
                waiting.extend(items)
            case float() as number if not math.isfinite(number):
                return True
            case _:
                pass
    return False


@cache
def decoder_of(topic_name: str) -> Callable[[bytes], Any]:
    """Return the reader of a topic's records: bytes to a value of one of the topic's types.

    The reader raises CodecError. Raises KeyError for a topic that is not in the catalogue.
    """
    topic = topic_named(topic_name)
    kinds = [TYPES[name] for name in topic.types]
    read = msgspec.json.Decoder(reduce(operator.or_, kinds)).decode

    def decode(data: bytes) -> Any:
        try:
            return read(data)
        except _UNREADABLE as error:
            refused = refusal_of(error, _NAMES)
        raise CodecError(f"a record of {topic.name} is none of {', '.join(topic.types)}: {refused}")

    return decode
