"""From the store's outbox onto the logs: decisions of officers, as the stages understand them.

Rules: at least once; a decision has the same id each time, and a stage that has closed an episode
counts a second close and changes nothing. It goes to the partition that decides about its subject.
Only what the brokers have acknowledged is marked as sent.
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer

from alerts.store.projection import Waiting
from schemas.areas import Directory
from schemas.codec import decoder_of
from schemas.records import Transition
from schemas.taxonomy import Scope
from schemas.topics import AREA_LOG, PERSON_LOG
from streams.cluster.naming import named
from streams.cluster.reading import answered
from streams.partitions import of_area_record, of_hex

BATCH_MAX = 500
_read = decoder_of(PERSON_LOG.name)


def log_place(
    transition: Transition, directory: Directory, partitions: Mapping[str, int]
) -> tuple[str, int]:
    """Return the log and partition that decide about a transition's subject."""
    if transition.scope is Scope.PERSON:
        try:
            place = of_hex(transition.subject, partitions[PERSON_LOG.name])
        except ValueError:
            place = 0  # no person key: whoever reads it finds no episode, and counts that
        return PERSON_LOG.name, place
    return AREA_LOG.name, of_area_record(transition, directory, partitions[AREA_LOG.name])


async def relay(
    producer: AIOKafkaProducer,
    waiting: Sequence[Waiting],
    *,
    namespace: str,
    directory: Directory,
    partitions: Mapping[str, int],
) -> None:
    """Produce decisions and wait until the brokers have them. Raises ClusterError."""
    acks = []
    for one in waiting:
        transition: Transition = _read(one.body)
        topic, place = log_place(transition, directory, partitions)
        key = transition.subject.encode()
        acks.append(await answered(producer.send(named(namespace, topic), one.body, key, place)))
    await answered(asyncio.gather(*acks))
