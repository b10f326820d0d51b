"""Daily counts with weekend zeros: the seasonal detector beside its peers, at specificity .98.

Each peer's threshold is set for every kind of service on the even replicates (98 % of their days
without an outbreak's case are at or below it); everything is reported on the odd ones, whose chance
it never saw. Peers' own settings were chosen on the tuning span, and so were the detector's.

Rules: POD is the share of outbreaks with an alarm on a day that has a case; timeliness is how much
of the outbreak had passed by then, (first alarm - start) / (end - start + 1), and 1 for a miss;
sensitivity is the share of days with an outbreak's case that alarm. The oracle knows the true mean
and dispersion: no detector that has to learn them can be expected above it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray

from bench.detection.daily_peers import ears, glr, weekday_ewma
from bench.detection.daily_series import (
    FIRST_DAY,
    JUDGED,
    JUDGED_FROM,
    KINDS,
    DailySeries,
    Floats,
    simulate,
)
from bench.detection.figures import Figure, Interval, Say, bootstrap
from bench.rows import Target, at_least, at_most
from detectors.base import Past
from detectors.ears import Method
from detectors.fading_sums import LENGTH, add, statistic
from detectors.holidays import NO_HOLIDAYS, Holidays
from detectors.seasonal_gamma_poisson import SeasonalGammaPoisson

SEED = 6
REPLICATES, REPLICATES_QUICK = 60, 4
SPECIFICITY = 0.98
POD_MIN, TIMELINESS_MAX, SENSITIVITY_MIN = 0.985, 0.073, 0.76
UPDATE_US_MAX = 5.0
OURS = "seasonal_gamma_poisson"
ORACLE = "oracle (true mean)"
_TIMED_DAYS = 20_000

# Columns of what is counted for a test series.
_FALSE, _CLEAN, _HITS, _DAYS, _FOUND, _PASSED, _OUTBREAKS = range(7)


@dataclass(frozen=True, slots=True)
class Said:
    """Who says it, and what of every judged day, n x 343."""

    name: str
    statistics: Floats


def measure(quick: bool, say: Say) -> list[Figure]:
    """Run the comparison."""
    series = simulate(SEED, "test", REPLICATES_QUICK if quick else REPLICATES)
    say(f"{len(series.counts)} series simulated")
    ours = Said(OURS, ours_on(series, Holidays(series.holidays), say))
    others: tuple[tuple[str, Callable[[], Floats]], ...] = (
        ("EARS C1", lambda: ears(series, Method.C1)),
        ("EARS C2", lambda: ears(series, Method.C2)),
        ("EARS C3", lambda: ears(series, Method.C3)),
        ("weekday EWMA", lambda: weekday_ewma(series, 0.4)),
        ("GLR, 14 days", lambda: glr(series, calendar=False)),
        ("GLR given the calendar", lambda: glr(series, calendar=True)),
        (f"{OURS} without the calendar", lambda: ours_on(series, NO_HOLIDAYS, say)),
        (ORACLE, lambda: oracle(series)),
    )
    peers = []
    for name, run in others:
        say(name)
        peers.append(Said(name, run()))
    return [*_figures(series, ours, peers), *_cost(series)]


def ours_on(series: DailySeries, holidays: Holidays, say: Say) -> Floats:
    """Return the detector's statistic of every judged day; it learns from the first day on."""
    detector = SeasonalGammaPoisson(0.01, holidays)
    said = np.zeros((len(series.counts), JUDGED))
    for row, counts in enumerate(series.counts.tolist()):
        if row % 100 == 0:
            say(f"{OURS}: series {row} of {len(series.counts)}")
        memory = detector.start()
        for day, count in enumerate(counts):
            past = Past(FIRST_DAY + day, ())
            if day >= JUDGED_FROM:
                score = detector.score_one(memory, past, count)
                said[row, day - JUDGED_FROM] = score.statistic if score else 0.0
            memory = detector.learn_one(memory, past, count)
    return said


def oracle(series: DailySeries) -> Floats:
    """Return the detector's statistic with the true mean and dispersion in place of its own."""
    weights = SeasonalGammaPoisson(0.01).weights
    said = np.zeros((len(series.counts), JUDGED))
    for row, (counts, mean) in enumerate(zip(series.counts, series.mean, strict=True)):
        sums, dispersion = [0.0] * LENGTH, float(series.dispersion[row])
        for day in range(JUDGED_FROM - 60, JUDGED_FROM + JUDGED):
            usual, count = float(mean[day]), int(counts[day])
            if usual == 0:
                continue
            excess = count - usual
            if day >= JUDGED_FROM and count:
                said[row, day - JUDGED_FROM] = statistic(
                    sums,
                    0,
                    weights,
                    excess=excess,
                    usual=usual,
                    dispersion=dispersion,
                    doubt=0.0,
                )
            most = 8.0 * (dispersion * usual) ** 0.5
            add(sums, 0, weights, min(excess, most), usual)
    return said


