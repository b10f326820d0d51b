"""A hole in a log is gone on over; a record that was passed over ends the worker."""

import asyncio

import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from forewarn.broker.broker import Broker
from schemas.topics import PERSON_LOG
from streams.cluster.naming import named
from streams.worker.gaps import PlaceLostError, in_order, refuse_passed_over
from tests.streams.cluster.clusters import connection_to, made_namespace, put
from tests.streams.worker.changelogs import Logged


def probed(broker: Broker, topic: str, wanted: int, taken: list[int]) -> int:
    options = connection_to(broker).aiokafka_options()
    return asyncio.run(refuse_passed_over(options, topic, 0, wanted, taken))


def test_chunks_that_overlap_are_taken_once_and_in_order() -> None:
    logged = [Logged(offset, b"") for offset in (3, 4, 5, 4, 5, 6)]
    assert [one.offset for one in in_order(logged, 4).records] == [4, 5, 6]
    assert in_order(logged, 4).whole
    assert not in_order(logged, 2).whole


def test_a_chunk_that_is_missing_between_two_others_is_seen() -> None:
    logged = [Logged(offset, b"") for offset in (3, 4, 9, 10)]
    assert not in_order(logged, 3).whole


def test_a_record_that_was_passed_over_is_found(broker: Broker) -> None:
    namespace = made_namespace(broker)
    put(broker, namespace, {(PERSON_LOG.name, 0): [(b"k", b"%d" % n) for n in range(6)]})
    with pytest.raises(PlaceLostError, match="2 records from offset 3 on were never taken"):
        probed(broker, named(namespace, PERSON_LOG.name), 2, [2, 5])


def test_offsets_without_records_are_a_hole(broker: Broker) -> None:
    namespace = made_namespace(broker)
    topic = named(namespace, PERSON_LOG.name)
    put(broker, namespace, {(PERSON_LOG.name, 0): [(b"k", b"%d" % n) for n in range(6)]})
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        admin.delete_records({TopicPartition(topic, 0): 4})
    finally:
        admin.close()
    assert probed(broker, topic, 2, [4, 5]) == 2
