"""The weekly comparison with R `surveillance`: 42 kinds of series, ten sizes of outbreak.

Rules: the peers are R's own (`r/weekly.R`), on the same series. `farringtonFlexible` takes R longer
than all else together, so most of its figures come from the port `detectors.farrington`; on one
replicate of each span R is asked too, and a difference ends the run. What R and the port answered
is kept in results/weekly-peers, so that a run that was broken off goes on where it was.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.detection.figures import Figure, Interval, Say
from bench.detection.weekly_candidates import farrington, known_mean, surge
from bench.detection.weekly_compare import CEILING, MEASURES, OURS, RATES, Span, compare
from bench.detection.weekly_peers import STATISTICS, answered_once, ask_r
from bench.detection.weekly_series import CURRENT, KS, SCENARIOS, Series, simulate
from bench.rows import at_least

Floats = NDArray[np.float64]

SEED = 2013
REPLICATES = {"tuning": 10, "test": 20}
REPLICATES_QUICK = {"tuning": 1, "test": 1}
_PROCESSES = 2
_DIFFERENCE_MAX = 1e-4
"""Of -log10 P: R's answers come as 4-byte floats."""
_CERTAIN = 10.0
"""-log10 P above it is above every threshold. In a season that never had a case the mean has no
estimate: it is as small as rounding has it when the iteration stops, in R and in the port."""
_ROOT = Path(__file__).parents[2]
_KEPT = _ROOT / "results" / "weekly-peers"
_PORT = "farringtonFlexible"


class PortDiffersError(AssertionError):
    """The port of farringtonFlexible says something else than R on the same series."""


def measure(quick: bool, say: Say) -> list[Figure]:
    """Run the comparison: 42 x 10 replicates to tune on, 42 x 20 to judge (quick: one each)."""
    replicates = REPLICATES_QUICK if quick else REPLICATES
    jobs = [(span, number) for span, count in replicates.items() for number in range(count)]
    answers: dict[tuple[str, int], dict[str, Floats]] = {}
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        for job, said in zip(jobs, pool.map(_answers, *zip(*jobs, strict=True)), strict=True):
            answers[job] = said
            say(f"{len(answers)} of {len(jobs)} replicates of {len(SCENARIOS)} series answered")
    spans = {}
    for span, count in replicates.items():
        joined = _joined([answers[span, number] for number in range(count)])
        spans[span] = Span(simulate(SEED, span, range(count)), joined)
    figures = compare(spans["tuning"], spans["test"], SEED)
    return [*_verdicts(figures), *figures]


def _answers(span: str, number: int) -> dict[str, Floats]:
    """Return what every method says of one replicate of all scenarios."""
    series = simulate(SEED, span, range(number, number + 1))
    asked = number == 0
    from_r = ask_r(series, _KEPT, farrington=asked).astype(float)
    said = dict(zip(STATISTICS, from_r, strict=True))
    port = _port(series)
    if asked and _differ(said[_PORT], port):
        raise PortDiffersError(f"R and the port differ on replicate {number} of the {span} span")
    return {**said, _PORT: port, OURS: surge(series), CEILING: known_mean(series)}


def _differ(ours: Floats, theirs: Floats) -> bool:
    gap = np.abs(np.minimum(ours, _CERTAIN) - np.minimum(theirs, _CERTAIN)).max()
    return float(gap) > _DIFFERENCE_MAX


def _port(series: Series) -> Floats:
    files = ("farrington.py", "gamma_poisson.py")
    code = b"".join((_ROOT / "detectors" / name).read_bytes() for name in files)
    kept = answered_once(series, _KEPT, code, lambda: farrington(series).astype(np.float32))
    return kept.reshape(len(KS), len(series.quiet), CURRENT).astype(float)


def _joined(answers: list[dict[str, Floats]]) -> dict[str, Floats]:
    """Put replicates together, in the order of `simulate`: scenario by scenario."""
    joined = {}
    for method in answers[0]:
        table = np.stack([said[method] for said in answers], axis=-2)
        joined[method] = table.reshape(*table.shape[:-3], -1, CURRENT)
    return joined


def _verdicts(figures: list[Figure]) -> Iterator[Figure]:
    """Yield for each measure how many of its cells are better, their interval above 0."""
    cells = len(RATES) * len(KS)
    for measure_name in MEASURES:
        gains = [f.gain for f in figures if f.name.startswith(measure_name) and f.gain is not None]
        above = sum(gain.low > 0.0 for gain in gains)
        below = sum(gain.high < 0.0 for gain in gains)
        yield Figure(
            name=f"{measure_name}: better than the best peer, of {cells} (rate, k)",
            unit="",
            better="more",
            ours=Interval(above, above, above),
            target=at_least(cells),
            note=f"interval of the paired difference above 0: {above}; across 0: "
            f"{cells - above - below}; below 0: {below}",
        )
