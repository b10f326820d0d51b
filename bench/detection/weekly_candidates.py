"""The detectors of ours in the weekly comparison, week by week as they run live, and a ceiling.

Rules: the detectors are those of the product, fed one week at a time. `known mean` is the same
evidence with the true mean and dispersion in the place of the learned: nothing that learns can be
expected to do better with this evidence.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.detection.weekly_series import (
    BASELINE,
    CURRENT,
    FIRST_WEEK,
    KS,
    SCENARIOS,
    WEEKS,
    YEAR,
    Series,
)
from detectors.base import Memory, Past
from detectors.farrington import Farrington
from detectors.gamma_poisson import Predicted, log_tail
from detectors.weekly_surge import (
    NO_LAST_WEEK,
    UsualWeek,
    WeeklySurge,
    evidence,
    last_week,
)

Floats = NDArray[np.float64]

_DAYS = 7
_NEVER = 1e-300
_LN_10 = float(np.log(10.0))


def surge(series: Series) -> Floats:
    """Return the evidence of `WeeklySurge`, 2 x 10 (k) x n x 49.

    First of the week alone (as after an alarm), then with last week; the detector here never
    alarms, and is put together from the two as `glrnb` is.
    """
    detector = WeeklySurge(_NEVER, year_days=float(_DAYS * YEAR))
    found = np.zeros((2, len(KS), len(series.quiet), CURRENT))
    for number, quiet in enumerate(series.quiet.tolist()):
        learned = detector.start()
        for week in range(BASELINE):
            learned = detector.learn_one(learned, _past(week), quiet[week])
        for place, k in enumerate(KS):
            counts = _with(series, number, k)
            found[:, place, number] = np.transpose(_monitored(detector, learned, counts))
    return found


def _monitored(
    detector: WeeklySurge, memory: Memory, counts: list[int]
) -> list[tuple[float, float]]:
    said = []
    for week in range(BASELINE, WEEKS):
        past, count = _past(week), counts[week]
        usual = detector.usual(memory, past)
        if usual is not None:
            said.append(_both(usual, detector.last(memory, past, usual), count))
        memory = detector.learn_one(memory, past, count)
    return said


def _both(usual: UsualWeek, last: tuple[float, ...], count: int) -> tuple[float, float]:
    """Return the evidence without last week and with it; a week without a case has none."""
    if count == 0:
        return 0.0, 0.0
    return evidence(usual, NO_LAST_WEEK, count), evidence(usual, last, count)


def known_mean(series: Series) -> Floats:
    """Return the same evidence with mean and dispersion known, 2 x 10 x n x 49."""
    replicates = len(series.quiet) // len(SCENARIOS)
    found = np.zeros((2, len(KS), len(series.quiet), CURRENT))
    for number in range(len(series.quiet)):
        scenario = SCENARIOS[number // replicates]
        excess = max(scenario.phi - 1.0, 1e-4)
        usual = [
            UsualWeek(mean, excess, (scenario.phi * mean) ** 0.5)
            for mean in scenario.mean().tolist()
        ]
        for place, k in enumerate(KS):
            counts = _with(series, number, k)
            for week in range(BASELINE, WEEKS):
                before = float(counts[week - 1])
                last = last_week(usual[week], usual[week - 1].mean, excess, before)
                found[:, place, number, week - BASELINE] = _both(usual[week], last, counts[week])
    return found


def farrington(series: Series) -> Floats:
    """Return -log10 P(X >= count) by the port of farringtonFlexible, 10 x n x 49.

    Fitted to the series without the current outbreak, which is what it would see up to 26 weeks
    after that one began.
    """
    detector = Farrington(0.01, cases_min=0, calendar=False)
    found = np.zeros((len(KS), len(series.quiet), CURRENT))
    outbreaks = [series.with_outbreak(k) for k in KS]
    for number, quiet in enumerate(series.quiet.tolist()):
        memory = detector.start()
        for week in range(WEEKS):
            bound = detector.bound(memory, _DAYS * week) if week >= BASELINE else None
            if bound is not None:
                said = _surprise(bound.mean, bound.phi)
                for place, counts in enumerate(outbreaks):
                    found[place, number, week - BASELINE] = said(int(counts[number, week]))
            memory = detector.learn_one(memory, _past(week), quiet[week])
    return found


def _surprise(mean: float, phi: float) -> Callable[[int], float]:
    predicted = Predicted(mean, mean / max(phi - 1.0, 1e-6))
    said: dict[int, float] = {}

    def of(count: int) -> float:
        if count not in said:
            said[count] = -log_tail(predicted, count)[0] / _LN_10
        return said[count]

    return of


def _past(week: int) -> Past:
    return Past(_DAYS * (FIRST_WEEK + week), ())


def _with(series: Series, number: int, k: int) -> list[int]:
    counts = series.quiet[number].copy()
    start = int(series.start[number])
    extra = series.extra[number, k - 1]
    counts[start : start + len(extra)] += extra
    made: list[int] = counts.tolist()
    return made
