"""Faust's transport in chunks: one message for all records fetched of a partition.

Rules: Faust pays for each message far more than a step costs, so a chunk pays once. What is
committed is what the stages say is durable (`Durable`), never what Faust thinks was acknowledged.
These classes lean on private names of faust-streaming 0.15: `test_faust_inside.py` in the tests of
this folder names each assumption.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import uvloop
from aiokafka.errors import IllegalStateError
from faust import Event, Schema
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from streams.cluster.pacing import Pace, is_behind
from streams.worker.seats import LogRecord


def ensure_tp(tp: Any) -> TP:
    """Return a partition as Faust names it."""
    return TP(tp.topic, tp.partition)


class Chunk(NamedTuple):
    """The records fetched of one partition, in their order, and what came with them of others."""

    tp: TP
    records: list[LogRecord]
    others: tuple["Chunk", ...] = ()


class Durable(Protocol):
    """Who knows up to which offset a partition's log is durable."""

    def durable_next(self, tp: TP) -> int | None:
        """Return the first offset that is not durable, None where nothing is known."""

    def durable_partitions(self) -> Iterable[TP]:
        """Return the partitions for which something is known."""


class ChunkSchema(Schema):  # type: ignore[type-arg]  # keys and values are whole chunks
    """Hands the chunk through: decoding is the stage's own."""

    def compile(self, app: Any, **_options: Any) -> Any:
        """Return the decoder of messages that carry chunks."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001  # Faust passes it
            return Event(app, None, message.value, message.headers, message)

        return decode


class ChunkedConsumer(Consumer):
    """A consumer that yields chunks and commits what is durable."""

    durable: Durable

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        app: Any = self.app
        self.durable = app.durable
        self._turn = 0
        self._pace = Pace()

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        # Mode would give the thread a loop of the standard library, which is slower.
        loop = uvloop.new_event_loop()
        thread = AIOKafkaConsumerThread(self, loop=self.loop, beacon=self.beacon, thread_loop=loop)
        thread._close_thread_loop_on_stop = True  # noqa: SLF001  # as it does with its own
        return thread

    async def _wait_next_records(
        self,
        timeout: float,  # noqa: ASYNC109  # Faust names it
    ) -> tuple[Any, Any]:
        records, active = await super()._wait_next_records(timeout)
        if records:
            fetcher = self._thread._ensure_consumer()._fetcher  # noqa: SLF001  # has no public name
            self._pace.fetched(fetcher, behind=is_behind(records, self.highwater))
        return records, active

    async def getmany(  # its name and its argument are Faust's
        self,
        timeout: float,  # noqa: ASYNC109  # Faust names it
    ) -> AsyncIterator[tuple[TP, Any]]:
        """Yield one message a fetch, of a changelog one a partition.

        Where flow stopped, what is left is read again later.

        A fetch that was under way while partitions were assigned anew may bring records of before
        or after: they are left, and all is read again from what is durable.
        """
        flow: Any = self.can_resume_flow
        while not self.flow_active and not self.should_stop:
            await self.wait(flow)
        generation = self.app.consumer_generation_id
        records, active = await self._wait_next_records(timeout)
        if not records or self.should_stop:
            return
        together: list[tuple[TP, list[Any]]] = []
        for tp, batch in self._rotated({tp: batch for tp, batch in records.items() if batch}):
            if self.app.consumer_generation_id != generation:
                await self._go_back(records)
                return
            if not self.flow_active:
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                if self._is_changelog_tp(tp):
                    yield tp, self._to_chunk(tp, batch)
                else:
                    together.append((tp, batch))
            else:
                # Held back since it was fetched: the fetcher is past it, so go back.
                await self.seek(tp, batch[0].offset)
        if together:
            (tp, batch), *others = together
            yield tp, self._to_chunk(tp, batch, others)

    async def _go_back(self, left: Iterable[TP]) -> None:
        """Go to what is durable, unless partitions are being assigned anew: then Faust will.

        Of the changelogs among those left, go to where their recovery stands: Faust went there
        before this fetch came back, and would wait for ever for what it brought.
        """
        app: Any = self.app
        try:
            if self.flow_active:
                await self.perform_seek()
                for tp in map(ensure_tp, left):
                    if self._is_changelog_tp(tp) and tp in self.assignment():
                        await self.seek(tp, app.recovered_to(tp))
        except IllegalStateError:
            return

    async def perform_seek(self) -> None:
        """Go to what is durable; where nothing is and nothing was committed, to the beginning.

        Faust goes to what is committed, and stays where it was in a partition that has nothing.
        """
        await super().perform_seek()
        for tp in map(ensure_tp, self.assignment()):
            if not self.app.topics.acks_enabled_for(tp.topic):
                continue
            committed, durable = self._committed_offset[tp], self.durable.durable_next(tp)
            start = max(committed or 0, durable or 0)
            if committed is None or start > committed:
                await self.seek(tp, start)

    def _rotated(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, list[Any]]]:
        """Begin with another partition each time, so that none waits behind the same others."""
        items = list(records.items())
        self._turn += 1
        start = self._turn % len(items) if items else 0
        yield from items[start:]
        yield from items[:start]

    def _to_chunk(
        self, tp: TP, batch: list[Any], others: Iterable[tuple[TP, list[Any]]] = ()
    ) -> Any:
        last = batch[-1]
        message: Any = self._to_message(tp, last)
        message.value = Chunk(
            ensure_tp(tp), batch, tuple(Chunk(ensure_tp(one), more) for one, more in others)
        )
        message.key = None
        return message

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: a chunk is no gap."""

    def ack(self, message: Any) -> bool:
        """Take note that Faust is done with a message; what is durable is told elsewhere."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for tp in self.durable.durable_partitions():
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        return self.durable.durable_next(tp)


class ChunkedTransport(Transport):
    """A transport whose consumer yields chunks."""

    Consumer = ChunkedConsumer
