"""How area series are watched: which detectors, in which families, at which rate of false alarms.

Rules: pure configuration and what follows from it; the area stage judges by it, and whoever shows
a series computes the usual by the same, so that what is drawn is what was judged.
"""

from collections.abc import Mapping
from math import inf
from typing import Annotated, NamedTuple

from msgspec import Meta, field

from detectors.area_series import (
    Families,
    SeriesConfig,
    add_count,
    expected_at,
    limit_of,
    new_series,
    roll_to,
)
from detectors.registry import make_area_detectors
from schemas.closed import Closed

DAYS_PER_MONTH = 30.4


def _detectors_by_family() -> dict[str, tuple[str, ...]]:
    return {
        "ears": ("ears_c1", "ears_c2", "ears_c3"),
        "cusum": ("nb_cusum",),
        "predictive": ("gamma_poisson",),
    }


class Surveillance(Closed, frozen=True):
    """Which detectors watch, and how much chance may cost.

    `detectors` are by family: two detectors of one family are one voice.
    `false_alerts_per_month` is what a county should bear from chance alone: it is shared out among
    its series, so that a larger county does not cry wolf more often.
    """

    detectors: dict[str, tuple[str, ...]] = field(default_factory=_detectors_by_family)
    false_alerts_per_month: Annotated[float, Meta(gt=0, le=1_000)] = 1.0
    series: SeriesConfig = SeriesConfig()


class DetectorSets:
    """Detectors for a county, by the number of its series, in powers of two."""

    def __init__(self, config: Surveillance) -> None:
        self._config = config
        self._made: dict[int, Families] = {}

    def for_series(self, series: int) -> Families:
        """Return the detectors whose false alarms, over that many series, keep to the budget."""
        size = 1 << max(series - 1, 0).bit_length()
        if size not in self._made:
            alpha = min(self._config.false_alerts_per_month / DAYS_PER_MONTH / size, 0.05)
            self._made[size] = tuple(
                tuple(make_area_detectors(names, alpha))
                for names in self._config.detectors.values()
            )
        return self._made[size]


class UsualDay(NamedTuple):
    """The usual count of a day, and the least count that would be a surge."""

    expected: float
    bound: float


def usual_days(
    counts: Mapping[int, int],
    first: int,
    last: int,
    since: int,
    families: Families,
    config: SeriesConfig,
) -> dict[int, UsualDay]:
    """Return what the detectors make of each day from `first` to `last`, whatever it counted.

    Days are local day ordinals; `counts` reach back `config.ring_days` before `first`, a day that
    is not in it counted 0, and `since` is the day on which counting began in the county. A day is
    left out while too little is known.
    """
    begun = max(since, first - config.ring_days)
    found: dict[int, UsualDay] = {}
    series = new_series(since, begun, config)
    for day in range(begun, last + 1):
        roll_to(series, day, config)
        if day >= first:
            bound = limit_of(series, day, families, config)
            if bound < inf:
                found[day] = UsualDay(expected_at(series, day, bound, families), bound)
        add_count(series, day, counts.get(day, 0))
    return found
