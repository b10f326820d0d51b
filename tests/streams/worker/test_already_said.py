"""What is on the logs of a feed already, read back from a real broker."""

import asyncio

from forewarn.broker.broker import Broker
from schemas.codec import encode
from schemas.records import Tick
from schemas.topics import HELP_RETURNS, PERSON_LOG, SERVICE_LOG
from streams.cluster.naming import named
from streams.state import BUCKET_US
from streams.worker.already_said import already_said, open_pleas
from tests.streams.cluster.clusters import PARTITIONS, connection_to, made_namespace, put
from tests.streams.worker.test_historical import RECEIPTS, clock


def test_the_last_tick_of_each_source_is_found_behind_many_records(broker: Broker) -> None:
    namespace = made_namespace(broker)
    ticks = [
        encode(Tick("incident/0", BUCKET_US, ("hotline/0",))),
        *[b'{"type":"signal"}'] * 5_000,
        encode(Tick("incident/0", 2 * BUCKET_US)),
    ]
    put(broker, namespace, {(PERSON_LOG.name, 1): [(b"k", value) for value in ticks]})
    topic = named(namespace, PERSON_LOG.name)
    said = asyncio.run(
        already_said(
            connection_to(broker).aiokafka_options(),
            {topic: PARTITIONS},
            ["incident/0", "hotline/0", "grid/0"],
        )
    )
    assert said[topic, 1] == {"incident/0": 2 * BUCKET_US, "hotline/0": BUCKET_US}
    assert said[topic, 0] == said[topic, 2] == {}


def test_pleas_that_have_not_come_back_are_open(broker: Broker) -> None:
    namespace = made_namespace(broker)
    clocks = [clock(receipt, BUCKET_US) for receipt in RECEIPTS]
    opened = [(b"k", encode(one)) for one in (*clocks, clock("c" * 32, BUCKET_US, back=None))]
    put(broker, namespace, {(SERVICE_LOG.name, 0): opened})
    put(broker, namespace, {(HELP_RETURNS.name, 2): [(b"k", encode(clocks[0]))]})
    pleas = asyncio.run(
        open_pleas(
            connection_to(broker).aiokafka_options(),
            (named(namespace, SERVICE_LOG.name), PARTITIONS),
            (named(namespace, HELP_RETURNS.name), PARTITIONS),
        )
    )
    assert pleas.owed(BUCKET_US) == {RECEIPTS[1]}
