"""Make the topics of a namespace, and tell where a cluster differs from the catalogue.

Rules: a topic is made as the catalogue says or not at all; what is there already is never changed,
since a partition count moves keys and a shorter retention deletes: a difference is named together
with how to mend it, and the operator decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.topics import ALL_TOPICS, FEEDS, Cleanup, Topic
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.naming import named, plain_name
from streams.cluster.reach import reach

# Everything of ours begins so; what else is on the cluster is none of our business.
_OURS = "forewarn"
_FEED_NAMES = frozenset(topic.name for topic in FEEDS.values())


class Kind(StrEnum):
    """What can differ."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    CONFIG = "config"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Wanted:
    """One topic as it has to be on the cluster; `name` has its namespace."""

    name: str
    partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """One topic as it is on the cluster."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """Where one topic differs: what is wanted, what is there, and how to mend it."""

    topic: str
    kind: Kind
    said: str
    mend: str


@dataclass(frozen=True)
class Report:
    """What `create` did: `created` and `kept` are names on the cluster."""

    created: tuple[str, ...]
    kept: tuple[str, ...]
    differences: tuple[Difference, ...]


def wanted(
    namespace: str, partitions: int | None = None, topics: Iterable[Topic] = ALL_TOPICS
) -> tuple[Wanted, ...]:
    """Return the topics of a namespace; `partitions` is for all that have more than one."""
    return tuple(
        Wanted(
            named(namespace, topic.name),
            partitions if partitions and topic.partitions > 1 else topic.partitions,
            configs_of(topic),
        )
        for topic in topics
    )


def configs_of(topic: Topic) -> dict[str, str]:
    """Return the broker's configuration of a topic, as it writes it."""
    configs = {"cleanup.policy": topic.cleanup.value}
    if topic.cleanup is Cleanup.COMPACT:
        configs["min.compaction.lag.ms"] = str(topic.compaction_lag_ms_min)
        if topic.compaction_lag_ms_max is not None:
            configs["max.compaction.lag.ms"] = str(topic.compaction_lag_ms_max)
    if topic.retention_ms is not None:
        configs["retention.ms"] = str(topic.retention_ms)
    if topic.message_bytes_max is not None:
        configs["max.message.bytes"] = str(topic.message_bytes_max)
    if topic.name in _FEED_NAMES:
        # The intake takes the broker's time of arrival for producers that state none.
        configs["message.timestamp.type"] = "LogAppendTime"
    return configs


def create(
    connection: Connection,
    namespace: str,
    *,
    replication: int,
    partitions: int | None = None,
    dry_run: bool = False,
) -> Report:
    """Make what is missing, unless what is there differs: then nothing is made.

    With `dry_run` the broker only checks whether it would. Raises ClusterError when the cluster
    cannot be reached or refuses.
    """
    topics = wanted(namespace, partitions)
    with _admin(connection) as admin:
        found = _found(admin, namespace, topics)
        differing = tuple(
            difference
            for difference in differences(topics, found, namespace, replication)
            if difference.kind is not Kind.MISSING
        )
        missing = [topic for topic in topics if topic.name not in found]
        kept = tuple(topic.name for topic in topics if topic.name in found)
        if differing:
            return Report((), kept, differing)
        if missing:
            _make(admin, missing, replication, dry_run)
    return Report(tuple(topic.name for topic in missing), kept, ())


def describe(
    connection: Connection, namespace: str, partitions: int | None = None
) -> tuple[Found, ...]:
    """Return what the cluster has of the namespace, by name; ClusterError as `create`."""
    with _admin(connection) as admin:
        found = _found(admin, namespace, wanted(namespace, partitions))
    return tuple(found[name] for name in sorted(found))


def check(
    connection: Connection, namespace: str, *, replication: int, partitions: int | None = None
) -> tuple[Difference, ...]:
    """Return every difference between cluster and catalogue; ClusterError as `create`."""
    topics = wanted(namespace, partitions)
    with _admin(connection) as admin:
        return differences(topics, _found(admin, namespace, topics), namespace, replication)


def differences(
    topics: Iterable[Wanted], found: Mapping[str, Found], namespace: str, replication: int
) -> tuple[Difference, ...]:
    """Return what differs between what is wanted and what was found."""
    known = {topic.name: topic for topic in topics}
    listed: list[Difference] = []
    for name, topic in known.items():
        there = found.get(name)
        if there is None:
            listed.append(
                Difference(name, Kind.MISSING, "is not there", "make it: forewarn topics create")
            )
        else:
            listed.extend(_differing(topic, there, replication))
    listed.extend(
        Difference(
            name,
            Kind.UNKNOWN,
            f"is not in the catalogue ({plain_name(namespace, name)})",
            "delete it, if nothing writes it any more: kafka-topics.sh --delete",
        )
        for name in sorted(set(found) - set(known))
    )
    return tuple(listed)


def _differing(topic: Wanted, there: Found, replication: int) -> Iterator[Difference]:
    if there.partitions != topic.partitions:
        yield Difference(
            topic.name,
            Kind.PARTITIONS,
            f"has {there.partitions} partitions, wanted are {topic.partitions}",
            f"state --partitions {there.partitions}, if the cluster was made so; else drain and "
            "stop everything, delete the topic and make it anew (added partitions would part keys "
            "from their state)",
        )
    if there.replication != replication:
        yield Difference(
            topic.name,
            Kind.REPLICATION,
            f"is kept {there.replication} times, wanted is {replication}",
            f"state --replication {there.replication}, or move it: kafka-reassign-partitions.sh",
        )
    for key, value in topic.configs.items():
        if there.configs.get(key) != value:
            yield Difference(
                topic.name,
                Kind.CONFIG,
                f"has {key}={there.configs.get(key)}, wanted is {value}",
                f"kafka-configs.sh --alter --topic {topic.name} --add-config {key}={value}",
            )


def _make(
    admin: KafkaAdminClient, missing: Iterable[Wanted], replication: int, dry_run: bool
) -> None:
    asked = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication,
            "configs": dict(topic.configs),
        }
        for topic in missing
    }
    try:
        admin.create_topics(asked, validate_only=dry_run, wait_for_metadata=not dry_run)
    except TopicAlreadyExistsError as error:
        raise ClusterError(
            "somebody else is making topics at the same time; run it again"
        ) from error


def _found(admin: KafkaAdminClient, namespace: str, topics: Iterable[Wanted]) -> dict[str, Found]:
    """Return what of ours is in the namespace; only the stated configurations are looked at."""
    ours = named(namespace, _OURS)
    asked = {topic.name: list(topic.configs) for topic in topics}
    names = sorted(name for name in admin.list_topics() if name.startswith(ours))
    if not names:
        return {}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, asked.get(name, ["cleanup.policy"]))
        for name in names
    ]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        topic["name"]: Found(
            topic["name"],
            len(topic["partitions"]),
            min(len(part["replica_nodes"]) for part in topic["partitions"]),
            {key: entry["value"] for key, entry in configs[topic["name"]].items()},
        )
        for topic in admin.describe_topics(names)
    }


@contextmanager
def _admin(connection: Connection) -> Iterator[KafkaAdminClient]:
    reach(connection)
    opened: list[Callable[[], None]] = []
    try:
        admin = KafkaAdminClient(**connection.kafka_python_options())
        opened.append(admin.close)
        yield admin
    except KafkaError as error:
        raise ClusterError(f"the cluster refused or did not answer: {error}") from error
    finally:
        for close in opened:
            close()
