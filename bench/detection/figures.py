"""What a comparison of detection says: a figure with its interval, beside the same of each peer.

Rules: an interval is the middle 95 % of a bootstrap over replicates (or blocks of days), never over
single days, which are not independent. A missed target is said, with its measured reason in the
note; it is no failure of the run.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.results import Machine
from bench.rows import Target, Verdict
from schemas.closed import Closed

Floats = NDArray[np.float64]
RESAMPLES = 1_000
_SEED = 20_260


class Interval(Closed, frozen=True):
    """A figure and the middle 95 % of its bootstrap."""

    value: float
    low: float
    high: float


class Figure(Closed, frozen=True):
    """One row: ours, the target, and the same figure of peers by name; `better` is "less"/"more".

    `gain` is ours minus the best peer's (or the peer's minus ours, where less is better), paired
    over replicates, so that its interval above 0 means that ours is better.
    """

    name: str
    unit: str
    better: str
    ours: Interval
    peers: dict[str, Interval] = {}
    gain: Interval | None = None
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """How ours stands to the target."""
        return self.target.verdict(self.ours.value) if self.target else Verdict.NONE


class DetectionResults(Closed, frozen=True):
    """All figures of a run; `parts` says which comparisons ran."""

    quick: bool
    machine: Machine
    parts: dict[str, tuple[Figure, ...]]
    verdicts: dict[str, Verdict]
    format: int = 1


Say = Callable[[str], None]
"""Shows progress: one line."""
Measure = Callable[[bool, Say], list[Figure]]
"""A comparison: quick or not, progress; its figures."""


def bootstrap(
    values: Sequence[float] | Floats,
    statistic: Callable[[Floats], float] | None = None,
    blocks: Floats | None = None,
) -> Interval:
    """Return a statistic (the mean, if none is given) of replicates with its interval.

    Args:
        values: one row a replicate; more than one column where the statistic needs them.
        statistic: of such rows.
        blocks: the block of each row, where rows of one block are not independent: blocks are then
            drawn whole.
    """
    rows = np.asarray(values, dtype=float)
    of = statistic if statistic is not None else _mean
    chance = np.random.default_rng(_SEED)
    if blocks is None:
        parts = [np.array([row]) for row in range(len(rows))]
    else:
        parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    picks = chance.integers(0, len(parts), (RESAMPLES, len(parts)))
    again = [of(rows[np.concatenate([parts[part] for part in pick])]) for pick in picks]
    low, high = np.nanquantile(again, [0.025, 0.975])
    return Interval(of(rows), float(low), float(high))


def _mean(rows: Floats) -> float:
    return float(np.nanmean(rows))


def show(results: DetectionResults, console: Console) -> None:
    """Print one table a comparison."""
    for part, figures in results.parts.items():
        small = " (small sizes: the figures mean nothing)" if results.quick else ""
        table = Table(title=f"{part}{small}", show_lines=True)
        for title, share in (("what", 4), ("forewarn", 3), ("target", 2), ("peers", 5), ("of", 5)):
            table.add_column(title, ratio=share)
        for figure in figures:
            peers = [f"{_said(peer)} {name}" for name, peer in figure.peers.items()]
            if figure.gain is not None:
                peers.append(f"better by {_said(figure.gain)}")
            ours = f"{_said(figure.ours)} {figure.unit}".strip()
            table.add_row(figure.name, ours, _target(figure), "\n".join(peers), figure.note)
        console.print(table)


def _said(interval: Interval) -> str:
    return f"{interval.value:.3g} [{interval.low:.3g}, {interval.high:.3g}]".replace("[", "\\[")


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    word = "at least" if figure.target.at_least else "at most"
    return f"{word} {figure.target.bound:g}: {figure.verdict.value}"
