"""Evidence of several detectors on one scale, and thresholds that keep a promise of few alerts.

A statistic means nothing by itself: what counts is how often clean history reaches it. A `Tail`
turns a statistic into surprise, -log10 of that chance, so that detectors of different units, and
cells of different size, can be compared; the greatest surprise speaks for a cell. The threshold is
then the least at which clean history, of the whole county, raises no more alerts than promised.

Rules: what is calibrated here was never tuned on the same history. Clean history is simulated from
what is usual (there is no telling which real days are clean), all of a county together, and judged
by the same code as real days. Alarms of one cell that follow within `quiet_days` are one alert.

Source: Davison and Smith (1990), Journal of the Royal Statistical Society B 52:393-442 (excesses
over a high threshold: here exponential, the limit for light tails).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, inf, isfinite, log10

DAYS_PER_MONTH = 30.4
VALUES_MIN = 100
_LN_10 = 2.302585092994046


class CalibrationError(ValueError):
    """The clean history cannot calibrate; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How often clean history exceeds a statistic: counted up to `top`, exponential above it.

    `surprises[i]` belongs to `values[i]`, both rising; between them it is interpolated. `slope` is
    the rise of surprise per unit of statistic above the last value.
    """

    values: tuple[float, ...]
    surprises: tuple[float, ...]
    slope: float

    def surprise(self, statistic: float) -> float:
        """Return -log10 of the chance of this statistic, or a higher one, on a clean day."""
        values, surprises = self.values, self.surprises
        if statistic >= values[-1]:
            return surprises[-1] + self.slope * (statistic - values[-1])
        if statistic <= values[0]:
            return surprises[0]
        low, high = 0, len(values) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if values[middle] <= statistic:
                low = middle
            else:
                high = middle
        part = (statistic - values[low]) / (values[high] - values[low])
        return surprises[low] + part * (surprises[high] - surprises[low])


def tail_of(statistics: Iterable[float], top_share: float = 0.01, points: int = 64) -> Tail:
    """Fit a tail to the statistics of clean days.

    Args:
        statistics: of clean days, at least 100.
        top_share: share of them whose excesses set the exponential, 0 to 1.
        points: of the table below it, at least 2.

    Raises:
        CalibrationError: too few statistics, one is not finite, or all are the same.
    """
    ordered = sorted(statistics)
    size = len(ordered)
    if size < VALUES_MIN:
        raise CalibrationError(f"{size} clean days cannot calibrate; give at least {VALUES_MIN}")
    if not all(map(isfinite, ordered)):
        raise CalibrationError("a statistic of clean history is not a finite number")
    if ordered[0] == ordered[-1]:
        raise CalibrationError("all statistics of clean history are the same")
    top = min(size - 1, max(1, size - max(10, floor(size * top_share))))
    base = ordered[top]
    excesses = [value - base for value in ordered[top:] if value > base]
    scale = sum(excesses) / len(excesses) if excesses else base - ordered[0]
    table: dict[float, float] = {ordered[0]: 0.0}
    for point in range(1, points):
        # Equal steps of surprise: the tail matters, the middle hardly.
        place = size - max(size - top, round(size * (1.0 - top / size) ** (point / (points - 1))))
        value = ordered[place]
        reached = size - _first_at(ordered, value)
        table[value] = -log10(reached / size)
    values = tuple(sorted(table))
    return Tail(values, tuple(table[value] for value in values), 1.0 / (scale * _LN_10))


def _first_at(ordered: Sequence[float], value: float) -> int:
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def combined(surprises: Iterable[float]) -> float:
    """Return the evidence of several detectors of one cell and day: the greatest surprise.

    Detectors of one series hardly ever err independently, so nothing is added up; what the choice
    of the greatest costs is paid by the threshold, which is set on combined evidence.
    """
    return max(surprises, default=0.0)


def alerts_of(series: Sequence[float], threshold: float, quiet_days: int) -> list[int]:
    """Return the days on which alerts begin: above `threshold`, none in `quiet_days` before."""
    begun: list[int] = []
    last = -inf
    for day, value in enumerate(series):
        if value > threshold:
            if day - last > quiet_days:
                begun.append(day)
            last = day
    return begun


def threshold_for(
    cells: Sequence[Sequence[float]], alerts_per_month: float, quiet_days: int = 7
) -> float:
    """Return the least threshold at which a county's clean history keeps the promise.

    Args:
        cells: evidence of each cell of the county, all over the same clean days.
        alerts_per_month: alerts that chance may raise in the whole county, above 0.
        quiet_days: as `alerts_of`, 0 or more.

    Raises:
        CalibrationError: the history is so short that it would be promised less than one alert.
    """
    days = max(map(len, cells), default=0)
    allowed = floor(alerts_per_month * days / DAYS_PER_MONTH)
    if allowed < 1:
        raise CalibrationError(
            f"{days} clean days are too few for {alerts_per_month} alerts a month; give at least "
            f"{DAYS_PER_MONTH / alerts_per_month:.0f}"
        )
    # Only values within reach of the answer: each alert has a peak, and few alerts are allowed.
    candidates = sorted({value for cell in cells for value in cell})
    low, high = -1, len(candidates) - 1
    while high - low > 1:
        middle = (low + high) // 2
        count = sum(len(alerts_of(cell, candidates[middle], quiet_days)) for cell in cells)
        if count <= allowed:
            high = middle
        else:
            low = middle
    return candidates[high]
