"""Topics are made as the catalogue says, and what differs is named and left alone."""

import time
from collections.abc import Iterator

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from forewarn.broker.broker import Broker
from schemas.topics import ALL_TOPICS, CHANGELOGS, FEEDS, PERSON_LOG, Part
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.naming import named
from streams.cluster.provision import Kind, check, configs_of, create, describe, wanted
from tests.brokers import fresh_namespace


@pytest.fixture
def admin(broker: Broker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(**broker.connection().kafka_python_options())
    yield client
    client.close()


@pytest.fixture
def there(broker: Broker) -> Connection:
    return broker.connection()


def test_all_topics_are_made_and_then_nothing_differs(there: Connection) -> None:
    namespace = fresh_namespace()
    report = create(there, namespace, replication=1, partitions=2)
    assert set(report.created) == {named(namespace, topic.name) for topic in ALL_TOPICS}
    assert check(there, namespace, replication=1, partitions=2) == ()


def test_what_was_made_is_as_the_catalogue_says(there: Connection) -> None:
    namespace = fresh_namespace()
    create(there, namespace, replication=1, partitions=2)
    found = {topic.name: topic for topic in describe(there, namespace)}
    for topic in ALL_TOPICS:
        made = found[named(namespace, topic.name)]
        assert made.partitions == min(topic.partitions, 2)
        assert made.configs.items() >= configs_of(topic).items()


def test_making_twice_makes_once(there: Connection) -> None:
    namespace = fresh_namespace()
    first = create(there, namespace, replication=1, partitions=2)
    second = create(there, namespace, replication=1, partitions=2)
    assert second.created == ()
    assert set(second.kept) == set(first.created)


def test_namespaces_do_not_see_each_other(there: Connection) -> None:
    create(there, fresh_namespace(), replication=1, partitions=2)
    other = fresh_namespace()
    assert describe(there, other) == ()
    kinds = {difference.kind for difference in check(there, other, replication=1)}
    assert kinds == {Kind.MISSING}


def test_a_dry_run_makes_nothing(there: Connection) -> None:
    namespace = fresh_namespace()
    report = create(there, namespace, replication=1, partitions=2, dry_run=True)
    assert len(report.created) == len(ALL_TOPICS)
    assert describe(there, namespace) == ()


def test_a_missing_topic_is_made_beside_those_that_are_there(
    there: Connection, admin: KafkaAdminClient
) -> None:
    namespace = fresh_namespace()
    create(there, namespace, replication=1, partitions=2)
    gone = named(namespace, PERSON_LOG.name)
    admin.delete_topics([gone])
    until = time.monotonic() + 20
    while gone in admin.list_topics() and time.monotonic() < until:
        time.sleep(0.05)
    assert create(there, namespace, replication=1, partitions=2).created == (gone,)


def test_another_partition_count_is_refused_and_nothing_is_made(
    there: Connection, admin: KafkaAdminClient
) -> None:
    namespace = fresh_namespace()
    name = named(namespace, PERSON_LOG.name)
    configs = configs_of(PERSON_LOG)
    admin.create_topics({name: {"num_partitions": 3, "configs": configs}}, wait_for_metadata=True)
    report = create(there, namespace, replication=1, partitions=2)
    assert [(found.topic, found.kind) for found in report.differences] == [(name, Kind.PARTITIONS)]
    assert "has 3 partitions, wanted are 2" in report.differences[0].said
    assert report.created == ()
    assert [topic.name for topic in describe(there, namespace)] == [name]


def test_another_configuration_and_an_unknown_topic_are_named(
    there: Connection, admin: KafkaAdminClient
) -> None:
    namespace = fresh_namespace()
    create(there, namespace, replication=1, partitions=2)
    name = named(namespace, PERSON_LOG.name)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "1000"})])
    stray = named(namespace, "forewarn.old-log.v1")
    admin.create_topics({stray: {"num_partitions": 1}}, wait_for_metadata=True)
    found = check(there, namespace, replication=1, partitions=2)
    assert [(one.topic, one.kind) for one in found] == [(name, Kind.CONFIG), (stray, Kind.UNKNOWN)]
    assert "retention.ms=1000" in found[0].said
    assert f"--add-config retention.ms={PERSON_LOG.retention_ms}" in found[0].mend


def test_a_cluster_with_too_few_brokers_says_so(there: Connection) -> None:
    with pytest.raises(ClusterError, match=r"(?i)replication"):
        create(there, fresh_namespace(), replication=3, partitions=2)


def test_raw_feeds_have_the_time_of_the_broker_and_changelogs_take_large_batches() -> None:
    for topic in FEEDS.values():
        assert configs_of(topic)["message.timestamp.type"] == "LogAppendTime"
    configs = configs_of(CHANGELOGS[Part.PERSON])
    assert configs["cleanup.policy"] == "compact"
    assert int(configs["max.message.bytes"]) == CHANGELOGS[Part.PERSON].message_bytes_max
    assert int(configs["min.compaction.lag.ms"]) >= 3_600_000


def test_changelogs_have_the_partitions_of_their_logs_whatever_is_asked() -> None:
    for partitions in (None, 1, 3, 24):
        counts = {topic.name: topic.partitions for topic in wanted("", partitions)}
        assert counts[CHANGELOGS[Part.PERSON].name] == counts[PERSON_LOG.name]
