"""How long brokers gather records before they answer a fetch.

Rules: where little comes, a fetch is answered with the first record, so nothing waits. While
records keep coming, brokers gather a few milliseconds of them: otherwise every record is a round of
its own through fetch, step and acknowledgements, the process is busy with rounds, and records wait
far longer than they were spared. The fetcher reads both values for each request; that is a lean on
aiokafka, held by `test_faust_inside.py`.
"""

import asyncio
from typing import Any

KEEPS_COMING_S = 0.012
"""Fetches that bring records closer together than this are a flow."""
DRY_S = 0.020
"""A flow that brings nothing for so long has ended."""
GATHER_MS = 8
GATHER_BYTES = 64 * 1024
"""A broker that has so much gathers no longer."""


class Pace:
    """Sets the pace of one consumer; told of every fetch that brought records."""

    def __init__(self) -> None:
        self._last_s = 0.0
        self._dry: asyncio.TimerHandle | None = None
        self._alone: tuple[int, int] | None = None

    def fetched(self, fetcher: Any) -> None:
        """Take note that this fetcher brought records."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        flows, self._last_s = now_s - self._last_s < KEEPS_COMING_S, now_s
        if not flows:
            return
        if self._dry is None:
            self._alone = _asks(fetcher)
            _ask(fetcher, (GATHER_BYTES, GATHER_MS))
        else:
            self._dry.cancel()
        self._dry = loop.call_later(DRY_S, self._ended, fetcher)

    def _ended(self, fetcher: Any) -> None:
        self._dry = None
        if self._alone is not None:
            _ask(fetcher, self._alone)


def _asks(fetcher: Any) -> tuple[int, int]:
    return (
        fetcher._fetch_min_bytes,  # noqa: SLF001  # aiokafka has no other way
        fetcher._fetch_max_wait_ms,  # noqa: SLF001  # as above
    )


def _ask(fetcher: Any, bytes_and_ms: tuple[int, int]) -> None:
    fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms = bytes_and_ms  # noqa: SLF001  # as above
