"""Real calls of a county, surges put into its cells: how many are found, and how soon.

Everything is promised one false alert a month in the whole county: thresholds are set on clean
history (`calls_cells.clean_history`), judged by the same code as the real days. A surge is found by
an alarm of its cell between its first day and two days after its last case; the delay is from the
first day to the end of the day of the alarm, so 0 is "by that evening"; a miss counts as all days
it could have been found on. What the same judge said of the cell without the surge does not count:
an alarm there is no finding.

Rules: what is usual comes from the training span, surges lie in the test span; intervals are of a
bootstrap over the ten weeks of the test span, because surges of one week share its real days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.detection.calls_cells import (
    TEST_DAYS,
    TRAINING_DAYS,
    Cells,
    Counts,
    Floats,
    clean_history,
    read_cells,
)
from bench.detection.calls_judges import EarsTogether, Judge, Seasonal
from bench.detection.calls_surges import KS, SPREADS, Surge, oracle, surges_of
from bench.detection.figures import Figure, Interval, Say, bootstrap
from bench.rows import Target, at_least, at_most
from detectors.evidence import DAYS_PER_MONTH, alerts_of, threshold_for

SEED = 911
SURGES, SURGES_QUICK = 500, 20
HISTORIES, HISTORIES_QUICK = 48, 4
ORACLE_HISTORIES = 24
ALERTS_PER_MONTH = 1.0
QUIET_DAYS = 7
AFTER_DAYS = 2
TARGET_K = 5
_FOUND, _DELAY, _F1, _BLOCK = range(4)


@dataclass
class Ready:
    """A judge with its threshold, and what it said of the real test days."""

    judge: Judge
    threshold: float
    statistics: Floats
    evidence: Floats

    @property
    def false_alerts(self) -> float:
        """Alerts a month on the real test days, whatever they were about."""
        begun = (alerts_of(row, self.threshold, QUIET_DAYS) for row in self.evidence.tolist())
        return sum(map(len, begun)) / TEST_DAYS * DAYS_PER_MONTH


def measure(quick: bool, say: Say) -> list[Figure]:
    """Run the comparison."""
    cells = read_cells()
    say(f"{len(cells.names)} cells, {len(cells.surging)} with a mean of .5 a day or more")
    chance = np.random.default_rng(SEED)
    number = HISTORIES_QUICK if quick else HISTORIES
    days = TRAINING_DAYS + TEST_DAYS
    clean = [clean_history(cells, days, chance) for _ in range(number)]
    ours, *peers = [_ready(judge, cells, clean, say) for judge in _judges(cells)]
    figures = [_false_alerts(ours, peers)]
    for spread in SPREADS:
        for k in KS:
            say(f"surges of size {k}, spread {spread}")
            surges = surges_of(cells, k, spread, SURGES_QUICK if quick else SURGES, SEED)
            found = {ready.judge.name: _put_in(ready, cells, surges) for ready in (ours, *peers)}
            ceiling = _ceiling(cells, clean, surges, k, spread)
            figures += _figures(k, spread, found, ceiling)
    return figures


def _judges(cells: Cells) -> tuple[Judge, ...]:
    return Seasonal(cells), EarsTogether(0.5), EarsTogether(1.0)


def _ready(judge: Judge, cells: Cells, clean: Sequence[Counts], say: Say) -> Ready:
    """Set a judge's threshold on clean history, and let it judge the real days."""
    said = []
    for number, counts in enumerate(clean):
        if number % 8 == 0:
            say(f"{judge.name}: clean history {number + 1} of {len(clean)}")
        said.append(judge.statistics(counts))
    if isinstance(judge, Seasonal):
        judge.calibrate(np.concatenate(said[::2], axis=1))
        said = said[1::2]
        statistics = judge.statistics(cells.counts, remember=True)
    else:
        statistics = judge.statistics(cells.counts)
    threshold = threshold_for(_apart([judge.evidence(one) for one in said]), ALERTS_PER_MONTH)
    return Ready(judge, threshold, statistics, judge.evidence(statistics))


def _apart(histories: Sequence[Floats]) -> list[list[float]]:
    """Return each cell's evidence over all histories, with quiet days between two of them."""
    quiet = np.zeros((len(histories[0]), QUIET_DAYS + 1))
    return np.hstack([part for one in histories for part in (one, quiet)]).tolist()  # type: ignore[no-any-return]  # numpy: any depth


def _put_in(ready: Ready, cells: Cells, surges: Sequence[Surge]) -> Floats:
    """Return found, delay, F1 and block of each surge."""
    rows = []
    alarms = ready.evidence > ready.threshold
    for surge in surges:
        counts = cells.counts[surge.cell].copy()
        first = TRAINING_DAYS + surge.begin
        counts[first : first + len(surge.cases)] += surge.cases
        longest = surge.days + AFTER_DAYS
        said = ready.judge.again(
            surge.cell, counts[: first + longest], surge.begin, ready.statistics
        )
        window = slice(surge.begin, surge.begin + longest)
        risen = (said > ready.threshold) & ~alarms[surge.cell, window]
        delay = int(np.argmax(risen)) if risen.any() else None
        f1 = 0.0
        if delay is not None:
            others = int(alarms[:, surge.begin + delay].sum())
            f1 = 2.0 / (2.0 + others)
        rows.append([float(risen.any()), longest if delay is None else delay, f1, surge.block])
    return np.array(rows)


