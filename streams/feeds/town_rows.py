"""The events of a town while they are being made: rows of one compact array.

Rules: one row is one delivery of one event, 68 bytes; codes are positions in
`schemas.taxonomy`; `UNKNOWN` stands for nobody, nothing, no copy. Rows know what an event may not
tell (which harm, which surge, which original), so a row never leaves this room; `town_events` turns
it into an event.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from schemas.taxonomy import Feed, members_of

Rows = NDArray[np.void]

UNKNOWN = -1

ROW = np.dtype(
    [
        ("time_us", "i8"),
        ("ingest_us", "i8"),
        ("row", "i8"),
        ("copy_of", "i8"),
        ("person", "i4"),
        ("grid", "i4"),
        ("mark", "i4"),
        ("serial", "i4"),
        ("lat_off", "i2"),
        ("lon_off", "i2"),
        ("note", "i2"),
        ("signs", "i2"),
        ("part", "i1"),
        ("copy", "i1"),
        ("feed", "i1"),
        ("purpose", "i1"),
        ("kind", "i1"),
        ("severity", "i1"),
        ("origin", "i1"),
        ("channel", "i1"),
        ("scheme", "i1"),
        ("digits", "i1"),
        ("safe", "i1"),
        ("located", "i1"),
    ]
)
FIELDS: tuple[str, ...] = ROW.names or ()


class Part(IntEnum):
    """Which part of the simulation made a row; says what its `mark` is a number of."""

    REPORT = 0
    EVERYDAY = 1
    VISIT = 2
    BACKGROUND = 3
    SURGE = 4
    CASE = 5


class Copy(IntEnum):
    """Whether a row repeats another."""

    NONE = 0
    NEAR = 1
    EXACT = 2


FEED_CODE = {feed: code for code, feed in enumerate(members_of(Feed))}


@cache
def code(member: StrEnum) -> int:
    """Return the position of a member in its vocabulary."""
    return members_of(type(member)).index(member)


def codes(*members: StrEnum) -> NDArray[np.int8]:
    """Return the positions of several members, for indexing by a draw."""
    return np.array([code(member) for member in members], dtype=np.int8)


def blank(size: int, part: Part) -> Rows:
    """Return `size` rows of one part that say nothing yet: nobody, no sign, no copy."""
    rows = np.zeros(size, dtype=ROW)
    rows["part"] = part
    for name in ("copy_of", "person", "mark", "note", "scheme"):
        rows[name] = UNKNOWN
    rows["digits"] = 15
    return rows


def taken(rows: Rows, which: NDArray[np.bool_]) -> Rows:
    """Return the rows for which `which` is true, as a copy."""
    some: Rows = rows[which]
    return some


def joined(parts: Iterable[Rows]) -> Rows:
    """Put rows of several parts one after another; `copy_of` keeps pointing at its original."""
    held: Sequence[Rows] = list(parts)
    start = 0
    for rows in held:
        copies = rows["copy_of"] >= 0
        rows["copy_of"][copies] += start
        start += len(rows)
    together = np.concatenate(held)
    together["row"] = np.arange(len(together))
    return together
