"""Real emergency calls as daily counts of cells, what is usual in them, and clean history like it.

A cell is a township and the first word of the category (EMS, Fire, Traffic). The training span
tells what is usual: level, weekday and dispersion of each cell, days of storm left out. Clean
history is drawn from that, so it has no surge in it, whatever the real days had.

Rules: the calls are not shipped: they are looked for beside the checkout, or where
FOREWARN_REAL_CALLS says. Nothing of the test span is used for what is usual.
"""

import csv
import gzip
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "montgomery-911.csv.gz"
TRAINING_DAYS, TEST_DAYS = 102, 70
SURGE_MEAN_MIN = 0.5
_STORM = 1.4
"""A day with this times the county's median count is a storm, or a holiday of its kind."""
_WEEKDAY_SHAPE = 20.0
_DISPERSION_MAX = 4.0

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class NoCallsError(FileNotFoundError):
    """The file of real calls is not there; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Daily counts by cell, shape (cells, 172), and what is usual by the training span.

    `usual` is the mean by weekday (`date.toordinal() % 7`), shape (cells, 7); `dispersion` is
    variance / mean; `surging` are the cells in which surges are put. `by_hour` is the share of the
    county's calls by hour, 24.
    """

    names: tuple[tuple[str, str], ...]
    first_day: int
    counts: Counts
    usual: Floats
    dispersion: Floats
    surging: NDArray[np.int64]
    by_hour: Floats

    def mean_of(self, days: NDArray[np.int64]) -> Floats:
        """Return the usual mean of days (places from the first on), shape (cells, days)."""
        return self.usual[:, (self.first_day + days) % 7]

    @property
    def sd(self) -> Floats:
        """Return the standard deviation of an ordinary day, by cell."""
        return np.asarray(np.sqrt(self.usual.mean(axis=1) * self.dispersion))


def read_cells(path: Path | None = None) -> Cells:
    """Read the calls; the first and the last day are left out, for they are not whole.

    Raises:
        NoCallsError: the file is not there.
    """
    path = path or Path(os.environ.get("FOREWARN_REAL_CALLS", BESIDE))
    if not path.exists():
        raise NoCallsError(f"no calls at {path.name!r}: put them there or set FOREWARN_REAL_CALLS")
    rows: list[tuple[tuple[str, str], int]] = []
    hours = np.zeros(24)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["time"][:10]).toordinal()
            rows.append(((row["township"], row["category"].split(":")[0]), day))
            hours[int(row["time"][11:13])] += 1
    first = min(day for _, day in rows) + 1
    names = sorted({name for name, _ in rows})
    place = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(names), TRAINING_DAYS + TEST_DAYS), dtype=np.int64)
    for name, day in rows:
        if 0 <= day - first < counts.shape[1]:
            counts[place[name], day - first] += 1
    usual, dispersion = _usual(counts[:, :TRAINING_DAYS], first)
    surging = np.flatnonzero(counts[:, :TRAINING_DAYS].mean(axis=1) >= SURGE_MEAN_MIN)
    return Cells(tuple(names), first, counts, usual, dispersion, surging, hours / hours.sum())


def _usual(counts: Counts, first_day: int) -> tuple[Floats, Floats]:
    """Return mean by weekday and dispersion of each cell; weekdays are shrunk to the county's."""
    county = counts.sum(axis=0)
    days = np.flatnonzero(county < _STORM * np.median(county))
    weekday = (first_day + days) % 7
    calm = counts[:, days].astype(float)
    level = (calm.sum(axis=1) + 0.5) / len(days)
    usual = np.empty((len(counts), 7))
    for day in range(7):
        seen = calm[:, weekday == day]
        common = seen.mean() / calm.mean()
        prior, expected = _WEEKDAY_SHAPE * common, level * seen.shape[1]
        usual[:, day] = level * (prior + seen.sum(axis=1)) / (_WEEKDAY_SHAPE + expected)
    mean = usual[:, weekday]
    squares = ((calm - mean) ** 2).sum(axis=1) / mean.sum(axis=1) * len(days) / (len(days) - 7)
    return usual, np.clip(squares, 1.0, _DISPERSION_MAX)


def clean_history(cells: Cells, days: int, chance: np.random.Generator) -> Counts:
    """Return clean counts from the first day on, shape (cells, days)."""
    mean = cells.mean_of(np.arange(days))
    more = (cells.dispersion - 1.0)[:, None]
    shape = mean / np.maximum(more, 1e-9)
    rate = np.where(more > 1e-6, chance.gamma(np.minimum(shape, 1e9), 1.0) / shape * mean, mean)
    return np.asarray(chance.poisson(rate))
