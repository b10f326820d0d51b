"""When in the day reports come: what share of a usual day has passed by a given hour.

With it the count so far can be judged before the day is over (`score_part` of the seasonal
detector), and an hour of silence can be told from the hour before dawn (`silence`).

Rules: the memory is 24 fading counts, one an hour of local time; hours without any data keep a
small share. On a day of 23 or 25 hours an hour is missing or comes twice: both are hours like any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

HOURS = 24
Profile = list[float]
"""Fading counts by hour of the local day, finite, 0 or more."""


@dataclass(frozen=True, slots=True)
class DayProfile:
    """Learns the share of each hour.

    Args:
        reports_min: prior weight, in reports, spread evenly over the day, above 0.
        memory_reports: effective memory, in reports, above 24.

    Raises:
        ValueError: a setting is out of its range.
    """

    reports_min: float = 24.0
    memory_reports: float = 20_000.0

    def __post_init__(self) -> None:
        for setting, least in (("reports_min", 0.0), ("memory_reports", float(HOURS))):
            value = getattr(self, setting)
            if not least < value < inf:
                raise ValueError(f"{setting} must be finite and above {least}, it is {value}")

    def start(self) -> Profile:
        """Return the profile of which nothing is known: all hours are alike."""
        return [self.reports_min / HOURS] * HOURS

    def learn_one(self, profile: Profile, hour: int, count: int = 1) -> Profile:
        """Return the profile after `count` reports in `hour` (0 to 23)."""
        if not 0 <= hour < HOURS or count < 0:
            raise ValueError(f"an hour is 0 to 23 and a count 0 or more, not {hour} and {count}")
        learned = profile.copy()
        learned[hour] += count
        total = sum(learned)
        if total > self.memory_reports:
            learned = [of_hour * (self.memory_reports / total) for of_hour in learned]
        return learned

    def share_between(self, profile: Sequence[float], begin: float, end: float) -> float:
        """Return the share of a day's reports from `begin` to `end`, hours of the same day."""
        if not 0.0 <= begin <= end <= HOURS:
            raise ValueError(f"hours run from 0 to {HOURS}, not from {begin} to {end}")
        share = sum(
            profile[hour] * (min(end, hour + 1.0) - max(begin, hour))
            for hour in range(int(begin), min(HOURS, int(end) + 1))
            if min(end, hour + 1.0) > max(begin, hour)
        )
        return min(share / sum(profile), 1.0)
