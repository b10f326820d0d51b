"""Brokers gather records while a flow lasts, and answer at once when it has ended."""

import asyncio

from streams.cluster.pacing import (
    ALONE_MS,
    BEHIND_S,
    DRY_S,
    GATHER_BYTES,
    GATHER_MS,
    KEEPS_COMING_S,
    Pace,
)

ALONE = (1, ALONE_MS)
FLOW = (GATHER_BYTES, GATHER_MS)


class Fetcher:
    """The two values that aiokafka's fetcher reads for each request."""

    def __init__(self) -> None:
        self._fetch_min_bytes, self._fetch_max_wait_ms = ALONE

    def asks(self) -> tuple[int, int]:
        return self._fetch_min_bytes, self._fetch_max_wait_ms


async def settled(fetcher: Fetcher) -> None:
    async def alone() -> None:
        while fetcher.asks() != ALONE:  # noqa: ASYNC110  # a fetcher tells nobody
            await asyncio.sleep(DRY_S / 4)

    await asyncio.wait_for(alone(), 5.0)


def test_a_record_by_itself_is_not_waited_for() -> None:
    async def test() -> None:
        pace, fetcher = Pace(), Fetcher()
        pace.fetched(fetcher, behind=False)
        assert fetcher.asks() == ALONE

    asyncio.run(test())


def test_a_flow_is_gathered_until_it_ends_and_again_when_it_comes_back() -> None:
    async def test() -> None:
        pace, fetcher = Pace(), Fetcher()
        for _ in range(2):
            for _ in range(3):
                pace.fetched(fetcher, behind=False)
            assert fetcher.asks() == FLOW
            await settled(fetcher)

    asyncio.run(test())


def test_records_far_apart_are_no_flow() -> None:
    async def test() -> None:
        pace, fetcher = Pace(), Fetcher()
        for _ in range(3):
            pace.fetched(fetcher, behind=False)
            assert fetcher.asks() == ALONE
            await asyncio.sleep(2 * KEEPS_COMING_S)

    asyncio.run(test())


def test_who_is_behind_has_more_to_come_even_while_it_works_on_what_it_has() -> None:
    async def test() -> None:
        pace, fetcher = Pace(), Fetcher()
        pace.fetched(fetcher, behind=True)
        await asyncio.sleep(2 * DRY_S)
        assert fetcher.asks() == FLOW
        pace.fetched(fetcher, behind=False)
        await settled(fetcher)

    asyncio.run(test())


def test_the_end_of_a_flow_is_sooner_than_a_long_poll() -> None:
    assert KEEPS_COMING_S < DRY_S < ALONE_MS / 1_000 < BEHIND_S
