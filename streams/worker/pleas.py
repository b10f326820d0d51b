"""Requests for help in a historical feed: whose time runs out with which tick.

Rules: in a feed's own time a plea that falls overdue must be back in its person's log before time
goes on there, as it is when the feed is replayed. The intake has opened each plea and knows when it
runs out; so it knows for which receipts the tick has to wait. Live, nothing waits.
"""

import heapq

from schemas.outcomes import ClockState, ServiceClock
from schemas.times import to_us
from streams.state import BUCKET_US

REMEMBERED_MAX = 100_000


class Pleas:
    """Open requests for help by the tick that ends them; bounded, the oldest endings forgotten."""

    def __init__(self) -> None:
        self._ending: list[tuple[int, str]] = []
        self._open: set[str] = set()
        self._ended: dict[str, None] = {}

    def opened(self, clock: ServiceClock) -> None:
        """Take note of a clock, if it is one of a request for help that has a way back."""
        known = clock.receipt in self._open or clock.receipt in self._ended
        if clock.return_address is None or clock.state is not ClockState.OPENED or known:
            return
        self._open.add(clock.receipt)
        tick_us = -(-to_us(clock.due) // BUCKET_US) * BUCKET_US
        heapq.heappush(self._ending, (tick_us, clock.receipt))

    def returned(self, receipt: str) -> None:
        """Take note that a plea came back, answered or overdue."""
        self._open.discard(receipt)
        self._ended[receipt] = None
        while len(self._ended) > REMEMBERED_MAX:
            del self._ended[next(iter(self._ended))]

    def owed(self, tick_us: int) -> set[str]:
        """Return the receipts that come back with this tick; each is returned once."""
        due: set[str] = set()
        while self._ending and self._ending[0][0] <= tick_us:
            _, receipt = heapq.heappop(self._ending)
            if receipt in self._open:
                due.add(receipt)
        return due
