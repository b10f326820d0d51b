"""Space-time scan: which areas together, and for how many days, have more than they should?

A rise that is spread thinly over neighbouring cells stands out in none of them. The scan adds up
each region (an area of the hierarchy, or a cell with its neighbours) over the last 1 to 14 days and
reports where the excess is least likely to be chance.

Rules: expectation-based: every cell's expected counts come from its own detector, so a busy cell is
not a surge. Regions are made once from the directory, bounded in number. Stateless: the owner keeps
the last days of counts and expectations. The threshold is empirical (`detectors.evidence`): the
maximum over thousands of regions has no textbook distribution. Of overlapping regions only the best
is named, so an area's ancestors stay quiet.

Sources: Neill (2009), International Journal of Forecasting 25:498-517,
doi:10.1016/j.ijforecast.2008.12.002 (expectation-based Poisson scan); Kulldorff (2001), Journal of
the Royal Statistical Society A 164:61-72 (prospective, over space and time).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DAYS_MAX = 14
CELLS_MAX = 5_000
REGIONS_MAX = 20_000

Floats = NDArray[np.float64]


class RegionError(ValueError):
    """Regions cannot be made so; the message says which bound or name is wrong."""


class Region(NamedTuple):
    """A region to be scanned: what it is called, and the cells that lie in it."""

    name: str
    cells: tuple[int, ...]


class Found(NamedTuple):
    """A region that rose: its statistic in nats, the days it took, what came and what was usual."""

    region: Region
    statistic: float
    days: int
    came: float
    expected: float


def regions_of(
    lines: Sequence[Sequence[str]],
    neighbours: Mapping[str, Iterable[str]],
    rings: int = 2,
) -> tuple[Region, ...]:
    """Return every area of the hierarchy and every cell with its neighbours, each set once.

    Args:
        lines: of each cell its code, then its ancestors, the smallest first.
        neighbours: codes beside a code, where known; both directions need not be given.
        rings: how far out neighbours are joined, 0 or more; each ring is a region of its own.

    Raises:
        RegionError: two cells have one code, or there are more than 5,000 cells or 20,000 regions.
    """
    codes = [line[0] for line in lines]
    if len(set(codes)) < len(codes):
        raise RegionError("two cells have the same code")
    if len(codes) > CELLS_MAX:
        raise RegionError(f"{len(codes)} cells are too many; scan at most {CELLS_MAX} together")
    found: dict[tuple[int, ...], str] = {}
    inside: dict[str, list[int]] = {}
    for cell, line in enumerate(lines):
        for area in line:
            inside.setdefault(area, []).append(cell)
    for cell, code in enumerate(codes):
        found[cell,] = code
    beside = _both_ways(neighbours)
    for code in inside:
        reached = {code}
        for ring in range(rings + 1):
            if ring:
                reached |= {near for area in reached for near in beside.get(area, ())}
            cells = {cell for area in reached for cell in inside.get(area, ())}
            found.setdefault(tuple(sorted(cells)), f"{code}+{ring}" if ring else code)
    if len(found) > REGIONS_MAX:
        raise RegionError(f"{len(found)} regions are too many; join fewer rings of neighbours")
    return tuple(Region(name, cells) for cells, name in found.items())


def _both_ways(neighbours: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    beside: dict[str, set[str]] = {}
    for code, others in neighbours.items():
        for other in others:
            beside.setdefault(code, set()).add(other)
            beside.setdefault(other, set()).add(code)
    return beside


@dataclass(frozen=True, eq=False, slots=True)
class SpaceTimeScan:
    """The scan over given regions.

    With count C and expectation B of a region over its days, the statistic is
    `(C ln(C / B) + B - C) / dispersion` where C is above B, else 0; `dispersion` is variance / mean
    of the cells' counts, 1 for Poisson.
    """

    regions: tuple[Region, ...]
    cells: int
    _inside: NDArray[np.int64]
    _starts: NDArray[np.int64]

    @classmethod
    def over(cls, regions: Sequence[Region], cells: int) -> "SpaceTimeScan":
        """Return the scan over these regions of cells 0 to `cells` - 1.

        Raises:
            RegionError: there is no region, or one is empty or names a cell that is not there.
        """
        if not regions or not all(region.cells for region in regions):
            raise RegionError("a scan needs regions, and each of them a cell")
        inside = np.array([cell for region in regions for cell in region.cells], dtype=np.int64)
        if inside.min() < 0 or inside.max() >= cells:
            raise RegionError(f"a region names a cell that is not among the {cells}")
        sizes = [len(region.cells) for region in regions]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        return cls(tuple(regions), cells, inside, starts)

    def statistics(self, counts: Floats, expected: Floats, dispersion: Floats) -> Floats:
        """Return the statistic of every window and region, shape (days, regions).

        Args:
            counts: of the last days, oldest first, shape (days, cells), at most 14 days.
            expected: the same of what was usual, above 0.
            dispersion: of each cell, 1 or more.

        Raises:
            ValueError: the shapes differ, or a number is not finite or out of its range.
        """
        self._check(counts, expected, dispersion)
        c, b = self._sums(counts), self._sums(expected)
        spread = self._sums(expected * dispersion) / b
        more = np.maximum(c, b)
        scores: Floats = (more * np.log(more / b) + b - more) / spread
        return scores

    def _sums(self, of_cells: Floats) -> Floats:
        """Return the sums of each region over the last 1, 2, … days, always in the same order."""
        windows = np.cumsum(of_cells[::-1], axis=0)
        sums: Floats = np.add.reduceat(windows[:, self._inside], self._starts, axis=1)
        return sums

    def find(
        self, counts: Floats, expected: Floats, dispersion: Floats, threshold: float
    ) -> list[Found]:
        """Return the regions above `threshold`, best first, none overlapping a better one."""
        scores = self.statistics(counts, expected, dispersion)
        days = scores.argmax(axis=0)
        best = scores[days, np.arange(len(self.regions))]
        taken: set[int] = set()
        found: list[Found] = []
        for place in np.argsort(-best, kind="stable"):
            if best[place] <= threshold:
                break
            region = self.regions[place]
            if taken.isdisjoint(region.cells):
                taken.update(region.cells)
                window, cells = slice(len(counts) - days[place] - 1, None), list(region.cells)
                count = float(counts[window, cells].sum())
                usual = float(expected[window, cells].sum())
                found.append(Found(region, float(best[place]), int(days[place]) + 1, count, usual))
        return found

    def _check(self, counts: Floats, expected: Floats, dispersion: Floats) -> None:
        shape = (len(counts), self.cells)
        if counts.shape != shape or expected.shape != shape or dispersion.shape != shape[1:]:
            raise ValueError(f"counts and expectations must be days x {shape[1]} cells")
        if not 0 < len(counts) <= DAYS_MAX:
            raise ValueError(f"a scan looks at 1 to {DAYS_MAX} days, not {len(counts)}")
        usable = np.isfinite(expected).all() and (expected > 0).all()
        if not (usable and np.isfinite(counts).all() and (counts >= 0).all()):
            raise ValueError("counts must be 0 or more, expectations above 0, all of them finite")
        if not (np.isfinite(dispersion).all() and (dispersion >= 1).all()):
            raise ValueError("dispersions must be finite and 1 or more")
