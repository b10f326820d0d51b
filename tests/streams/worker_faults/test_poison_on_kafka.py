"""Poison on the raw topics of a real broker: each refused by its name, every good report taken."""

import asyncio
import struct
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from crc32c import crc32c

from forewarn.broker.broker import Broker
from schemas.rejections import Rejection
from schemas.topics import HELP_RETURNS, PERSON_LOG, SERVICE_LOG
from streams.cluster.feeder import RECORD_BYTES_MAX
from tests.streams.poison_lines import KINDS, poisoned_lines
from tests.streams.worker_faults.running import (
    ALL_STAGES,
    RAW,
    Sent,
    Space,
    good,
    letters,
    placed,
    put,
    reasons,
    space_on,
    tick,
    wait_for_good,
    wait_until,
    worker_process,
)

UNKNOWN_CODEC = 7
CRC_AT, ATTRIBUTES_AT = 17, 21
"""Where a batch of records has its checksum, and behind it the attributes with the codec."""
CODECS = (None, "gzip", "snappy", "lz4", "zstd")


def test_poison_among_good_reports_is_refused_by_name_and_holds_nothing_back(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    poison = [
        line
        for line in poisoned_lines(len(KINDS), Random(7))  # noqa: S311  # a seeded test
        if len(line.value) < RECORD_BYTES_MAX
    ]
    mixed: list[Sent] = []
    for number, line in enumerate(poison):
        mixed += [good(2 * number), placed(line.value, 2 * number + 1)]
    put(space, RAW, mixed)
    tick(space, 2 * len(poison))
    with worker_process(space, tmp_path, stages=ALL_STAGES) as worker:
        wait_for_good(space, len(poison))
        wait_until(lambda: len(letters(space)) == len(poison), "all dead letters")
        assert reasons(space) == Counter(line.reason.value for line in poison)
        assert worker.stopped().code == 0


def test_what_is_no_event_at_all_is_refused_and_holds_nothing_back(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    ours = good(3)
    odd = [
        Sent(None),
        Sent(None, None),
        Sent(b"", None),
        Sent(b"\x00\xff garbage", b"\xff\x00"),
        Sent(b"not a tick", b"tick", (("forewarn-tick", b"1"),)),
        ours._replace(key=None),
        good(4)._replace(key=b"\xff" * 1_000),
        good(5)._replace(headers=(*good(5).headers, ("", b""), ("\N{SNOWMAN}", b"\xff"))),
        good(6)._replace(headers=(("forewarn-received-us", b"never"), ("forewarn-place", b"\xff"))),
    ]
    put(space, RAW, [good(1), *odd, good(2)])
    tick(space, 9)
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 5)
        wait_until(lambda: len(letters(space)) == 6, "all dead letters")
        found = {letter.offset: letter.reason for letter in letters(space)}
        assert worker.stopped().code == 0
    empty = Rejection.EMPTY.value
    assert [found[n] for n in range(1, 4)] == [empty] * 3
    assert found[4] in {Rejection.NUL_CHARACTER.value, Rejection.NOT_UTF8.value}
    assert found[5] == Rejection.MALFORMED_JSON.value
    assert found[9] == Rejection.INGESTTIME_OUT_OF_RANGE.value


def test_a_report_above_the_limit_is_refused_with_size_and_digest_of_the_whole(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    whole = b'{"note":"' + b"x" * 2_000_000 + b'"}'
    digest = sha256(whole).hexdigest()
    cut = placed(whole[:RECORD_BYTES_MAX], 1, size=len(whole), digest=digest)
    put(space, RAW, [good(0), cut, good(2)])
    tick(space, 2)
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 2)
        wait_until(lambda: letters(space), "a dead letter")
        assert worker.stopped().code == 0
    (letter,) = letters(space)
    assert (letter.reason, letter.size, letter.digest) == ("oversize", len(whole), digest)
    assert letter.truncated


def test_records_as_large_as_a_topic_takes_are_refused_and_end_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    huge = b"x" * 1_048_000
    headers = (*good(3).headers, *((f"other-{n}", b"h" * 10_000) for n in range(100)))
    put(space, RAW, [good(0)])
    put(space, RAW, [Sent(huge)])
    put(space, RAW, [Sent(b"no event", b"key", headers)])
    put(space, RAW, [good(2)._replace(headers=(*good(2).headers, *headers[2:]))])
    for log in (PERSON_LOG, SERVICE_LOG, HELP_RETURNS):
        put(space, log.name, [Sent(huge)])
    tick(space, 3)
    with worker_process(space, tmp_path, stages=ALL_STAGES) as worker:
        wait_for_good(space, 2)
        wait_until(lambda: len(letters(space)) == 5, "all dead letters")
        assert worker.stopped().code == 0
    assert all(letter.truncated for letter in letters(space))
    assert {letter.size for letter in letters(space)} == {len(huge), len(b"no event")}
    whole = sha256(huge).hexdigest()
    assert [letter.digest for letter in letters(space)].count(whole) == 4


def test_every_codec_of_kafka_is_read(broker: Broker, tmp_path: Path) -> None:
    space = space_on(broker)
    for number, codec in enumerate(CODECS):
        put(space, RAW, [good(10 * number + n) for n in range(10)], compression=codec)
    tick(space, 100)
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 10 * len(CODECS))
        assert worker.stopped().code == 0
    assert not letters(space)


def put_of_unknown_codec(space: Space) -> None:
    """Send a batch that says it is compressed by a codec that nobody has."""

    async def send() -> None:
        async with AIOKafkaProducer(**space.connection.aiokafka_options()) as producer:
            batch = producer.create_batch()
            batch.append(key=b"key", value=good(0).value, timestamp=None)
            batch.close()
            frame = bytearray(batch._build())  # no client makes such a batch
            frame[ATTRIBUTES_AT + 1] |= UNKNOWN_CODEC
            struct.pack_into(">I", frame, CRC_AT, crc32c(bytes(frame[ATTRIBUTES_AT:])))
            batch._buffer = frame  # as above
            await (await producer.send_batch(batch, space.topic(RAW), partition=0))

    asyncio.run(send())


def test_a_batch_of_an_unknown_codec_is_refused_by_the_broker_and_never_read(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    put(space, RAW, [good(1)])
    with pytest.raises(KafkaError):
        put_of_unknown_codec(space)
    put(space, RAW, [good(2)])
    tick(space, 2)
    with worker_process(space, tmp_path) as worker:
        wait_for_good(space, 2)
        assert worker.stopped().code == 0
