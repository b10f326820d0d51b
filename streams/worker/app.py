"""The one file that owns Faust apps: one app, one agent and one table for a stage.

Rules: each stage is a consumer group of its own, so what a process hosts can change without moving
an offset or a topic. Everything has its name from the catalogue, nothing from a Python function.
A setting that Faust does not know is an error (Faust itself takes it silently).
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import faust
from faust.sensors import Monitor
from faust.types import TP
from mode.utils.queues import FlowControlEvent

from streams.worker.rounds import Rounds
from streams.worker.stores import MemoryStore, RocksStore, Store
from streams.worker.table import DurableTable
from streams.worker.transport import Chunk, ChunkedTransport, ChunkSchema

SETTINGS: dict[str, Any] = {
    "processing_guarantee": "at_least_once",
    "cython_optimizations": True,
    "web_enabled": False,
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "broker_commit_interval": 1.0,
    "broker_max_poll_records": 2_000,
    "broker_session_timeout": 15.0,
    "broker_heartbeat_interval": 3.0,
    "broker_rebalance_timeout": 30.0,
    "broker_request_timeout": 40.0,
    "broker_max_poll_interval": 300.0,
    "consumer_max_fetch_size": 4 * 1024 * 1024,
    "consumer_auto_offset_reset": "earliest",
    "producer_acks": -1,
    "stream_buffer_maxsize": 16,
    "stream_wait_empty": False,
    "stream_recovery_delay": 0.0,
    "table_standby_replicas": 0,
    "store": "memory://",
    "reply_create_topic": False,
}


class SettingsError(ValueError):
    """A setting that Faust does not have, or that this worker must not have."""


class Host(Protocol):
    """A stage as its app sees it."""

    rounds: Rounds

    def durable_partitions(self) -> Iterable[TP]:
        """Return the partitions for which something is durable."""

    def durable_next(self, tp: TP) -> int | None:
        """Return the first offset that is not durable."""

    async def revoked(self) -> None:
        """Finish or abandon what is under way."""


class LightMonitor(Monitor):
    """Faust's monitor without its work for each message; keeps what Faust itself reads."""

    def on_message_in(self, tp: TP, offset: int, message: Any) -> None:
        """Do nothing: rounds are metered, not messages."""

    def on_stream_event_in(self, tp: TP, offset: int, stream: Any, event: Any) -> None:
        """Keep the time at which Faust's watch over stuck streams looks."""
        self.stream_inbound_time[tp] = asyncio.get_running_loop().time()

    def on_stream_event_out(
        self, tp: TP, offset: int, stream: Any, event: Any, state: Any = None
    ) -> None:
        """Do nothing."""

    def on_message_out(self, tp: TP, offset: int, message: Any) -> None:
        """Do nothing."""


class Flow(FlowControlEvent):
    """Faust's control of flow, which forgets nothing that came while it flowed.

    Faust resumes flow for the recovery, then seeks, then resumes once more, and each resuming
    empties the queues: chunks that came between the seek and the second would be lost.
    """

    def resume(self) -> None:
        """Let it flow, with empty queues, if it does not flow already."""
        if not self.is_active():
            super().resume()


