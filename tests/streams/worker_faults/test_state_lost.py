"""A changelog that lost what the group's offset says is in the state: named, never gone on from."""

from pathlib import Path

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from forewarn.broker.broker import Broker
from schemas.topics import CHANGELOGS, PERSON_LOG, Part
from streams.cluster.provision import create
from tests.streams.worker_faults.running import (
    PARTITIONS,
    Space,
    admin_of,
    assessed,
    ended_of,
    put_good,
    space_on,
    wait_for_good,
    wait_until,
    worker_process,
)

CHANGELOG = CHANGELOGS[Part.PERSON].name


def with_history(broker: Broker, folder: Path) -> Space:
    """A namespace in which a worker has taken reports and stopped."""
    space = space_on(broker)
    put_good(space, range(10))
    with worker_process(space, folder) as worker:
        wait_for_good(space, 10)
        assert worker.stopped().code == 0
    return space


def remade(space: Space) -> None:
    with admin_of(space) as admin:
        admin.delete_topics([space.topic(CHANGELOG)])
        wait_until(
            lambda: space.topic(CHANGELOG) not in admin.list_topics(), "the changelog to be gone"
        )
    create(space.connection, space.namespace, replication=1, partitions=PARTITIONS)


def test_a_lost_changelog_ends_the_worker_and_is_rebuilt_from_the_log(
    broker: Broker, tmp_path: Path
) -> None:
    space = with_history(broker, tmp_path)
    remade(space)
    put_good(space, range(10, 20))
    ended = ended_of(space, tmp_path)
    assert ended.code == 70
    assert "StateLostError" in ended.last
    assert space.topic(CHANGELOG) in ended.last
    assert "reset the group's offset to rebuild the state from the log" in ended.last

    with admin_of(space) as admin:
        group = space.topic("forewarn-person")
        log = space.topic(PERSON_LOG.name)
        first = {TopicPartition(log, number): OffsetSpec.EARLIEST for number in range(PARTITIONS)}
        wait_until(lambda: admin.describe_groups([group])[group]["group_state"] == "Empty", "ended")
        admin.reset_group_offsets(group, first)
    with worker_process(space, tmp_path) as worker:
        wait_until(lambda: len(assessed(space)) == 20, "the state rebuilt and all assessed")
        assert worker.stopped().code == 0
