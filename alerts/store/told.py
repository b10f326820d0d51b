"""What the projector hands to the store: records with the place they came from.

Rules: the place is part of it, so that what cannot be written can be put aside and named.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from schemas.closed import Closed

Place = tuple[str, int]
T = TypeVar("T")
IN_MAX = 500
"""How many values one `IN (…)` asks for."""


class Told(NamedTuple):
    """One record as it was read; `topic` is the name without its namespace, `at_us` its time."""

    topic: str
    partition: int
    offset: int
    at_us: int
    value: bytes
    record: Closed


class PutAside(NamedTuple):
    """One record that could not be taken, and why; the reason holds nothing of its content."""

    topic: str
    partition: int
    offset: int
    at_us: int
    value: bytes
    reason: str


def in_parts(values: Sequence[T], size: int = IN_MAX) -> Iterator[Sequence[T]]:
    """Yield values in parts of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
