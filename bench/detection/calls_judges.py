"""Who judges the cells of a county, day by day: the detector by calibrated evidence, and its peers.

Rules: a judge is given counts of all cells and says a number for each cell and judged day; more is
more unusual. A cell with a surge put in is judged alone, against what the other cells said on the
same days. Judges see no day beforehand.
"""

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Protocol

import numpy as np

from bench.detection.calls_cells import TRAINING_DAYS, Cells, Counts, Floats
from detectors.base import Memory, Past
from detectors.ears import Ears, Method
from detectors.evidence import Tail, tail_of
from detectors.seasonal_gamma_poisson import SeasonalGammaPoisson

PAST_DAYS = 14
GROUPS = 8
_P_MIN = 1e-300
_NORMAL = NormalDist()


class Judge(Protocol):
    """Judges a county."""

    @property
    def name(self) -> str:
        """How the judge is called."""

    def statistics(self, counts: Counts) -> Floats:
        """Return what is said of each cell and day from the training's end on."""

    def evidence(self, statistics: Floats) -> Floats:
        """Return evidence comparable between cells, shape as given: (cells, days)."""

    def again(self, cell: int, counts: Counts, begin: int, statistics: Floats) -> Floats:
        """Return the evidence of one cell with other counts from test day `begin` on.

        `counts` are all of the cell's; `statistics` those of the county as it was.
        """


@dataclass
class Seasonal:
    """The seasonal detector, calibrated by the tails of clean history of cells of about one size.

    A cell alone has too few days for the chance of one in thousands; cells of one size err alike.
    """

    cells: Cells
    name: str = "seasonal_gamma_poisson"
    tails: list[Tail] = field(default_factory=list)
    detector: SeasonalGammaPoisson = field(default_factory=lambda: SeasonalGammaPoisson(0.01))
    memories: dict[tuple[int, int], Memory] = field(default_factory=dict)

    def calibrate(self, statistics: Floats) -> None:
        """Fit the tails to the statistics of clean days, shape (cells, days)."""
        by_size = np.argsort(self.cells.usual.mean(axis=1), kind="stable")
        tails: dict[int, Tail] = {}
        for group in np.array_split(by_size, GROUPS):
            tail = tail_of(statistics[group].ravel().tolist())
            tails |= dict.fromkeys(group.tolist(), tail)
        self.tails = [tails[cell] for cell in range(len(by_size))]

    def statistics(self, counts: Counts, remember: bool = False) -> Floats:
        """Return the statistics; `remember` keeps each cell's memory before each judged day."""
        said = np.zeros((len(counts), counts.shape[1] - TRAINING_DAYS))
        for cell, of_cell in enumerate(counts.tolist()):
            memory = self.detector.start()
            for day, count in enumerate(of_cell):
                past = Past(self.cells.first_day + day, ())
                if day >= TRAINING_DAYS:
                    said[cell, day - TRAINING_DAYS] = self._score(memory, past, count)
                    if remember:
                        self.memories[cell, day - TRAINING_DAYS] = memory
                memory = self.detector.learn_one(memory, past, count)
        return said

    def _score(self, memory: Memory, past: Past, count: int) -> float:
        score = self.detector.score_one(memory, past, count)
        return score.statistic if score else 0.0

    def evidence(self, statistics: Floats) -> Floats:
        """Return the surprise of each statistic."""
        rows = zip(self.tails, statistics.tolist(), strict=True)
        return np.array([[tail.surprise(value) for value in row] for tail, row in rows])

    def again(self, cell: int, counts: Counts, begin: int, statistics: Floats) -> Floats:  # noqa: ARG002  # other cells do not matter here
        """Return the surprise of the cell from `begin` on."""
        memory, said = self.memories[cell, begin], []
        for day in range(TRAINING_DAYS + begin, len(counts)):
            past, count = Past(self.cells.first_day + day, ()), int(counts[day])
            said.append(self.tails[cell].surprise(self._score(memory, past, count)))
            memory = self.detector.learn_one(memory, past, count)
        return np.array(said)


@dataclass
class EarsTogether:
    """EARS C2 in each cell, the cells of a day together by Benjamini and Hochberg (1995).

    Journal of the Royal Statistical Society B 57:289-300. The statistic is C2's; the evidence is
    -log10 of the least false-discovery rate at which the cell would be named that day.
    """

    min_sigma: float
    detector: Ears = field(init=False)

    def __post_init__(self) -> None:
        self.detector = Ears(Method.C2, 0.01, min_sigma=self.min_sigma)

    @property
    def name(self) -> str:
        """How it is called, with its least standard deviation."""
        return f"EARS C2 + BH, minSigma {self.min_sigma:g}"

    def statistics(self, counts: Counts) -> Floats:
        """Return C2 of each cell and day."""
        days = range(TRAINING_DAYS, counts.shape[1])
        return np.array([[self._c2(cell, day) for day in days] for cell in counts.tolist()])

    def _c2(self, counts: list[int], day: int) -> float:
        score = self.detector.score_one([], Past(day, counts[day - PAST_DAYS : day]), counts[day])
        return score.statistic if score else 0.0

    def evidence(self, statistics: Floats) -> Floats:
        """Return the evidence of every cell and day."""
        return np.array([_adjusted(_chances(day)) for day in statistics.T]).T

    def again(self, cell: int, counts: Counts, begin: int, statistics: Floats) -> Floats:
        """Return the cell's evidence among the others."""
        of_cell, said = counts.tolist(), []
        for place in range(begin, len(of_cell) - TRAINING_DAYS):
            day = statistics[:, place].copy()
            day[cell] = self._c2(of_cell, TRAINING_DAYS + place)
            said.append(_adjusted(_chances(day))[cell])
        return np.array(said)


def _chances(scores: Floats) -> Floats:
    return np.array([max(_NORMAL.cdf(-score), _P_MIN) for score in scores.tolist()])


def _adjusted(chances: Floats) -> Floats:
    """Return -log10 of the adjusted chances of Benjamini and Hochberg."""
    order = np.argsort(chances)
    ranked = chances[order] * len(chances) / np.arange(1, len(chances) + 1)
    least = np.minimum.accumulate(ranked[::-1])[::-1]
    said = np.empty(len(chances))
    said[order] = -np.log10(np.minimum(least, 1.0))
    return said
