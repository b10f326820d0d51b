"""A feed on a real broker: what is on every partition of the raw topics, and in which order."""

import asyncio
import io
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from forewarn.broker.broker import Broker
from schemas.events import TYPE_OF_FEED
from schemas.taxonomy import Feed
from schemas.times import from_us
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError
from streams.cluster.feeder import RECORD_BYTES_MAX, FeedReport, feed
from streams.cluster.provision import create
from streams.cluster.raw import (
    DIGEST_HEADER,
    OURS,
    PLACE_HEADER,
    RECEIVED_HEADER,
    SIZE_HEADER,
    read_tick,
)
from streams.cluster.reading import KeptRecord
from streams.replay import TICK_US
from streams.replay_order import Line, ordered
from tests.brokers import fresh_namespace, own_broker
from tests.builders import NOW_US
from tests.streams.cluster.clusters import PARTITIONS, connection_to, kept_on, made_namespace
from tests.streams.towns import UNTIL_US

RAW = [topic.name for topic in FEEDS.values()]


def event(number: int, at_us: int, of_feed: Feed = Feed.INCIDENT) -> bytes:
    """A line with what the feeder looks at; what else is in an event is not its business."""
    return msgspec.json.encode(
        {
            "id": str(number),
            "source": "/here",
            "type": TYPE_OF_FEED[of_feed],
            "ingesttime": from_us(at_us).isoformat(),
        }
    )


def in_order(*lines: bytes) -> Iterator[Line]:
    return ordered(io.BytesIO(b"\n".join(lines)), UNTIL_US)


def fed(broker: Broker, namespace: str, *lines: bytes, speed: float | None = None) -> FeedReport:
    sending = feed(connection_to(broker), namespace, in_order(*lines), speed=speed, answer_s_max=20)
    return asyncio.run(sending)


def lanes(records: list[KeptRecord]) -> dict[tuple[str, int], list[KeptRecord]]:
    found: dict[tuple[str, int], list[KeptRecord]] = defaultdict(list)
    for record in records:
        found[record.topic, record.partition].append(record)
    return found


def place_of(record: KeptRecord) -> int:
    return int(dict(record.headers)[PLACE_HEADER])


def test_every_partition_has_the_ticks_of_a_replay_after_the_records_before_them(
    broker: Broker,
) -> None:
    namespace = made_namespace(broker)
    start_us = NOW_US // TICK_US * TICK_US
    times = [start_us + 1 + number * TICK_US // 3 for number in range(200)]
    feeds = list(Feed)
    events = [event(n, at_us, feeds[n % 3]) for n, at_us in enumerate(times)]

    report = fed(broker, namespace, *reversed(events), b"no event at all")

    expected_ticks = list(range(start_us + TICK_US, times[-1] + TICK_US + 1, TICK_US))
    records = kept_on(broker, namespace, RAW)
    for lane in lanes(records).values():
        ticks = [tick.at_us for r in lane if (tick := read_tick(r.value, r.headers))]
        assert ticks == expected_ticks
        passed_us = 0
        for record in lane:
            tick = read_tick(record.value, record.headers)
            if tick is not None:
                passed_us = tick.at_us
                continue
            received_us = int(dict(record.headers)[RECEIVED_HEADER])
            assert (
                received_us == 0 or passed_us <= received_us < passed_us + TICK_US or not passed_us
            )

    sent = sorted((r for r in records if not read_tick(r.value, r.headers)), key=place_of)
    assert [place_of(record) for record in sent] == list(range(201))
    assert [record.value for record in sent] == [b"no event at all", *events]
    assert (sent[0].topic, sent[0].key) == (FEEDS[Feed.INCIDENT].name, b"201")
    assert {record.topic for record in sent if record.value == events[1]} == {FEEDS[feeds[1]].name}
    assert sent[1].key == b"/here|0"
    assert len(lanes(records)) == 3 * PARTITIONS
    assert report[:2] == (201, len(expected_ticks) * 3 * PARTITIONS)
    assert (report.first_us, report.last_us) == (times[0], times[-1])


def test_a_record_that_is_too_long_is_cut_with_size_and_digest_of_the_whole(
    broker: Broker,
) -> None:
    namespace = made_namespace(broker)
    long = b"x" * (RECORD_BYTES_MAX + 1)

    report = fed(broker, namespace, long, b"short")

    short, cut = sorted(kept_on(broker, namespace, RAW), key=place_of)
    assert cut.value == long[:RECORD_BYTES_MAX]
    assert dict(cut.headers)[SIZE_HEADER] == str(len(long)).encode()
    assert dict(cut.headers)[DIGEST_HEADER] == sha256(long).hexdigest().encode()
    assert SIZE_HEADER not in dict(short.headers)
    assert (report.records, report.cut, report.ticks) == (2, 1, 0)


def test_a_live_feed_has_neither_ticks_nor_a_word_of_the_feeder(tmp_path: Path) -> None:
    with own_broker(tmp_path) as own:
        create(connection_to(own), "", replication=1, partitions=1)
        fed(own, "", event(1, NOW_US), event(2, NOW_US + 3 * TICK_US))
        records = kept_on(own, "", RAW)
    assert [record.value for record in records] == [
        event(1, NOW_US),
        event(2, NOW_US + 3 * TICK_US),
    ]
    assert not any(name in OURS for record in records for name, _ in record.headers)


def test_a_paced_feed_takes_its_time(broker: Broker) -> None:
    namespace = made_namespace(broker)
    report = fed(
        broker, namespace, event(1, NOW_US), event(2, NOW_US + 30 * 60 * 1_000_000), speed=3_600
    )
    assert 0.5 <= report.seconds < 10


def test_an_empty_feed_sends_nothing(broker: Broker) -> None:
    namespace = made_namespace(broker)
    assert fed(broker, namespace)[:3] == (0, 0, 0)
    assert kept_on(broker, namespace, RAW) == []


def test_a_namespace_without_topics_is_refused_at_once(broker: Broker) -> None:
    with pytest.raises(ClusterError, match=r"has no topic .*make the topics"):
        fed(broker, fresh_namespace(), event(1, NOW_US))


def test_a_broker_that_goes_away_for_too_long_ends_the_feed_with_what_is_certain(
    tmp_path: Path,
) -> None:
    with own_broker(tmp_path) as own:
        namespace = made_namespace(own)

        def lines() -> Iterator[Line]:
            yield from in_order(*(event(n, NOW_US) for n in range(20_000)))
            own.pause()
            yield from in_order(*(event(n, NOW_US) for n in range(20_000)))

        sending = feed(connection_to(own), namespace, lines(), answer_s_max=2)
        started = time.monotonic()
        with pytest.raises(ClusterError, match=r"did not answer within 2 s.*it had taken"):
            asyncio.run(sending)
        assert time.monotonic() - started < 30
        own.resume()


def test_a_broker_that_comes_back_in_time_has_every_record_once(tmp_path: Path) -> None:
    with own_broker(tmp_path) as own:
        namespace = made_namespace(own)
        back = threading.Timer(2.0, own.restart)

        def lines() -> Iterator[Line]:
            yield from in_order(*(event(n, NOW_US) for n in range(20_000)))
            own.kill()
            back.start()
            yield from in_order(*(event(n, NOW_US) for n in range(20_000, 40_000)))

        asyncio.run(feed(connection_to(own), namespace, lines(), answer_s_max=60))
        back.join()
        records = kept_on(own, namespace, RAW)
    keys = sorted(r.key or b"" for r in records if not read_tick(r.value, r.headers))
    assert keys == sorted(b"/here|%d" % n for n in range(40_000))
