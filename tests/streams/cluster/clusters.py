"""What tests of the cluster share: a namespace with its topics, and reading it back."""

import asyncio
from collections.abc import Iterable

from forewarn.broker.broker import Broker
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.provision import create
from streams.cluster.reading import KeptRecord, read_to_end
from streams.cluster.sending import producer_to
from streams.worker.routing import Batches
from tests.brokers import fresh_namespace

PARTITIONS = 3


def connection_to(broker: Broker) -> Connection:
    """How to reach a test's broker."""
    return Connection((broker.bootstrap,))


def made_namespace(broker: Broker, partitions: int = PARTITIONS) -> str:
    """A namespace that no other test has, with all its topics."""
    namespace = fresh_namespace()
    create(connection_to(broker), namespace, replication=1, partitions=partitions)
    return namespace


def kept_on(broker: Broker, namespace: str, topics: Iterable[str]) -> list[KeptRecord]:
    """All that is on topics at present, each partition in its order."""

    async def read() -> list[KeptRecord]:
        chunks = read_to_end(connection_to(broker), namespace, topics)
        return [record async for chunk in chunks for record in chunk]

    return asyncio.run(read())


def put(broker: Broker, namespace: str, records: Batches) -> None:
    """Put records on topics of a namespace, each partition in its order."""

    async def send() -> None:
        async with producer_to(connection_to(broker)) as producer:
            for (topic, partition), held in records.items():
                acks = [
                    await producer.send(named(namespace, topic), value, key, partition)
                    for key, value in held
                ]
                await asyncio.gather(*acks)

    asyncio.run(send())
