"""Records as consumers give them, made by hand."""

from typing import NamedTuple

from streams.worker.frames import Stamp, framed


class Logged(NamedTuple):
    """One record of a partition, with the parts that are read of it."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 1_700_000_000_000


def written(
    offset: int, key: bytes, stamp: tuple[int, int] | None, body: bytes = b"body"
) -> Logged:
    """One record of a changelog; without a stamp it is a tombstone."""
    frame = None if stamp is None else framed(Stamp(*stamp), body)
    return Logged(offset, frame, key)
