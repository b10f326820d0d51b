"""What the worker leans on inside faust-streaming 0.15: one test an assumption, named by it.

Faust is compiled but ships its sources; where a thing cannot be exercised without brokers, its
source is read. A test that fails here says which line of the worker to look at after an upgrade.
"""

import inspect
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, get_type_hints

import faust
import pytest
import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from faust.app.base import App
from faust.sensors import Monitor
from faust.streams import Stream
from faust.transport import conductor
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as KafkaConsumer
from faust.types import TP
from mode.threads import ServiceThread

from streams.worker.app import (
    SETTINGS,
    SettingsError,
    StageApp,
    refuse_unknown,
)
from streams.worker.state import PROGRESS_KEY
from streams.worker.transport import Chunk, ChunkedConsumer, ChunkedTransport, ChunkSchema
from tests.streams.worker.changelogs import written
from tests.streams.worker.faust_apps import (
    CHANGELOG,
    HERE,
    THERE,
    Known,
    compiled,
    never,
    record,
    source,
    table_of,
    within,
)

# -------------------------------------------------------------------------- version, settings


def test_faust_is_of_the_version_these_tests_read() -> None:
    assert version("faust-streaming").startswith("0.15.")


def test_faust_lists_its_settings_by_name() -> None:
    assert {"broker", "web_enabled", "stream_wait_empty"} <= set(faust.Settings.SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_ours_is_one_of_faust(name: str) -> None:
    refuse_unknown({name: SETTINGS[name]})


def test_a_setting_that_faust_does_not_know_is_refused() -> None:
    with pytest.raises(SettingsError, match="no setting called broker_comit_interval"):
        StageApp("stage", Known(), broker_comit_interval=1.0)


def test_faust_itself_takes_an_unknown_setting_silently() -> None:
    assert faust.App("plain", broker_comit_interval=1.0) is not None


# ---------------------------------------------------------------------- transport and consumer


def test_an_app_asks_new_transport_for_its_transport_and_that_for_its_consumer() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert "_new_transport" in vars(App)
        assert isinstance(app.transport, ChunkedTransport)
        assert type(consumer) is ChunkedConsumer

    within(test, Known())


def test_what_is_overridden_is_there_under_the_same_arguments() -> None:
    for name in ("getmany", "ack", "_add_gap", "_new_offset", "_filter_tps_with_pending_acks"):
        ours = inspect.signature(getattr(ChunkedConsumer, name))
        assert list(ours.parameters) == list(inspect.signature(getattr(Consumer, name)).parameters)


def test_a_commit_takes_the_partitions_with_acks_and_the_new_offset_of_each() -> None:
    assert "self._filter_tps_with_pending_acks(topics)" in source(KafkaConsumer.force_commit)
    assert "self._new_offset(tp)" in source(KafkaConsumer._filter_committable_offsets)

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        tps = list(consumer._filter_tps_with_pending_acks())
        assert consumer._filter_committable_offsets(tps) == {HERE: 7}
        consumer._committed_offset[HERE] = 7
        assert consumer._filter_committable_offsets(tps) == {}

    within(test, Known({HERE: 7}))


def test_what_the_group_committed_is_kept_and_none_where_nothing_is() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert consumer._committed_offset[HERE] is None

    within(test, Known())
    assert "self._committed_offset.update(committed_offsets)" in source(Consumer)


def test_messages_that_are_not_done_are_in_a_set_that_can_be_taken_from() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        message = consumer._to_chunk(HERE, [record(3)])
        consumer._unacked_messages.add(message)
        assert consumer.ack(message)
        assert message.acked
        assert list(consumer._unacked_messages) == []

    within(test, Known())


def test_next_records_come_with_the_active_partitions() -> None:
    assert "return records, active_partitions" in source(Consumer._wait_next_records)


def test_the_thread_of_a_consumer_runs_and_closes_the_loop_it_is_given() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert isinstance(consumer._thread.thread_loop, uvloop.Loop)
        assert consumer._thread._close_thread_loop_on_stop

    within(test, Known())
    assert "_close_thread_loop_on_stop = thread_loop is None" in source(ServiceThread)


def test_each_fetch_asks_for_what_the_fetcher_says_then() -> None:
    """Hence the pace can change while a consumer runs (`pacing.py`)."""
    text = source(Fetcher._get_actions_per_node)
    assert "self._fetch_max_wait_ms,\n                self._fetch_min_bytes," in text
    assert "self._fetcher = Fetcher(" in source(AIOKafkaConsumer.start)
    assert list(inspect.signature(AIOKafkaConsumerThread._ensure_consumer).parameters) == ["self"]


class Fetched(ChunkedConsumer):
    """A consumer that has fetched something, without a broker."""

    fetched: dict[TP, list[Any]]
    active: set[TP]

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  # Faust's name
        return self.fetched, self.active

    def highwater(self, tp: TP) -> int:
        return 100

    async def seek(self, partition: TP, offset: int) -> None:
        self.went_back = (partition, offset)


def test_a_fetch_gives_one_message_and_goes_back_for_what_is_held_back() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        transport: Any = app.transport
        transport.Consumer = Fetched
        fetched = transport.create_consumer(
            callback=never,
            on_partitions_revoked=never,
            on_partitions_assigned=never,
        )
        fetched._thread.thread_loop.close()
        both = TP(HERE.topic, HERE.partition + 5)
        fetched.fetched = {HERE: [record(3), record(4)], both: [record(7)], THERE: [record(9)]}
        fetched.active = {HERE, both}
        app.consumer_generation_id = 1
        assert fetched.flow_active
        messages: AsyncIterator[tuple[TP, Any]] = fetched.getmany(timeout=1.0)
        got = [(tp, message.value, message.offset) async for tp, message in messages]
        assert len(got) == 1
        first: Chunk = got[0][1]
        chunks = (first, *first.others)
        offsets = {one.tp: [record.offset for record in one.records] for one in chunks}
        assert offsets == {HERE: [3, 4], both: [7]}
        assert (got[0][0], got[0][2]) == (first.tp, first.records[-1].offset)
        assert fetched.went_back == (THERE, 9)
        assert fetched._buffered_partitions == set()

    within(test, Known())


class Overtaken(Fetched):
    """A consumer whose fetch comes back into another generation than it left."""

    seeks: dict[TP, int]

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  # Faust's name
        self.app.consumer_generation_id += 1
        return self.fetched, self.active

    def assignment(self) -> set[TP]:
        return set(self.fetched)

    async def perform_seek(self) -> None:
        self.seeks = {}

    async def seek(self, partition: TP, offset: int) -> None:
        self.seeks[partition] = offset


def test_a_changelog_is_read_again_from_where_its_recovery_stands() -> None:
    """Its recovery has begun in the new generation, and waits for what the fetch brought."""

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        table = table_of(app, [])
        table.of(0).apply([written(4, PROGRESS_KEY, (1, 1))])
        transport: Any = app.transport
        transport.Consumer = Overtaken
        fetched = transport.create_consumer(
            callback=never, on_partitions_revoked=never, on_partitions_assigned=never
        )
        fetched._thread.thread_loop.close()
        changes = TP(CHANGELOG, 0)
        fetched.fetched = {changes: [record(9)], HERE: [record(3)]}
        fetched.active = {HERE, changes}
        app.consumer_generation_id = 1
        assert [one async for one in fetched.getmany(timeout=1.0)] == []
        assert fetched.seeks == {changes: 5}

    within(test, Known())


def test_a_message_of_another_generation_is_skipped_by_the_stream() -> None:
    """Hence no chunk that was fetched before a rebalance is taken after it."""
    for text in (source(Stream), compiled("_cython/streams.pyx")):
        assert "message.generation_id != self.app.consumer_generation_id" in text
        assert "flow_control.is_active()" in text


def test_delivery_of_a_message_ends_when_flow_is_suspended() -> None:
    text = source(Consumer._drain_messages)
    assert "self.wait_first(" in text
    assert "self.suspend_flow.wait()" in text
    assert "offset >= r_offset" in text


def test_times_of_commits_are_kept_by_partition_in_the_thread() -> None:
    assert "tp_last_committed_at" in get_type_hints(
        AIOKafkaConsumerThread, include_extras=True
    ) or ("self.tp_last_committed_at = {}" in source(AIOKafkaConsumerThread))

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert consumer._thread.tp_last_committed_at == {}

    within(test, Known())


def test_the_conductor_decodes_with_the_compiled_schema_and_takes_its_event() -> None:
    for text in (source(conductor), compiled("transport/_cython/conductor.pyx")):
        assert "chan.decode(message, propagate=True)" in text
    assert list(inspect.signature(faust.Schema.compile).parameters)[:2] == ["self", "app"]

    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        decode = ChunkSchema().compile(app, on_value_decode_error=None, default_propagate=True)
        message = consumer._to_chunk(HERE, [record(3)])
        event = await decode(message, propagate=True)
        assert event.value is message.value
        assert event.message is message

    within(test, Known())


# -------------------------------------------------------------------------------------- monitor


def test_the_monitor_keeps_the_ends_of_partitions_and_the_times_that_faust_looks_at() -> None:
    monitor = Monitor()
    monitor.track_tp_end_offset(HERE, 12)
    assert monitor.tp_end_offsets == {HERE: 12}
    assert monitor.stream_inbound_time == {}


def test_an_app_says_what_it_crashed_of() -> None:
    async def test(app: StageApp, consumer: ChunkedConsumer) -> None:
        assert (app.crashed, app.crash_reason) == (False, None)

    within(test, Known())
