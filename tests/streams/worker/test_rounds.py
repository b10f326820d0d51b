"""Rounds: one at a time, a bounded inbox, and an end within a bound when partitions go away."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from faust.types import TP

from streams.worker.rounds import INBOX_CHUNKS_MAX, Gathered, Rounds
from streams.worker.transport import Chunk
from tests.streams.worker.changelogs import Logged

WAIT_S_MAX = 10.0


def chunk(first: int, records: int = 1, partition: int = 0) -> Chunk:
    return Chunk(TP("log", partition), [Logged(first + n, b"") for n in range(records)])


class Taken:
    """A round function that keeps what it was given and can be held up."""

    def __init__(self) -> None:
        self.rounds: list[Gathered] = []
        self.finished = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, gathered: Gathered) -> None:
        self.rounds.append(gathered)
        self.begun.set()
        await self.go.wait()
        self.finished += 1

    def offsets(self) -> list[int]:
        return [r.offset for one in self.rounds for records in one.values() for r in records]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, WAIT_S_MAX))


def unfailing(error: BaseException) -> None:
    raise AssertionError from error


def test_all_that_waits_is_taken_in_one_round_by_partition_in_order() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing)
        for one in (chunk(0, 3), chunk(9, 2, partition=1), chunk(3, 2)):
            await rounds.put(one)
        rounds.start()
        await taken.begun.wait()
        assert await rounds.drain()
        (gathered,) = taken.rounds
        assert {tp.partition: [r.offset for r in rs] for tp, rs in gathered.items()} == {
            0: [0, 1, 2, 3, 4],
            1: [9, 10],
        }

    run(test())


def test_a_round_stops_gathering_at_its_bound() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing, records_max=4)
        for first in (0, 3, 6):
            await rounds.put(chunk(first, 3))
        taken.go.clear()
        rounds.start()
        await taken.begun.wait()
        assert taken.offsets() == [0, 1, 2, 3, 4, 5]
        taken.go.set()
        await rounds.drain()

    run(test())


def test_a_full_inbox_holds_the_sender_back_until_a_round_takes_from_it() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing)
        for first in range(INBOX_CHUNKS_MAX):
            await rounds.put(chunk(first))
        one_more = asyncio.create_task(rounds.put(chunk(INBOX_CHUNKS_MAX)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not one_more.done()
        rounds.start()
        await one_more
        await taken.begun.wait()
        await rounds.stop()

    run(test())


def test_a_drain_finishes_the_round_under_way_and_forgets_what_waits() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing)
        taken.go.clear()
        rounds.start()
        await rounds.put(chunk(0))
        await taken.begun.wait()
        await rounds.put(chunk(1))
        draining = asyncio.create_task(rounds.drain())
        await asyncio.sleep(0)
        assert not draining.done()
        taken.go.set()
        assert await draining
        assert (taken.finished, taken.offsets()) == (1, [0])

        taken.begun.clear()
        rounds.start()
        await rounds.put(chunk(7))
        await taken.begun.wait()
        await rounds.drain()
        assert taken.offsets() == [0, 7]

    run(test())


def test_who_waits_at_a_full_inbox_during_a_drain_leaves_nothing_in_it() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing)
        taken.go.clear()
        rounds.start()
        await rounds.put(chunk(0))
        await taken.begun.wait()
        for first in range(1, INBOX_CHUNKS_MAX + 1):
            await rounds.put(chunk(first))
        waiting = asyncio.create_task(rounds.put(chunk(99)))
        await asyncio.sleep(0)
        draining = asyncio.create_task(rounds.drain())
        await asyncio.sleep(0)
        taken.go.set()
        await draining
        await waiting
        taken.begun.clear()
        rounds.start()
        await rounds.put(chunk(200))
        await taken.begun.wait()
        await rounds.stop()
        assert taken.offsets() == [0, 200]

    run(test())


def test_a_round_that_cannot_finish_is_abandoned_within_the_bound() -> None:
    async def test() -> None:
        taken = Taken()
        rounds = Rounds(taken, unfailing, drain_s_max=0.01)
        taken.go.clear()
        rounds.start()
        await rounds.put(chunk(0))
        await taken.begun.wait()
        assert not await rounds.drain()
        assert (taken.finished, len(taken.rounds)) == (0, 1)
        assert await rounds.drain()

    run(test())


def test_an_idle_loop_drains_at_once_and_may_drain_before_it_began() -> None:
    async def test() -> None:
        rounds = Rounds(Taken(), unfailing, drain_s_max=0.01)
        assert await rounds.drain()
        rounds.start()
        rounds.start()
        assert await rounds.drain()

    run(test())


def test_a_failure_is_told_once_and_no_round_comes_after_it() -> None:
    async def test() -> None:
        told: list[BaseException] = []
        there = asyncio.Event()

        def failed(error: BaseException) -> None:
            told.append(error)
            there.set()

        async def breaks(_gathered: Gathered) -> None:
            raise OSError("broken")

        rounds = Rounds(breaks, failed)
        rounds.start()
        await rounds.put(chunk(0))
        await there.wait()
        await rounds.put(chunk(1))
        for _ in range(10):
            await asyncio.sleep(0)
        assert [str(error) for error in told] == ["broken"]
        await rounds.stop()

    run(test())
