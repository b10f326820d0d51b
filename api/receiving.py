"""A posted body to events that may go on, and to what is refused of it, with its reason.

Rules: pure. The decoder is the intake's own (`schemas.cloudevents`), so what is taken here is what
the intake can read; it alone judges times, area and identifier, because danger outlives a bad one.
`ingesttime` is stamped here where the sender set none. An event is refused by its place in the
batch, a named reason and a path of our own field names, never by its content.
"""

from collections import Counter
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from alerts.store.tokens import Caller
from api.access import reports_on, sends_from
from api.parts import Outgoing
from api.problem_words import WORDS, ProblemType
from api.problems import TYPE_PREFIX, Problem
from schemas.areas import Directory
from schemas.cloudevents import unwrap
from schemas.diagnosis import reason_of_bytes
from schemas.events import FEED_OF_TYPE, Event, RawRecord
from schemas.rejections import Refused, Rejection
from schemas.times import from_us

_WHITESPACE = b" \t\r\n"
_BYTES_WRONG = frozenset(
    {
        Rejection.EMPTY,
        Rejection.NOT_UTF8,
        Rejection.TOO_DEEP,
        Rejection.MALFORMED_JSON,
        Rejection.NON_FINITE_NUMBER,
        Rejection.LONE_SURROGATE,
        Rejection.NOT_AN_OBJECT,
    }
)
_encode = msgspec.json.Encoder().encode
_read_batch = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ItemRefused(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a batch that was not taken: its place, from 0, and why."""

    index: int
    status: int
    type: str
    reason: str = ""
    pointer: str = ""


class Received(NamedTuple):
    """What a body holds: events to send, how many of each source, and what was refused."""

    outgoing: list[Outgoing]
    sources: Counter[str]
    refused: list[ItemRefused]


class Receiver(NamedTuple):
    """Reads bodies for one caller at one moment."""

    caller: Caller
    directory: Directory
    now_us: int
    event_bytes_max: int
    batch_events_max: int

    def one(self, body: bytes) -> Received:
        """Read a single event. Raises Problem where it cannot be taken."""
        event = self._event(body)
        return Received([self._outgoing(event)], Counter({event.source: 1}), [])

    def batch(self, body: bytes) -> Received:
        """Read a batch. Raises Problem where it is none; a bad event in it is named instead."""
        received = Received([], Counter(), [])
        for index, item in enumerate(self._items(body)):
            try:
                event = self._event(bytes(item))
            except Problem as problem:
                received.refused.append(_named(index, problem))
            else:
                received.outgoing.append(self._outgoing(event))
                received.sources[event.source] += 1
        return received

    def _items(self, body: bytes) -> list[msgspec.Raw]:
        try:
            items = _read_batch(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            reason = reason_of_bytes(body, bytes_max=len(body)) or Rejection.MALFORMED_JSON
            raise Problem(ProblemType.MALFORMED_BODY, {"reason": reason.value}) from error
        if len(items) > self.batch_events_max:
            raise Problem(ProblemType.BATCH_TOO_LARGE)
        if not items:
            raise Problem(ProblemType.EVENT_REFUSED, {"reason": "empty", "pointer": "$"})
        return items

    def _event(self, body: bytes) -> Event:
        record = RawRecord(value=body, topic="", partition=0, offset=0, received_us=self.now_us)
        try:
            event = unwrap(record, body_bytes_max=self.event_bytes_max)
        except Refused as refused:
            raise _problem_of(refused) from None
        if not sends_from(self.caller, event.source):
            raise Problem(ProblemType.FOREIGN_SOURCE)
        if not reports_on(self.caller, event.data.area, self.directory):
            raise Problem(ProblemType.FOREIGN_AREA)
        return event

    def _outgoing(self, event: Event) -> Outgoing:
        if event.ingesttime is None:
            event = replace(event, ingesttime=from_us(self.now_us))
        key = f"{event.source}|{event.id}"
        return Outgoing(FEED_OF_TYPE[event.type], key.encode(), _encode(event))


def is_batch(body: bytes) -> bool:
    """Say whether a body is a list."""
    return body.lstrip(_WHITESPACE)[:1] == b"["


def _problem_of(refused: Refused) -> Problem:
    if refused.reason is Rejection.OVERSIZE:
        return Problem(ProblemType.BODY_TOO_LARGE)
    if refused.reason in _BYTES_WRONG:
        return Problem(ProblemType.MALFORMED_BODY, {"reason": refused.reason.value})
    said = {"reason": refused.reason.value, "pointer": refused.detail}
    return Problem(ProblemType.EVENT_REFUSED, said)


def _named(index: int, problem: Problem) -> ItemRefused:
    return ItemRefused(
        index,
        WORDS[problem.type].status,
        TYPE_PREFIX + problem.type,
        problem.said.get("reason", ""),
        problem.said.get("pointer", ""),
    )
