"""Dead letters on a real broker: counted once, opened, and sent back as they came."""

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from alerts.vault.sealing import Sealer, SealError
from forewarn.broker.broker import Broker
from schemas.codec import encode
from schemas.events import RawRecord
from schemas.outcomes import DeadLetter
from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Feed
from schemas.times import HOUR_US, from_us
from schemas.topics import FEEDS, LOG_LETTERS
from streams.cluster.dead_letters import (
    Chosen,
    Place,
    Retried,
    find,
    open_letter,
    overview,
    place_of,
    retry,
)
from streams.cluster.raw import PLACE_HEADER, RECEIVED_HEADER
from streams.cluster.reading import KeptRecord
from streams.intake.dead_letters import dead_letter
from tests.builders import NOW_US
from tests.streams.cluster.clusters import connection_to, kept_on, made_namespace, put
from tests.streams.intake.contacts import CODE_VERSION, KEYRING, contact, keyring_named

SEALER = Sealer(KEYRING)
TOPIC = FEEDS[Feed.INCIDENT].name
BODY = msgspec.json.encode(contact("110-7"))
HEADERS = (("trace", b"\xff\x00"),)


def letter(
    offset: int,
    *,
    topic: str = TOPIC,
    body: bytes = BODY,
    reason: Rejection = Rejection.UNKNOWN_AREA,
    headers: tuple[tuple[str, bytes], ...] = HEADERS,
    size: int = 0,
) -> DeadLetter:
    """The dead letter of a record received `offset` hours after the first."""
    at_us = NOW_US + offset * HOUR_US
    record = RawRecord(body, topic, 2, offset, at_us, headers, size)
    return dead_letter(record, Refused(reason, "$.data.area"), SEALER, CODE_VERSION)


def with_letters(broker: Broker, *letters: DeadLetter) -> str:
    """A namespace with these letters on the dead-letter topics of where they came from."""
    namespace = made_namespace(broker)
    for one in letters:
        beside = f"{one.topic}.dlq" if one.topic == TOPIC else LOG_LETTERS.name
        put(broker, namespace, {(beside, 0): [(b"", encode(one))]})
    return namespace


def retried(broker: Broker, namespace: str, chosen: Chosen, sealer: Sealer = SEALER) -> Retried:
    return asyncio.run(retry(connection_to(broker), namespace, sealer, chosen))


def raw_records(broker: Broker, namespace: str) -> list[KeptRecord]:
    return kept_on(broker, namespace, [topic.name for topic in FEEDS.values()])


def test_letters_are_counted_once_by_reason_and_topic_newest_first(broker: Broker) -> None:
    repeated = letter(1)
    malformed = letter(5, reason=Rejection.MALFORMED_JSON)
    namespace = with_letters(broker, repeated, repeated, letter(3), malformed)
    put(broker, namespace, {(f"{TOPIC}.dlq", 1): [(b"", b"no letter")]})

    found = asyncio.run(overview(connection_to(broker), namespace, newest_max=2))
    assert found.counts == (
        ("malformed_json", TOPIC, 1, from_us(NOW_US + 5 * HOUR_US)),
        ("unknown_area", TOPIC, 2, from_us(NOW_US + 3 * HOUR_US)),
    )
    assert [one.offset for one in found.newest] == [5, 3]
    assert not any(one.sealed or one.headers for one in found.newest)
    assert found.unreadable == 1

    narrowed = overview(connection_to(broker), namespace, reason="unknown_area")
    assert [one.letters for one in asyncio.run(narrowed).counts] == [2]


def test_a_letter_is_found_by_its_place_and_opens_to_what_came(broker: Broker) -> None:
    namespace = with_letters(broker, letter(1), letter(2))
    cluster = connection_to(broker)
    found = asyncio.run(find(cluster, namespace, Place(TOPIC, 2, 2)))
    assert found == letter(2)
    assert open_letter(letter(2), SEALER) == (BODY, HEADERS)
    assert asyncio.run(find(cluster, namespace, Place(TOPIC, 2, 9))) is None
    with pytest.raises(SealError):
        open_letter(replace(letter(2), offset=3), SEALER)


def test_a_retried_letter_goes_back_with_its_bytes_headers_and_first_time(broker: Broker) -> None:
    namespace = with_letters(broker, letter(1), letter(1), letter(2))
    done = retried(broker, namespace, lambda one: place_of(one) == (TOPIC, 2, 1))
    assert (done.sent, done.refused) == (1, {})
    (record,) = raw_records(broker, namespace)
    assert (record.topic, record.value, record.key) == (TOPIC, BODY, b"/440703/110|110-7")
    assert record.headers[:1] == HEADERS
    said = dict(record.headers)
    assert (said[RECEIVED_HEADER], said[PLACE_HEADER]) == (b"%d" % (NOW_US + HOUR_US), b"1")


def test_a_letter_in_binary_mode_keeps_the_key_that_its_headers_give(broker: Broker) -> None:
    named = (("ce_source", b"/here"), ("ce_id", b"9"))
    namespace = with_letters(broker, letter(1, body=b"{", headers=named), letter(2, body=b"{"))
    assert retried(broker, namespace, lambda _: True).sent == 2
    keys = {record.key for record in raw_records(broker, namespace)}
    assert keys == {b"/here|9", f"{TOPIC}|2|2".encode()}


def test_what_cannot_go_back_is_counted_with_its_reason(broker: Broker) -> None:
    cut = letter(1, size=len(BODY) + 1)
    of_a_log = letter(2, topic="forewarn.person-log.v1")
    namespace = with_letters(broker, cut, of_a_log, letter(3))
    done = retried(broker, namespace, lambda _: True)
    assert done.sent == 1
    assert done.refused == {
        "only its beginning was kept": 1,
        "it came from a log of ours, not from a feed": 1,
    }
    other = retried(
        broker, namespace, lambda one: one.offset == 3, Sealer(keyring_named("another"))
    )
    assert other.sent == 0
    assert list(other.refused) == ["the sealed value does not open in this context"]
    assert len(raw_records(broker, namespace)) == 1
