"""How long brokers gather records before they answer a fetch.

Rules: where little comes, a fetch is answered with the first record, so nothing waits. While
records keep coming, brokers gather a few milliseconds of them: otherwise every record is a round of
its own through fetch, step and acknowledgements, the process is busy with rounds, and records wait
far longer than they were spared. No fetch waits long in any case: aiokafka has one under way at a
time, and one that waits at the end of some partitions keeps those from being read that have more.
The fetcher reads both values for each request; that is a lean on aiokafka, held by
`test_faust_inside.py`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

KEEPS_COMING_S = 0.012
"""Fetches that bring records closer together than this are a flow."""
DRY_S = 0.020
"""A flow that brings nothing for so long has ended."""
BEHIND_S = 1.0
"""A consumer that is behind works on what it has for longer, and has more to come."""
ALONE_MS = 250
"""How long a fetch waits for a first record."""
GATHER_MS = 8
GATHER_BYTES = 64 * 1024
"""A broker that has so much gathers no longer."""


def is_behind(
    fetched: Mapping[TopicPartition, Sequence[Any]],
    highwater: Callable[[TopicPartition], int | None],
) -> bool:
    """Say whether any partition has more than what was fetched of it."""
    return any(
        records[-1].offset + 1 < (highwater(part) or 0)
        for part, records in fetched.items()
        if records
    )


class Pace:
    """Sets the pace of one consumer; told of every fetch that brought records."""

    def __init__(self) -> None:
        self._last_s = 0.0
        self._dry: asyncio.TimerHandle | None = None

    def fetched(self, fetcher: Any, *, behind: bool) -> None:
        """Take note that this fetcher brought records; `behind`: the log has more of them."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        flows, self._last_s = behind or now_s - self._last_s < KEEPS_COMING_S, now_s
        if self._dry is not None:
            self._dry.cancel()
        _ask(fetcher, GATHER_BYTES if flows else 1, GATHER_MS if flows else ALONE_MS)
        dry_s = BEHIND_S if behind else DRY_S
        self._dry = loop.call_later(dry_s, _ask, fetcher, 1, ALONE_MS) if flows else None


def _ask(fetcher: Any, bytes_min: int, wait_ms: int) -> None:
    fetcher._fetch_min_bytes = bytes_min  # noqa: SLF001  # aiokafka has no other way
    fetcher._fetch_max_wait_ms = wait_ms  # noqa: SLF001  # as above