def _ceiling(
    cells: Cells, clean: Sequence[Counts], surges: Sequence[Surge], k: int, spread: int
) -> Floats:
    """Return what the oracle finds, surges put into clean history at the same false alerts."""
    days = TRAINING_DAYS + np.arange(TEST_DAYS)
    mean = cells.mean_of(days)
    tests = [counts[:, TRAINING_DAYS:] for counts in clean[:ORACLE_HISTORIES]]
    said = [oracle(cells, mean, counts, k, spread) for counts in tests]
    threshold = threshold_for(_apart(said), ALERTS_PER_MONTH)
    rows = []
    for number, surge in enumerate(surges):
        counts = tests[number % len(tests)].copy()
        counts[surge.cell, surge.begin : surge.begin + len(surge.cases)] += surge.cases
        one = slice(surge.cell, surge.cell + 1)
        cell = Cells(
            cells.names[one],
            cells.first_day,
            cells.counts[one],
            cells.usual[one],
            cells.dispersion[one],
            cells.surging,
            cells.by_hour,
        )
        again = oracle(cell, mean[one], counts[one], k, spread)[0]
        risen = again[surge.begin : surge.begin + surge.days + AFTER_DAYS] > threshold
        delay = float(np.argmax(risen)) if risen.any() else surge.days + AFTER_DAYS
        rows.append([float(risen.any()), delay, 0.0, surge.block])
    return np.array(rows)


def _figures(k: int, spread: int, found: dict[str, Floats], ceiling: Floats) -> list[Figure]:
    (ours, rows), *_ = found.items()
    days = "in all" if spread == 1 else f"a day for about {spread} days"
    size = f"k = {k} sd {days}"
    targeted = k == TARGET_K
    note = f"{len(rows)} surges, {size}; oracle: knows mean, size and course, on clean history"
    everyone = {**found, "oracle": ceiling}
    figures = [
        _figure(f"found, {size}", "more", everyone, _share, at_least(0.95), note, targeted),
        _figure(f"median delay, {size}", "less", everyone, _median, at_most(2.5), note, targeted),
        _figure(f"mean delay, {size}", "less", everyone, _mean, None, note, targeted),
    ]
    if not all(of[:, _FOUND].any() for of in found.values()):
        return figures  # nothing was found that could be in the right place
    peers = {name: bootstrap(of, _f1, blocks=of[:, _BLOCK]) for name, of in found.items()}
    mine = peers.pop(ours)
    figures.append(Figure(f"localisation F1, {size}", "", "more", mine, peers, None, None, note))
    return figures


def _figure(
    name: str,
    better: str,
    found: dict[str, Floats],
    of: Callable[[Floats], float],
    target: Target | None,
    note: str,
    targeted: bool,
) -> Figure:
    said = {who: bootstrap(rows, of, blocks=rows[:, _BLOCK]) for who, rows in found.items()}
    (ours, rows), *rest = found.items()
    sign = 1.0 if better == "more" else -1.0
    peers = [who for who, _ in rest if who != "oracle"]
    best = max(peers, key=lambda who: sign * said[who].value)
    width = rows.shape[1]
    gain = bootstrap(
        np.hstack([rows, found[best]]),
        lambda both: sign * (of(both[:, :width]) - of(both[:, width:])),
        blocks=rows[:, _BLOCK],
    )
    unit = "days" if better == "less" else ""
    mine = said.pop(ours)
    return Figure(name, unit, better, mine, said, gain, target if targeted else None, note)


def _share(rows: Floats) -> float:
    return float(rows[:, _FOUND].mean())


def _median(rows: Floats) -> float:
    return float(np.median(rows[:, _DELAY]))


def _mean(rows: Floats) -> float:
    return float(rows[:, _DELAY].mean())


def _f1(rows: Floats) -> float:
    found = rows[rows[:, _FOUND] > 0]
    return float(found[:, _F1].mean()) if len(found) else float("nan")


def _false_alerts(ours: Ready, peers: Sequence[Ready]) -> Figure:
    said = {
        ready.judge.name: Interval(ready.false_alerts, ready.false_alerts, ready.false_alerts)
        for ready in (ours, *peers)
    }
    mine = said.pop(ours.judge.name)
    note = (
        f"alerts a month on the {TEST_DAYS} real test days, where a storm or a cluster is as real "
        f"as any; clean history raises {ALERTS_PER_MONTH:g} by calibration"
    )
    return Figure("alerts on real days", "a month", "less", mine, said, None, None, note)
