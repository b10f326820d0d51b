"""Where a synthetic town's chance comes from: one seed, one independent stream a purpose.

Rules: this is the only file of the town that makes a generator, always from the seed it is given.
A new purpose is added at the end of `Stream`, so that it does not reshuffle the others.

Source: NumPy's SeedSequence.spawn gives independent streams; PCG64 is M. E. O'Neill, "PCG: A
Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation",
Harvey Mudd College HMC-CS-2014-0905.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Chance = np.random.Generator
"""One stream of chance, as an argument."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Stream(IntEnum):
    """What a stream of chance is for; append only."""

    PEOPLE = 0
    STATES = 1
    HARMS = 2
    REPORTS = 3
    EVERYDAY = 4
    VISITS = 5
    BACKGROUND = 6
    SURGES = 7
    OBSERVED_REPORTS = 8
    OBSERVED_EVERYDAY = 9
    OBSERVED_VISITS = 10
    OBSERVED_BACKGROUND = 11
    OBSERVED_SURGES = 12


def streams_of(seed: int) -> dict[Stream, Chance]:
    """Return one generator a purpose, all made from `seed`."""
    children = np.random.SeedSequence(seed).spawn(len(Stream))
    return {
        stream: np.random.Generator(np.random.PCG64(child))
        for stream, child in zip(Stream, children, strict=True)
    }


def generator(*entropy: int) -> Chance:
    """Return a generator made from some numbers, none of them negative."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def choose(chance: Chance, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Draw `size` positions with probability in proportion to `weights` (one draw each)."""
    cumulated = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = chance.random(size) * cumulated[-1]
    found: Ints = np.searchsorted(cumulated, drawn, side="right")
    return np.asarray(np.minimum(found, len(cumulated) - 1), dtype=np.int64)


def choose_by_row(chance: Chance, table: Floats, row: Ints) -> Ints:
    """Draw one position for each entry of `row`, with the weights of that row of `table`."""
    cumulated = np.cumsum(table, axis=1)
    drawn = chance.random(len(row)) * cumulated[row, -1]
    above: Ints = (drawn[:, None] >= cumulated[row]).sum(axis=1)
    return np.asarray(np.minimum(above, table.shape[1] - 1), dtype=np.int64)
