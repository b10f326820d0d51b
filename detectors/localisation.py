"""Which of several rising areas to name: the lowest one that explains the rise.

Rules: an area explains the rise of one above it when it carries most of the excess. The lowest that
does is named and those above it are not; an area whose rise is spread over many below it is named
itself, and they are listed within it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Rising(NamedTuple):
    """An area in alarm: its line of ancestors (itself first) and its count above the usual."""

    line: tuple[str, ...]
    excess: float


class Named(NamedTuple):
    """An area to be named, with the areas in alarm that lie within it."""

    area: str
    within: tuple[str, ...]


def lowest_explaining(rising: Mapping[str, Rising], share: float) -> Sequence[Named]:
    """Return the areas to name, in order of their code.

    `share` in (0, 1] is the part of an excess that one area below must carry to explain it.
    """
    below: dict[str, list[str]] = {area: [] for area in rising}
    tops: list[str] = []
    for area in sorted(rising):
        above = next((a for a in rising[area].line[1:] if a in rising), None)
        (below[above] if above is not None else tops).append(area)
    named: list[Named] = []
    for top in tops:
        named.extend(_named(top, rising, below, share))
    return sorted(named)


def _named(
    area: str, rising: Mapping[str, Rising], below: Mapping[str, list[str]], share: float
) -> list[Named]:
    parts = below[area]
    if not any(rising[part].excess >= share * rising[area].excess for part in parts):
        return [Named(area, tuple(sorted(_all_below(area, below))))]
    return [one for part in parts for one in _named(part, rising, below, share)]


def _all_below(area: str, below: Mapping[str, list[str]]) -> list[str]:
    return [found for part in below[area] for found in (part, *_all_below(part, below))]
