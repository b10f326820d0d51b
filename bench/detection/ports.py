"""The ports beside R `surveillance`: the same bounds and alarms on R's own data sets.

`python -m bench.detection --only ports` runs R and compares; `python -m bench.detection.ports
--refresh` writes R's answers to tests/golden/r-surveillance, where the tests find them, so that
they need no R. R's own rounding is not ours to repeat: figures are compared within a bound.

Rules: R decides the settings (`r/ports.R`); here they are only read. EARS C3: R's code has today's
count in the place of the mean of the baseline, the product has the mean, as R's manual says; R's
figure is put together from the product's C2 and C3 (`detectors.ears`). `cusum` of R is not in the
product (`nb_cusum` and `nb_glr` are), and its port is here.
"""

import argparse
import csv
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import inf, log, sqrt
from pathlib import Path

from bench.detection.figures import Figure, Interval, Say
from bench.detection.weekly_peers import run_r
from bench.rows import at_most
from detectors.base import AreaScore, Past
from detectors.ears import Ears, Method
from detectors.farrington import Farrington
from detectors.glr import Day, glr, likelihood_ratio

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "r-surveillance"
_SCRIPT = Path(__file__).parent / "r" / "ports.R"
_R_S_MAX = 900
_EARS_DAYS = 11
_FAR = 10**6

Row = Mapping[str, str]
Series = Mapping[str, Sequence[tuple[str, int]]]
"""By name: day (a date, or a number where R has none) and count."""
Gap = tuple[float, bool]
"""How far our figure is from R's, and whether R's alarm is ours."""


def measure(quick: bool, say: Say) -> list[Figure]:
    """Compare with R, run now (quick: with what it said when it was last asked)."""
    if quick:
        return compared(GOLDEN)
    with tempfile.TemporaryDirectory(prefix="forewarn-ports-") as folder:
        say("R runs its detectors on its data sets")
        run_r(_SCRIPT, [folder], _R_S_MAX)
        return compared(Path(folder))


def compared(folder: Path) -> list[Figure]:
    """Return the greatest difference from R's answers in a folder, and how many alarms differ."""
    series: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in _rows(folder / "series.csv"):
        series[row["series"]].append((row["day"], int(row["count"])))
    versions = " ".join((folder / "versions.txt").read_text(encoding="utf-8").split("\n")).strip()
    return [
        figure
        for name, gaps, bound in (
            ("EARS C1 to C3, bounds", _ears_gaps, 1e-9),
            ("Farrington flexible, mean, dispersion and bound", _farrington_gaps, 1e-6),
            ("glrnb, statistics", _glr_gaps, 1e-6),
            ("cusum, statistics", _cusum_gaps, 1e-6),
        )
        for figure in _figures(name, list(gaps(folder, series)), bound, versions)
    ]


