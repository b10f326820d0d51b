"""A stage's clock: the earliest of what all its sources have said, so that time passes for all.

Rules: time advances by ticks alone and never goes back. A source that said nothing for long is left
out after `idle_us`, visibly, so that one dead feed cannot stop time for everybody; it counts again
as soon as it speaks. Where a source never spoke, its silence is counted from the first tick of any.
The feed of a namespace tells every source each tick: there, one that lags is read later, not idle.
"""

from collections.abc import Iterable

from schemas.records import Tick
from schemas.state import ClockReading
from schemas.times import HOUR_US

IDLE_US = 6 * HOUR_US
NEVER_US = 1 << 62


def idle_us_in(namespace: str) -> int:
    """Return after how long a silent source is left out: live some hours, in a history never."""
    return NEVER_US if namespace else IDLE_US


class StageClock:
    """The minimum over sources; 0 before every source has spoken."""

    def __init__(self, sources: Iterable[str], idle_us: int = IDLE_US) -> None:
        self._latest = dict.fromkeys(sources, 0)
        if not self._latest:
            raise ValueError("a stage clock needs at least one source")
        self._idle_us = idle_us
        self._first_us = 0
        self.now_us = 0

    def advance(self, tick: Tick) -> bool:
        """Take in a tick and say whether the stage's time moved forward."""
        latest = self._latest
        for source in (tick.source, *tick.others):
            if source not in latest:
                raise ValueError(f"a tick came from {source!r}, which is not a source")
            latest[source] = max(latest[source], tick.at_us)
        self._first_us = self._first_us or tick.at_us
        idle = self.idle_sources()
        now_us = min(at for source, at in latest.items() if source not in idle)
        if now_us <= self.now_us:
            return False
        self.now_us = now_us
        return True

    def idle_sources(self) -> tuple[str, ...]:
        """Return the sources that are left out at present, for metrics and operators."""
        newest = max(self._latest.values())
        return tuple(
            source
            for source, at in self._latest.items()
            if newest - (at or self._first_us) > self._idle_us
        )

    def slowest(self) -> tuple[str, int]:
        """Return the source that holds time back most, and how far it has come (µs)."""
        return min(self._latest.items(), key=lambda item: item[1])

    def reading(self) -> ClockReading:
        """Return all that has been said, to be kept with the state of the stage."""
        return ClockReading(dict(self._latest), self._first_us, self.now_us)

    def set_to(self, reading: ClockReading) -> None:
        """Go on from a reading; a source that is no more is dropped, a new one has said nothing."""
        for source in self._latest:
            self._latest[source] = reading.latest.get(source, 0)
        self._first_us, self.now_us = reading.first_us, reading.now_us
