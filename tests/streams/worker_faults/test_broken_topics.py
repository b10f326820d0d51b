"""Topics that are not as they should be, at the start and under a running worker.

At the start the worker says how to mend it and does not run (code 2). A running worker ends
(code 70) within a bound, since a client by itself would wait for ever.
"""

import socket
from contextlib import ExitStack
from pathlib import Path

from kafka.admin import ConfigResource, ConfigResourceType

from forewarn.broker.broker import Broker
from schemas.topics import CHANGELOGS, PERSON_LOG, Part
from streams.cluster.provision import create
from tests.brokers import fresh_namespace
from tests.streams.worker_faults.running import (
    PARTITIONS,
    RAW,
    Space,
    admin_of,
    ended_of,
    put_good,
    space_on,
    wait_for_good,
    worker_process,
)

CHANGELOG = CHANGELOGS[Part.PERSON].name


def test_missing_topics_are_refused_with_the_command_that_makes_them(
    broker: Broker, tmp_path: Path
) -> None:
    space = Space(broker.connection(), fresh_namespace())
    ended = ended_of(space, tmp_path)
    assert ended.code == 2
    assert f"forewarn topics create --namespace {space.namespace}" in ended.last


def test_a_changelog_with_other_partitions_than_its_log_is_refused(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    with admin_of(space) as admin:
        admin.create_partitions({space.topic(CHANGELOG): PARTITIONS + 1})
    ended = ended_of(space, tmp_path)
    assert ended.code == 2
    assert f"{CHANGELOG} has 3 partitions, {PERSON_LOG.name} has 2" in ended.last


def test_a_metrics_port_in_use_is_refused(broker: Broker, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = ended_of(space_on(broker), tmp_path, metrics_port=port)
    assert ended.code == 2
    assert f"port {port}" in ended.last
    assert "give another --metrics-port, or 0" in ended.last


def test_topics_deleted_or_grown_end_the_worker_and_one_made_anew_is_read_from_its_beginning(
    broker: Broker, tmp_path: Path
) -> None:
    with ExitStack() as running:
        spaces = [space_on(broker) for _ in range(3)]
        workers = [
            running.enter_context(worker_process(space, tmp_path / str(number)))
            for number, space in enumerate(spaces)
        ]
        for space in spaces:
            put_good(space, range(4))
            wait_for_good(space, 4)
        raw, changelog, grown = spaces
        with admin_of(raw) as admin:
            admin.delete_topics([raw.topic(RAW), changelog.topic(CHANGELOG)])
            admin.create_partitions({grown.topic(PERSON_LOG.name): PARTITIONS + 1})
        ended = [worker.ended() for worker in workers]
    assert [end.code for end in ended] == [70, 70, 70]
    assert f"the topic {raw.topic(RAW)} was deleted" in ended[0].last
    assert f"the topic {changelog.topic(CHANGELOG)} was deleted" in ended[1].last
    assert f"{grown.topic(PERSON_LOG.name)} has 3 partitions, it had 2" in ended[2].last
    again = ended_of(raw, tmp_path)
    assert again.code == 2
    assert "topics create" in again.last
    create(raw.connection, raw.namespace, replication=1, partitions=PARTITIONS)
    put_good(raw, range(4, 8))
    with worker_process(raw, tmp_path) as worker:
        wait_for_good(raw, 8)
        assert worker.stopped().code == 0


def set_of(space: Space, name: str, key: str, value: str | None) -> None:
    """Set one configuration of a topic, as an operator does."""
    with admin_of(space) as admin:
        resource = ConfigResource(
            ConfigResourceType.TOPIC, space.topic(name), {key: value or ("DELETE", None)}
        )
        admin.alter_configs([resource])


def test_a_log_or_changelog_that_refuses_a_batch_ends_the_worker_and_nothing_is_lost(
    broker: Broker, tmp_path: Path
) -> None:
    for name in (PERSON_LOG.name, CHANGELOG):
        space = space_on(broker)
        set_of(space, name, "max.message.bytes", "150")
        put_good(space, range(10))
        folder = tmp_path / name
        ended = ended_of(space, folder)
        assert ended.code == 70
        assert f"{space.topic(name)}/" in ended.last
        assert "larger than the topic takes" in ended.last
        assert "forewarn topics check" in ended.last
        set_of(space, name, "max.message.bytes", "1000000")
        with worker_process(space, folder) as worker:
            wait_for_good(space, 10)
            assert worker.stopped().code == 0