class StageApp(faust.App):
    """A Faust app that reads in chunks and commits what its host says is durable."""

    def __init__(self, name: str, host: Host, **settings: Any) -> None:
        refuse_unknown(settings)
        self.durable = host
        super().__init__(name, Monitor=LightMonitor, **settings)
        self.flow_control = Flow(loop=self.loop)

    def _new_transport(self) -> Any:
        return ChunkedTransport(self.conf.broker_consumer, self)

    async def _consumer_wait_empty(self, consumer: Any, log: Any) -> None:
        """When partitions are revoked: drain or abandon, then commit what is durable."""
        await self.durable.revoked()
        await consumer.commit_and_end_transactions()

    def owned(self) -> set[TP]:
        """Return the partitions that are assigned now, changelogs included."""
        return {TP(tp.topic, tp.partition) for tp in self.consumer.assignment()}

    def committed(self, tp: TP) -> int | None:
        """Return what the group has committed of a partition, as it was last asked or told."""
        consumer: Any = self.consumer
        offset: int | None = consumer._committed_offset[tp]  # noqa: SLF001  # Faust keeps it nowhere else
        return offset

    def end_of(self, tp: TP) -> int | None:
        """Return where an owned partition ended when it was last fetched, None before that."""
        return self.consumer.highwater(tp) if tp in self.owned() else None

    def recovered_to(self, tp: TP) -> int:
        """Return the first offset of a changelog's partition that its table has not been given."""
        (table,) = [one for one in self._durable_tables() if one.changelog_topic_name == tp.topic]
        return table.of(tp.partition).read_to + 1

    def flowing(self) -> dict[str, Any]:
        """Return where Faust stands between the assignment of partitions and their flow."""
        consumer: Any = self.consumer
        return {
            "generation": self.consumer_generation_id,
            "recovering": self.in_recovery,
            "flows": consumer.flow_active,
        }

    def recovered_offsets(self) -> dict[int, int]:
        """Return up to which offset of the changelog each partition that is kept has been read."""
        (table,) = self._durable_tables()
        return {partition: kept.read_to for partition, kept in table.partitions_kept.items()}

    def _durable_tables(self) -> list[DurableTable]:
        return [one for one in self.tables.values() if isinstance(one, DurableTable)]

    async def drain_and_stop(self) -> None:
        """Finish the round under way, commit what is durable, and stop."""
        await self.durable.revoked()
        consumer: Any = self.consumer
        await consumer.commit_and_end_transactions()
        await self.stop()


def refuse_unknown(settings: Mapping[str, Any]) -> None:
    """Raise SettingsError for a setting that Faust would take and never look at."""
    known = faust.Settings.SETTINGS
    unknown = sorted(name for name in settings if name not in known)
    if unknown:
        raise SettingsError(f"Faust has no setting called {', '.join(unknown)}")


def store_maker(url: str, stage: str) -> Callable[[int], Store]:
    """Return how to open the store of a partition: `memory://`, or `rocksdb://` and a folder.

    Raises SettingsError for any other.
    """
    if url == "memory://":
        return lambda _partition: MemoryStore()
    if url.startswith("rocksdb://") and len(url) > len("rocksdb://"):
        folder = Path(url.removeprefix("rocksdb://"))
        return lambda partition: RocksStore(folder / stage / str(partition))
    raise SettingsError(f"store {url!r}: give memory:// or rocksdb://FOLDER")


def stage_app(name: str, topics: Iterable[str], host: Host, **settings: Any) -> StageApp:
    """Return the app of one stage, with its agent; add the table with `with_table`."""
    # Faust makes a folder for data of its own; it keeps none.
    nowhere = Path(tempfile.gettempdir()) / "forewarn-faust"
    app = StageApp(name, host, **{**SETTINGS, "datadir": nowhere, **settings})
    source = app.topic(*topics, schema=ChunkSchema(), acks=True, maxsize=16)

    async def agent(stream: Any) -> None:
        async for chunk in stream:
            await _hand_in(host, chunk)

    app.agent(source, name=f"{name}.agent", concurrency=1)(agent)
    return app


async def _hand_in(host: Host, chunk: Chunk) -> None:
    for one in (chunk, *chunk.others):
        await host.rounds.put(one)


def with_table(
    app: StageApp,
    *,
    changelog: str,
    partitions: int,
    make_store: Callable[[int], Store],
    failed: Callable[[BaseException], None],
    recovered: Callable[[DurableTable, Iterable[int]], Awaitable[None]],
) -> DurableTable:
    """Add the table of a stage; `recovered` is told which partitions are owned and up to date."""
    table = DurableTable(app, changelog=changelog, partitions=partitions)
    table.make_store = make_store
    table.failed = failed
    app.tables.add(table)

    async def tell() -> None:
        owned = {tp.partition for tp in app.assignor.assigned_actives() if tp.topic == changelog}
        await recovered(table, owned & table.recovered)

    table.on_recover(tell)
    return table
