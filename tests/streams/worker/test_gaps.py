"""A hole in a log is gone on over; a record that was passed over ends the worker."""

import asyncio

import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from forewarn.broker.broker import Broker
from schemas.topics import PERSON_LOG
from streams.cluster.naming import named
from streams.worker.gaps import PlaceLostError, refuse_passed_over
from tests.streams.cluster.clusters import connection_to, made_namespace, put


def probed(broker: Broker, topic: str, wanted: int, found: int) -> int:
    options = connection_to(broker).aiokafka_options()
    return asyncio.run(refuse_passed_over(options, topic, 0, wanted, found))


def test_a_record_that_was_passed_over_is_found(broker: Broker) -> None:
    namespace = made_namespace(broker)
    put(broker, namespace, {(PERSON_LOG.name, 0): [(b"k", b"%d" % n) for n in range(6)]})
    with pytest.raises(PlaceLostError, match="offset 2 was never taken"):
        probed(broker, named(namespace, PERSON_LOG.name), 2, 5)


def test_offsets_without_records_are_a_hole(broker: Broker) -> None:
    namespace = made_namespace(broker)
    topic = named(namespace, PERSON_LOG.name)
    put(broker, namespace, {(PERSON_LOG.name, 0): [(b"k", b"%d" % n) for n in range(6)]})
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        admin.delete_records({TopicPartition(topic, 0): 4})
    finally:
        admin.close()
    assert probed(broker, topic, 2, 4) == 2
