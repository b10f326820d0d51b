"""Dead letters of a cluster: counted, looked up, opened, and sent back to where they came from.

Rules: a letter is known by the place it came from, and counts once however often it was written. A
body is opened for one who says why, or to go back to its topic: then it goes with its own bytes and
headers, and since its signal has the same id, a second time changes nothing. What cannot go back is
counted with its reason.
"""

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from alerts.vault.sealing import Sealer, SealError
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import DeadLetter
from schemas.times import to_us
from schemas.topics import CATALOGUE, FEEDS
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.raw import Headers, feeder_headers
from streams.cluster.reading import answered, read_to_end
from streams.cluster.sending import producer_to
from streams.intake.dead_letters import context_of

LETTER_TOPICS = tuple(topic.name for topic in CATALOGUE if topic.types == ("DeadLetter",))
_RAW = frozenset(topic.name for topic in FEEDS.values())
_NEVER = datetime.min.replace(tzinfo=UTC)
Chosen = Callable[[DeadLetter], bool]


class Place(NamedTuple):
    """Where a dead letter came from; `topic` is the name without its namespace."""

    topic: str
    partition: int
    offset: int


class Counted(NamedTuple):
    """Letters of one reason and topic: how many, and when the newest was first seen."""

    reason: str
    topic: str
    letters: int
    newest: datetime | None


class Overview(NamedTuple):
    """What there is: counts, newest first, and the newest letters without their bodies."""

    counts: tuple[Counted, ...]
    newest: tuple[DeadLetter, ...]
    unreadable: int


class Opened(NamedTuple):
    """What was in a letter: the original bytes and headers."""

    body: bytes
    headers: Headers


class Retried(NamedTuple):
    """What was sent back, and how many could not be, by reason."""

    sent: int
    refused: Counter[str]


class _Named(msgspec.Struct):
    """The part of an event that names it; other fields are passed over."""

    source: str = ""
    id: str = ""


_named = msgspec.json.Decoder(_Named).decode
_headers = msgspec.json.Decoder(tuple[tuple[str, bytes], ...]).decode


def place_of(letter: DeadLetter) -> Place:
    """Return where a letter came from."""
    return Place(letter.topic, letter.partition, letter.offset)


def open_letter(letter: DeadLetter, sealer: Sealer) -> Opened:
    """Open a letter. Raises SealError where the key is not there or the bytes are damaged."""
    context = context_of(*place_of(letter))
    body = sealer.open(letter.sealed, context, letter.key_version)
    if letter.headers is None:
        return Opened(body, ())
    sealed = sealer.open(letter.headers, context + b" headers", letter.key_version)
    return Opened(body, _headers(sealed))


async def letters(connection: Connection, namespace: str) -> AsyncIterator[DeadLetter | CodecError]:
    """Yield every letter there is at present, each place once; an error for what is none."""
    seen: set[Place] = set()
    async for chunk in read_to_end(connection, namespace, LETTER_TOPICS):
        for record in chunk:
            try:
                letter: DeadLetter = decoder_of(record.topic)(record.value or b"")
            except CodecError as error:
                yield error
                continue
            if place_of(letter) not in seen:
                seen.add(place_of(letter))
                yield letter


async def overview(
    connection: Connection, namespace: str, *, reason: str | None = None, newest_max: int = 20
) -> Overview:
    """Count letters by reason and topic, and return the newest without their bodies."""
    counts: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], datetime] = {}
    newest: list[tuple[datetime, Place, DeadLetter]] = []
    unreadable = 0
    async for letter in letters(connection, namespace):
        if isinstance(letter, CodecError):
            unreadable += 1
            continue
        if reason is not None and letter.reason != reason:
            continue
        group, at = (letter.reason, letter.topic), letter.first_seen or _NEVER
        counts[group] += 1
        latest[group] = max(at, latest.get(group, _NEVER))
        heapq.heappush(newest, (at, place_of(letter), replace(letter, sealed=b"", headers=None)))
        if len(newest) > newest_max:
            heapq.heappop(newest)
    groups = sorted(counts, key=lambda group: (latest[group], group), reverse=True)
    return Overview(
        tuple(Counted(*group, counts[group], _known(latest[group])) for group in groups),
        tuple(letter for _, _, letter in sorted(newest, reverse=True)),
        unreadable,
    )


def _known(at: datetime) -> datetime | None:
    return None if at == _NEVER else at


async def find(connection: Connection, namespace: str, place: Place) -> DeadLetter | None:
    """Return the letter that came from a place, None where there is none (any more)."""
    async for letter in letters(connection, namespace):
        if isinstance(letter, DeadLetter) and place_of(letter) == place:
            return letter
    return None


async def retry(connection: Connection, namespace: str, sealer: Sealer, chosen: Chosen) -> Retried:
    """Send the chosen letters back to their raw topics, with their original bytes and headers.

    In a namespace with a time of its own a record is received when it first was. Raises
    ClusterError; what was sent until then is there, and sending it again changes nothing.
    """
    sent, refused = 0, Counter[str]()
    async with producer_to(connection) as producer:
        async for letter in letters(connection, namespace):
            if isinstance(letter, CodecError):
                refused["no dead letter of ours"] += 1
                continue
            if not chosen(letter):
                continue
            opened = _to_send(letter, sealer)
            if isinstance(opened, str):
                refused[opened] += 1
                continue
            headers = [*opened.headers, *(_feeder_word(letter) if namespace else ())]
            sending = producer.send_and_wait(
                named(namespace, letter.topic),
                opened.body,
                key=_raw_key(letter, opened),
                headers=headers,
            )
            await answered(sending)
            sent += 1
    return Retried(sent, refused)


def _to_send(letter: DeadLetter, sealer: Sealer) -> Opened | str:
    """Return the opened letter, or the reason why it cannot go back."""
    if letter.topic not in _RAW:
        return "it came from a log of ours, not from a feed"
    if letter.truncated:
        return "only its beginning was kept"
    try:
        return open_letter(letter, sealer)
    except SealError as error:
        return str(error)


def _feeder_word(letter: DeadLetter) -> Headers:
    received_us = to_us(letter.first_seen) if letter.first_seen else 0
    return feeder_headers(received_us=received_us, place=letter.offset)


def _raw_key(letter: DeadLetter, opened: Opened) -> bytes:
    """Return source and id of what was in a letter, or its place where it has none."""
    said = dict(opened.headers)
    try:
        event = _named(opened.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event = _Named()
    source = event.source.encode() or said.get("ce_source", b"")
    event_id = event.id.encode() or said.get("ce_id", b"")
    if event_id:
        return source + b"|" + event_id
    return "|".join(str(part) for part in place_of(letter)).encode()
