"""The contract of an area detector: what it is given, what it says, what it may remember.

Rules: a detector is a frozen configuration; what it remembers of a series is a short list of floats
(`Memory`) that its owner stores. It is *upper one-sided*: a higher count never lowers its
statistic. It judges a day from the days before it and never sees the day itself beforehand. While
it has seen too few days it says nothing rather than something wrong.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Memory = list[float]
"""What a detector remembers of one series; bounded in length, finite numbers only."""


class Past(NamedTuple):
    """The days before day `day` (a `date.toordinal`): `counts[-1]` is yesterday's count.

    `counts` holds at most a few weeks, oldest first; days without a report are there as 0.
    """

    day: int
    counts: Sequence[int]


class AreaScore(NamedTuple):
    """What one detector says about one day's count.

    `statistic` and `threshold` are in the detector's own unit; `expected` is the usual count.
    """

    statistic: float
    threshold: float
    expected: float

    @property
    def alarm(self) -> bool:
        """Whether the count is above what chance explains at the detector's false-alarm rate."""
        return self.statistic > self.threshold


class AreaDetector(Protocol):
    """Judges daily counts of one series, one day at a time."""

    @property
    def name(self) -> str:
        """The name in the registry, alerts and configuration."""

    def start(self) -> Memory:
        """Return the memory before the first day."""

    def learn_one(self, memory: Memory, past: Past, count: int) -> Memory:
        """Return the memory after day `past.day` ended with `count`; `memory` is left as it is."""

    def score_one(self, memory: Memory, past: Past, count: int) -> AreaScore | None:
        """Judge `count` on day `past.day`; None while too few days are known."""

    def limit_one(self, memory: Memory, past: Past) -> int | None:
        """Return the smallest count that raises an alarm on `past.day`; None as `score_one`."""
