"""How much a source may send: so many events in any minute, counted in this process.

Rules: a request is taken whole or not at all; sources are counted apart for each token, so that one
gateway cannot use up another's share by naming its source.
"""

import math
import time
from collections.abc import Mapping

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.problem_words import ProblemType
from api.problems import Problem, later


class Rates:
    """Counts events by source over a sliding minute."""

    def __init__(self, events_max: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._share = RateLimitItemPerMinute(events_max)

    async def spend(self, token_id: str, counts: Mapping[str, int]) -> None:
        """Count events of sources. Raises Problem where one of them has no share left."""
        if len(counts) > 1:
            for source, count in counts.items():
                if not await self._limiter.test(self._share, token_id, source, cost=count):
                    raise await self._later(token_id, source)
        for source, count in counts.items():
            if not await self._limiter.hit(self._share, token_id, source, cost=count):
                raise await self._later(token_id, source)

    async def _later(self, token_id: str, source: str) -> Problem:
        stats = await self._limiter.get_window_stats(self._share, token_id, source)
        wait_s = max(1, math.ceil(stats.reset_time - time.time()))
        return later(ProblemType.TOO_MANY_EVENTS, wait_s)
