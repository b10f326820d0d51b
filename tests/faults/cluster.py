"""The cluster under faults: a broker of its own, one namespace, and where everything stands.

Rules: what is asked is asked again while the broker is away, up to a deadline; offsets are the only
measure of progress.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from forewarn.broker.broker import Broker
from schemas.topics import (
    ALERTS,
    AREA_LOG,
    CHANGELOGS,
    FEEDS,
    HELP_RETURNS,
    PERSON_LOG,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
    Topic,
)
from streams.cluster.naming import named
from streams.cluster.provision import create
from tests.brokers import own_broker

PARTITIONS = 4
ANSWER_S_MAX = 60.0
_AGAIN_S = 0.2
READ_BY: dict[str, tuple[Topic, ...]] = {
    "intake": (*FEEDS.values(), HELP_RETURNS),
    "person": (PERSON_LOG,),
    "area": (AREA_LOG,),
    "service": (SERVICE_LOG,),
    "learner": (TRAINING_EXAMPLES,),
}
T = TypeVar("T")


class Lag(NamedTuple):
    """How far a group has come: committed offsets and ends, both summed over its partitions."""

    committed: int
    end: int


class Cluster:
    """One broker with the topics of one namespace."""

    def __init__(self, broker: Broker, namespace: str) -> None:
        self.broker = broker
        self.namespace = namespace
        self.connection = broker.connection()
        self._admin: KafkaAdminClient | None = None

    def partitions(self, topic: Topic) -> list[TopicPartition]:
        """The partitions of a topic, under its full name."""
        number = PARTITIONS if topic.partitions > 1 else 1
        return [TopicPartition(named(self.namespace, topic.name), n) for n in range(number)]

    def lags(self) -> dict[str, Lag]:
        """How far every group has come."""
        groups = {named(self.namespace, f"forewarn-{stage}"): stage for stage in READ_BY}
        committed = self._asked(lambda admin: admin.list_group_offsets(dict.fromkeys(groups)))
        found = {}
        for group, stage in groups.items():
            places = [one for topic in READ_BY[stage] for one in self.partitions(topic)]
            ends = self._ends(places)
            known = committed.get(group, {})
            done = sum(max(known[one].offset, 0) for one in places if one in known)
            found[stage] = Lag(done, sum(ends.values()))
        return found

    def written(self) -> int:
        """The number of records on logs, changelogs and alerts: it moves with every round."""
        topics = (PERSON_LOG, AREA_LOG, SERVICE_LOG, ALERTS, *CHANGELOGS.values())
        return sum(self._ends([one for t in topics for one in self.partitions(t)]).values())

    def _ends(self, places: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        told = self._asked(
            lambda admin: admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        )
        return {place: told[place].offset for place in places}

    def _asked(self, question: Callable[[KafkaAdminClient], T]) -> T:
        deadline = time.monotonic() + ANSWER_S_MAX
        while True:
            try:
                if self._admin is None:
                    options = self.connection.kafka_python_options()
                    self._admin = KafkaAdminClient(**options | {"bootstrap_timeout_ms": 5_000})
                return question(self._admin)
            except (KafkaError, OSError):
                if time.monotonic() > deadline:
                    raise
                self._forget()
                time.sleep(_AGAIN_S)

    def _forget(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def kill_broker(self) -> None:
        """Kill the broker as a power cut would, and start it again."""
        self.broker.kill()
        self._forget()
        self.broker.start()

    def close(self) -> None:
        """Let the connection go."""
        self._forget()


@contextmanager
def fault_cluster(folder: Path, namespace: str = "faults") -> Iterator[Cluster]:
    """Run a broker with the topics of a namespace."""
    with own_broker(folder, heap_mb=512) as broker:
        create(broker.connection(), namespace, replication=1, partitions=PARTITIONS)
        cluster = Cluster(broker, namespace)
        try:
            yield cluster
        finally:
            cluster.close()
