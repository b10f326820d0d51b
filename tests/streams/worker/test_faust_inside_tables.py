"""What the worker leans on inside faust-streaming 0.15 when partitions come and go.

The counterpart of `test_faust_inside`: rebalances, tables and their recovery.
"""

import inspect
from typing import Any

import faust
from faust.app.base import App
from faust.assignor.partition_assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as kafka_driver
from faust.types import TP

from streams.worker.app import (
    StageApp,
)
from streams.worker.state import PROGRESS_KEY
from streams.worker.table import DurableTable
from streams.worker.transport import Chunk, ChunkedConsumer
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.faust_apps import (
    CHANGELOG,
    HERE,
    SLURP,
    Known,
    record,
    source,
    table_of,
    within,
)

# ----------------------------------------------------------------------------------- rebalances


def test_a_revoke_suspends_the_flow_clears_the_queues_and_then_waits_for_the_consumer() -> None:
    text = source(App._on_partitions_revoked)
    steps = ["flow_control.suspend", "flow_control.clear", "_consumer_wait_empty"]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)


def test_waiting_for_the_consumer_is_ours_to_do() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        ours, theirs = (one._consumer_wait_empty for one in (StageApp, App))
        assert len(inspect.signature(ours).parameters) == len(inspect.signature(theirs).parameters)
        assert not app.conf.stream_wait_empty

    within(test, Known())


def test_the_generation_of_the_group_is_on_the_app() -> None:
    assert "app.consumer_generation_id = generation" in source(kafka_driver)

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert app.consumer_generation_id == 0
        assert consumer._to_chunk(HERE, [record(3)]).generation_id == 0

    within(test, Known())


def test_those_who_wait_for_an_assignment_are_given_the_app_and_its_partitions() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        told: list[Any] = []

        async def listen(sender: Any, assigned: set[TP], **more: Any) -> None:
            told.append((sender, assigned))

        signal: Any = app.on_partitions_assigned
        signal.connect(listen, weak=False)
        await app.on_partitions_assigned.send({HERE})
        assert told == [(app, {HERE})]

    within(test, Known())


def test_the_assignor_says_which_changelog_partitions_are_active_here() -> None:
    assert "assigned_actives" in vars(PartitionAssignor)

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert app.assignor.assigned_actives() == set()

    within(test, Known())


# --------------------------------------------------------------------------- tables and recovery


def test_a_table_is_managed_once_it_is_added_under_the_topic_of_its_changelog() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        table = table_of(app, [])
        assert app.tables[CHANGELOG] is table
        tables: Any = app.tables
        assert tables._changelogs == {CHANGELOG: table}
        assert list(inspect.signature(TableManager.add).parameters) == ["self", "table"]

    within(test, Known())


def test_recovery_begins_at_the_persisted_offset_of_the_table() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        table = table_of(app, [])
        tables: Any = app.tables
        recovery = tables.recovery
        tp = TP(CHANGELOG, 1)
        table.of(1).store.write({}, 41)
        recovery.add_active(table, tp)
        assert recovery.active_offsets[tp] == 41
        recovery.active_highwaters[tp] = 50
        assert recovery.active_remaining_total() == 9

    within(test, Known())


def test_recovery_hands_over_what_the_schema_returned_in_buffers_of_the_table() -> None:
    text = source(SLURP)
    for line in (
        "bufsize = buffer_sizes[tp] = table.recovery_buffer_size",
        "buf.append(event)",
        "table.apply_changelog_batch(buf)",
        "buf.clear()",
    ):
        assert line in text
    assert "table.apply_changelog_batch(buffer)" in source(Recovery.flush_buffers)

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        table = table_of(app, [])
        assert table.recovery_buffer_size > 1
        message = consumer._to_chunk(TP(CHANGELOG, 1), [record(3)])
        frame = Logged(3, bytes([1]) + bytes(12) + b"body", b"na")
        end = Logged(4, frame.value, PROGRESS_KEY)
        message.value = Chunk(TP(CHANGELOG, 1), [frame, end])
        schema: Any = table.changelog_topic.schema
        event = await schema.compile(app)(message)
        table.apply_changelog_batch([event])
        assert table.of(1).store.get(b"na") == frame.value
        assert table.persisted_offset(TP(CHANGELOG, 1)) == 4

    within(test, Known())


def test_recovery_reads_its_own_writes_again_only_with_a_buffer_of_one() -> None:
    assert "recovery_buffer_size == 1" in source(Recovery)


def test_a_failure_to_take_the_changelog_in_is_only_logged_by_faust() -> None:
    """Hence the table tells `failed`, which ends the process."""
    text = source(SLURP)
    assert "except Exception as ex:" in text
    assert 'logger.warning(f"Error in recovery {ex}")' in text


def test_a_table_is_told_of_rebalances_and_of_the_end_of_recovery() -> None:
    for name in ("on_rebalance", "on_recovery_completed", "apply_changelog_batch"):
        ours = inspect.signature(getattr(DurableTable, name))
        assert list(ours.parameters) == list(
            inspect.signature(getattr(faust.Table, name)).parameters
        )

    assert "self.actives_for_table[table]," in source(Recovery.on_recovery_completed)
    assert "if self.app.consumer_generation_id != generation_id:" in source(
        Recovery.on_recovery_completed
    )

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        told: list[set[int]] = []
        table = table_of(app, told)
        table.of(0), table.of(1)
        await table.on_rebalance({TP(CHANGELOG, 1)}, set(), set())
        assert list(table.partitions_kept) == [1]
        await table.on_recovery_completed({TP(CHANGELOG, 1)}, set())
        assert (told, table.recovered) == ([set()], {1})
        app.consumer_generation_id += 1
        await table.on_recovery_completed(set(), set())
        assert (told, table.recovered) == ([set()], {1})

    within(test, Known())