def judged(series: DailySeries, statistics: Floats) -> Floats:
    """Return what is counted for every test series (odd replicates), one row each."""
    cases = series.cases[:, JUDGED_FROM:] > 0
    rows = []
    for kind in range(len(KINDS)):
        first = kind * series.replicates
        tuning = slice(first, first + series.replicates, 2)
        threshold = np.quantile(statistics[tuning][~cases[tuning]], SPECIFICITY)
        tests = range(first + 1, first + series.replicates, 2)
        rows += [_counted(statistics[row] > threshold, cases[row]) for row in tests]
    return np.array(rows)


def _counted(alarms: NDArray[np.bool_], cases: NDArray[np.bool_]) -> list[float]:
    days, hits = np.flatnonzero(cases), np.flatnonzero(cases & alarms)
    passed = 0.0
    if len(days):
        length = days[-1] - days[0] + 1
        passed = float((hits[0] - days[0]) / length) if len(hits) else 1.0
    found, outbreaks = float(len(hits) > 0), float(len(days) > 0)
    false, clean = float((alarms & ~cases).sum()), float((~cases).sum())
    return [false, clean, float(len(hits)), float(len(days)), found, passed, outbreaks]


def _ratio(above: int, below: int, *, one_minus: bool = False) -> Callable[[Floats], float]:
    def of(rows: Floats) -> float:
        share = float(rows[:, above].sum() / rows[:, below].sum())
        return 1.0 - share if one_minus else share

    return of


def _figures(series: DailySeries, ours: Said, peers: list[Said]) -> list[Figure]:
    counted = {one.name: judged(series, one.statistics) for one in (ours, *peers)}
    rows: tuple[tuple[str, str, Target | None, Callable[[Floats], float]], ...] = (
        ("POD", "more", at_least(POD_MIN), _ratio(_FOUND, _OUTBREAKS)),
        ("timeliness", "less", at_most(TIMELINESS_MAX), _ratio(_PASSED, _OUTBREAKS)),
        ("sensitivity", "more", at_least(SENSITIVITY_MIN), _ratio(_HITS, _DAYS)),
        ("specificity reached", "more", None, _ratio(_FALSE, _CLEAN, one_minus=True)),
    )
    return [_figure(name, better, target, of, counted) for name, better, target, of in rows]


def _figure(
    name: str,
    better: str,
    target: Target | None,
    of: Callable[[Floats], float],
    counted: dict[str, Floats],
) -> Figure:
    ours = counted[OURS]
    peers = {peer: bootstrap(rows, of) for peer, rows in counted.items() if peer != OURS}
    rivals = [peer for peer in peers if peer != ORACLE and not peer.startswith(OURS)]
    sign = 1.0 if better == "more" else -1.0
    best = max(rivals, key=lambda peer: sign * peers[peer].value)
    both = np.hstack([ours, counted[best]])
    width = ours.shape[1]
    gain: Interval | None = None
    if target is not None:
        gain = bootstrap(both, lambda rows: sign * (of(rows[:, :width]) - of(rows[:, width:])))
    outbreaks = int(ours[:, _OUTBREAKS].sum())
    note = (
        f"{len(ours)} test series, {outbreaks} outbreaks, threshold at specificity {SPECIFICITY} "
        f"on as many others; best peer: {best}; the oracle's figure is the ceiling of this method"
    )
    return Figure(name, "", better, bootstrap(ours, of), peers, gain, target, note)


def _cost(series: DailySeries) -> list[Figure]:
    """Time a day's update and a day's judgement of one series."""
    detector = SeasonalGammaPoisson(0.01, Holidays(series.holidays))
    counts = series.counts[len(series.counts) // 2].tolist()
    memory = detector.start()
    for day, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(FIRST_DAY + day, ()), count)
    days = [Past(FIRST_DAY + len(counts) + day, ()) for day in range(_TIMED_DAYS)]

    def update() -> float:
        after, began = memory, process_time()
        for past in days:
            after = detector.learn_one(after, past, counts[past.day % len(counts)])
        return (process_time() - began) / _TIMED_DAYS * 1e6

    def judge() -> float:
        began = process_time()
        for past in days:
            detector.score_one(memory, past, counts[past.day % len(counts)])
        return (process_time() - began) / _TIMED_DAYS * 1e6

    note = f"one series, {_TIMED_DAYS:,} days, five runs; of the process's own time"
    return [
        Figure("update of a day", "µs", "less", _timed(update), {}, None, at_most(5.0), note),
        Figure("judgement of a day", "µs", "less", _timed(judge), {}, None, None, note),
    ]


def _timed(run: Callable[[], float]) -> Interval:
    times = sorted(run() for _ in range(5))
    return Interval(times[2], times[0], times[-1])