def _figures(name: str, gaps: Sequence[Gap], bound: float, versions: str) -> Iterator[Figure]:
    worst = max((gap for gap, _ in gaps), default=inf)
    wrong = float(sum(not same for _, same in gaps))
    note = f"{len(gaps):,} figures of {versions}"
    for title, value, most in (
        (f"{name}: greatest difference", worst, bound),
        (f"{name}: alarms that differ", wrong, 0.0),
    ):
        target = at_most(most)
        yield Figure(title, "", "less", Interval(value, value, value), target=target, note=note)


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _relative(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / max(1.0, abs(theirs))


def _ears_gaps(folder: Path, series: Series) -> Iterator[Gap]:
    for row in _rows(folder / "ears.csv"):
        place = int(row["place"])
        counts = [count for _, count in series[row["series"]][: place + 1]]
        bound = ears_bound(row["method"], counts[-_EARS_DAYS - 1 : -1], counts[-1])
        theirs = float(row["bound"])
        yield abs(bound - theirs), (counts[-1] > bound) == (row["alarm"] == "1")


def ears_bound(method: str, before: Sequence[int], count: int) -> float:
    """Return the bound of `earsC` (minSigma 0.5, its own alpha) for a day after these counts."""
    alpha = 0.025 if method == "C3" else 0.001
    plain = Ears(Method.C1 if method == "C1" else Method.C2, alpha, min_sigma=0.5)
    far = _said(plain, before, _FAR)
    sigma = (_FAR - far.expected) / far.statistic
    if method != "C3":
        return far.expected + sigma * far.threshold
    c3 = Ears(Method.C3, alpha, min_sigma=0.5)
    carried = _said(c3, before, _FAR).statistic - far.statistic
    return max(0.0, count + sigma * (far.threshold - carried))


def _said(detector: Ears, before: Sequence[int], count: int) -> AreaScore:
    score = detector.score_one([], Past(0, before), count)
    if score is None:
        raise ValueError(f"{detector.name} says nothing after {len(before)} days")
    return score


def _farrington_gaps(folder: Path, series: Series) -> Iterator[Gap]:
    for row in _rows(folder / "farrington.csv"):
        days = series[row["series"]]
        place = int(row["place"])
        dated = "-" in days[0][0]
        detector = Farrington(float(row["alpha"]), cases_min=int(row["cases_min"]), calendar=dated)
        memory = detector.start()
        learned = [float(count) for _, count in days[:place]][-len(memory) :]
        memory[len(memory) - len(learned) :] = learned
        day = date.fromisoformat(days[place][0]).toordinal() if dated else 7 * place
        bound = detector.bound(memory, day)
        if bound is None:
            yield inf, row["alarm"] == "0"
            continue
        score = detector.score_one(memory, Past(day, ()), days[place][1])
        gaps = [_relative(bound.mean, float(row["mean"])), _relative(bound.phi, float(row["phi"]))]
        if row["bound"]:  # R gives none while there are too few cases
            gaps.append(abs(bound.upper - float(row["bound"])))
        yield max(gaps), (score is not None and score.alarm) == (row["alarm"] == "1")


def _charts(rows: Iterable[Row], by: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield each chart of a file with its rows, in order."""
    charts: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        charts[row["series"], row[by]].append(row)
    for (_, chart), mine in charts.items():
        yield chart, mine


def _glr_gaps(folder: Path, series: Series) -> Iterator[Gap]:
    for chart, rows in _charts(_rows(folder / "glr.csv"), "chart"):
        kind, _, at = chart.rpartition(" at ")
        window = int(kind.split(" M ")[1]) + 1 if " M " in kind else None
        rise = float(kind.removeprefix("rise ")) if kind.startswith("rise") else None
        days: list[Day] = []
        evidence = 0.0
        for row in rows:
            count = series[row["series"]][int(row["place"])][1]
            day = Day(float(count), float(row["mean"]), float(row["dispersion"]))
            if rise is None:
                days = [*days, day] if window is None else [*days, day][-window:]
                evidence = glr(days)
                alarm = evidence >= float(at)
            else:
                evidence = max(0.0, evidence + likelihood_ratio([day], log(rise)))
                alarm = evidence > float(at)
            yield _relative(evidence, float(row["statistic"])), alarm == (row["alarm"] == "1")
            if alarm:
                days, evidence = [], 0.0


def _rossi(count: float, mean: float) -> float:
    return (count - 3.0 * mean + 2.0 * sqrt(count * mean)) / (2.0 * sqrt(mean))


_STANDARDISED: dict[str, Callable[[float, float], float]] = {
    "standard": lambda count, mean: (count - mean) / sqrt(mean),
    "rossi": _rossi,
    "anscombe": lambda count, mean: 1.5 * (count ** (2 / 3) - mean ** (2 / 3)) / mean ** (1 / 6),
    "pearsonNegBin": lambda count, mean: (count - mean) / sqrt(mean + 0.1 * mean * mean),
}
"""How `cusum` makes counts comparable; of the last one, R was given alpha 0.1."""


def _cusum_gaps(folder: Path, series: Series) -> Iterator[Gap]:
    for chart, rows in _charts(_rows(folder / "cusum.csv"), "trans"):
        total = 0.0
        for row in rows:
            count = series[row["series"]][int(row["place"])][1]
            total = max(0.0, total + _STANDARDISED[chart](count, float(row["mean"])) - 1.04)
            same = (total >= 2.26) == (row["alarm"] == "1")
            yield _relative(total, float(row["statistic"])), same


def main(arguments: list[str] | None = None) -> int:
    """Ask R and keep its answers for the tests."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection.ports")
    parser.add_argument("--refresh", action="store_true", required=True, help="ask R anew")
    parser.parse_args(arguments)
    run_r(_SCRIPT, [str(GOLDEN)], _R_S_MAX)
    return 0


if __name__ == "__main__":
    sys.exit(main())
