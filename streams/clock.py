"""A stage's clock: the earliest of what all its sources have said, so that time passes for all.

Rules: time advances by ticks alone and never goes back. A source that said nothing for long is left
out after `idle_us`, visibly, so that one dead feed cannot stop time for everybody; it counts again
as soon as it speaks. Where a source never spoke, its silence is counted from the first tick of any.
"""

from collections.abc import Iterable

from schemas.records import Tick
from schemas.times import HOUR_US


class StageClock:
    """The minimum over sources; 0 before every source has spoken."""

    def __init__(self, sources: Iterable[str], idle_us: int = 6 * HOUR_US) -> None:
        self._latest = dict.fromkeys(sources, 0)
        if not self._latest:
            raise ValueError("a stage clock needs at least one source")
        self._idle_us = idle_us
        self._first_us = 0
        self.now_us = 0

    def advance(self, tick: Tick) -> bool:
        """Take in a tick and say whether the stage's time moved forward."""
        if tick.source not in self._latest:
            raise ValueError(f"a tick came from {tick.source!r}, which is not a source")
        self._first_us = self._first_us or tick.at_us
        self._latest[tick.source] = max(self._latest[tick.source], tick.at_us)
        idle = self.idle_sources()
        now_us = min(at for source, at in self._latest.items() if source not in idle)
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
