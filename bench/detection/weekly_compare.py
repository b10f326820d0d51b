"""The weekly comparison: who finds more of the outbreaks, and sooner, at the same false alarms.

For each false-positive rate a method has one threshold for all 42 kinds of series, set on the
tuning replicates so that this share of weeks without an outbreak alarms. Settings of peers, and the
peer to beat, are the best on the tuning replicates, for each rate, size k and measure anew. Then
the test replicates are judged, once.

Rules: POD is the share of outbreaks with an alarm between first and last case. Timeliness is (first
alarm - first week) / (weeks of the outbreak), 1 for a miss. False-positive rates are of weeks
outside the outbreak, up to 26 after it began (then it may enter Farrington's baseline, which is
fitted without it). glrnb and ours start anew after an alarm; alarms are put together from
charts that never alarm. Intervals are by bootstrap of the series, scenario and replicate together,
those of differences paired.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.detection.figures import RESAMPLES, Figure, Interval
from bench.detection.weekly_series import BASELINE, CURRENT, KS, Series

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Alarms = Callable[[float], Flags]
"""The alarms, 10 (k) x n x 49, at a threshold."""

RATES = (0.005, 0.01, 0.02)
MEASURES = ("POD", "timeliness")
OURS = "weekly_surge"
CEILING = "weekly_surge with the true mean"
JUDGED_WEEKS = 26
_STEPS = 40
_GLR_MS = (0, 1, 2, 4, 6)


@dataclass(frozen=True, slots=True)
class Span:
    """The replicates of a span, and what every method says of them.

    `said` is 10 x n x 49 by method, for ours 2 x 10 x n x 49: without last week, and with it.
    """

    series: Series
    said: Mapping[str, Floats]

    def outbreaks(self) -> Flags:
        """Return 10 x n x 49: which weeks are of the outbreak."""
        return np.array([self.series.outbreak(k) for k in KS])

    def quiet(self, outbreaks: Flags) -> Flags:
        """Return 10 x n x 49: which weeks are judged and have no outbreak."""
        week = BASELINE + np.arange(CURRENT)
        return ~outbreaks & (week <= self.series.start[:, None] + JUDGED_WEEKS)


def options(span: Span) -> dict[str, dict[str, Alarms]]:
    """Return the methods and their settings; a setting gives the alarms at a threshold."""
    said = span.said
    made: dict[str, dict[str, Alarms]] = {OURS: {"": reset_chart(said[OURS])}}
    made[CEILING] = {"": reset_chart(said[CEILING])}
    for method in ("earsC", "farringtonFlexible", "cusum"):
        names = [name for name in said if name.startswith(method)]
        made[method] = {name.removeprefix(method).strip(): above(said[name]) for name in names}
    windows = np.array([said[f"glrnb M {window}"] for window in range(max(_GLR_MS) + 1)])
    made["glrnb"] = {f"M {m}": reset_chart(windows[: m + 1]) for m in _GLR_MS}
    return made


def above(statistics: Floats) -> Alarms:
    """Return the alarms of a statistic that knows nothing of its threshold."""
    return lambda threshold: statistics > threshold


def reset_chart(windows: Floats) -> Alarms:
    """Return the alarms of a GLR chart that begins anew after each.

    Args:
        windows: statistics by window (the week and 0, 1, ... more), then 10 x n x 49.
    """

    def alarms(threshold: float) -> Flags:
        found = np.zeros(windows.shape[1:], dtype=bool)
        since = np.zeros(windows[0, ..., 0].shape, dtype=np.int64)
        for week in range(len(windows[0, 0, 0])):
            at = np.minimum(since, len(windows) - 1)
            said = np.take_along_axis(windows[..., week], at[None], axis=0)[0]
            found[..., week] = said >= threshold
            since = np.where(found[..., week], 0, since + 1)
        return found

    return alarms


def calibrated(alarms: Alarms, quiet: Flags, rate: float) -> float:
    """Return the least threshold, to a millionth of its range, at which `rate` is not exceeded."""
    low, high = 0.0, 400.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if alarms(middle)[quiet].mean() <= rate else (middle, high)
    return high


def judged(alarms: Flags, outbreaks: Flags) -> dict[str, Floats]:
    """Return for each measure 10 x n: found or not; timeliness."""
    hits = alarms & outbreaks
    found = hits.any(axis=-1)
    late = hits.argmax(axis=-1) - outbreaks.argmax(axis=-1)
    timeliness = np.where(found, late / outbreaks.sum(axis=-1), 1.0)
    return {"POD": found.astype(float), "timeliness": timeliness}


def interval(values: Floats, seed: int) -> Interval:
    """Return the mean of n values, one a series, and the middle 95 % when series are drawn anew."""
    picks = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high))


def compare(tuning: Span, test: Span, seed: int) -> list[Figure]:
    """Tune on one span, judge the other: a figure for each rate, measure and size."""
    figures: list[Figure] = []
    tuning_outbreaks, test_outbreaks = tuning.outbreaks(), test.outbreaks()
    quiet, test_quiet = tuning.quiet(tuning_outbreaks), test.quiet(test_outbreaks)
    tuning_options, test_options = options(tuning), options(test)
    for rate in RATES:
        tried: list[Tried] = []
        for method, settings in tuning_options.items():
            for setting, alarms in settings.items():
                threshold = calibrated(alarms, quiet, rate)
                raised = test_options[method][setting](threshold)
                tuned = judged(alarms(threshold), tuning_outbreaks)
                tested = judged(raised, test_outbreaks)
                tried.append(
                    Tried(method, setting, tuned, tested, float(raised[test_quiet].mean()))
                )
        figures += [_figure(tried, rate, measure, k, seed) for measure in MEASURES for k in KS]
    return figures


@dataclass(frozen=True, slots=True)
class Tried:
    """One setting of one method at one rate: what it found in either span, and its false alarms."""

    method: str
    setting: str
    tuned: Mapping[str, Floats]
    tested: Mapping[str, Floats]
    rate: float


def _figure(tried: list[Tried], rate: float, measure: str, k: int, seed: int) -> Figure:
    place, sign = KS.index(k), 1.0 if measure == "POD" else -1.0

    def on_tuning(one: Tried) -> float:
        return sign * float(one.tuned[measure][place].mean())

    methods = dict.fromkeys(one.method for one in tried)
    best = {m: max((one for one in tried if one.method == m), key=on_tuning) for m in methods}
    ours = best.pop(OURS)
    peer = max((one for one in best.values() if one.method != CEILING), key=on_tuning)
    gains = sign * (ours.tested[measure][place] - peer.tested[measure][place])
    return Figure(
        name=f"{measure}, k = {k}, {rate:.1%} of weeks",
        unit="",
        better="more" if measure == "POD" else "less",
        ours=interval(ours.tested[measure][place], seed),
        peers={
            f"{one.method} {one.setting}".strip(): interval(one.tested[measure][place], seed)
            for one in best.values()
        },
        gain=interval(gains, seed),
        note=f"against {peer.method} {peer.setting}".strip()
        + "; false alarms in the test span: "
        + ", ".join(f"{one.method} {one.rate:.2%}" for one in (ours, *best.values())),
    )
