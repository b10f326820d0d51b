"""The area directory: which areas there are, where each belongs, who its neighbours are, and when.

Rules: a code is opaque; its place in the hierarchy comes from the directory, which is versioned
data. Without a directory, digit codes of 4, 6, 9, 12 and 15 digits nest by prefix, as GB/T 2260 and
its extensions have it. A county's areas share a partition by the directory's table, never by hash.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from schemas.closed import Closed, Text
from schemas.events import AREA_CODE_CHARS_MAX
from schemas.taxonomy import AreaLevel

FORMAT = 1
CODES_CACHED_MAX = 65_536
_DIGITS_OF_LEVEL = {
    AreaLevel.CITY: 4,
    AreaLevel.COUNTY: 6,
    AreaLevel.TOWN: 9,
    AreaLevel.COMMUNITY: 12,
    AreaLevel.GRID: 15,
}
_LEVEL_OF_DIGITS = {digits: level for level, digits in _DIGITS_OF_LEVEL.items()}
_LEVELS = tuple(AreaLevel)
CANARY_CODE = "canary"
"""The code of the area of canaries, which is nobody's place."""


class DirectoryError(ValueError):
    """A directory that contradicts itself; the message names the area and what to mend."""


class Area(Closed, frozen=True):
    """One area; valid from the first day to the day before `valid_until` (local dates)."""

    code: Annotated[str, Meta(min_length=1, max_length=AREA_CODE_CHARS_MAX)]
    level: AreaLevel
    name: Text
    parent: str | None = None
    neighbours: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


class DirectoryFile(Closed, frozen=True):
    """A directory as a file: format, version of the data, time zone, areas, county partitions."""

    format: int
    version: str
    time_zone: str
    areas: tuple[Area, ...]
    county_partitions: dict[str, int] = {}


class Placed(Closed, frozen=True):
    """An area with its line of ancestors, itself first, up to its county (or its city).

    `home` is the last of the line: the area whose partition counts it. `smallest` says that no
    area lies below it by its level; `always_valid` that its validity has no end and no beginning.
    """

    code: str
    line: tuple[str, ...]
    home: str
    smallest: bool
    always_valid: bool


class Directory:
    """Looks areas up; immutable once made."""

    def __init__(
        self,
        areas: Iterable[Area] = (),
        *,
        version: str = "prefix-codes",
        time_zone: str = "Asia/Shanghai",
        county_partitions: dict[str, int] | None = None,
    ) -> None:
        self.version = version
        self.time_zone = time_zone
        self.areas = {area.code: area for area in areas}
        self.county_partitions = dict(county_partitions or {})
        self._by_prefix = not self.areas
        self._children = self._children_by_parent()
        self._check()
        self.place = lru_cache(maxsize=CODES_CACHED_MAX)(self._place)

    def _children_by_parent(self) -> dict[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {}
        for area in self.areas.values():
            if area.parent is not None:
                children.setdefault(area.parent, []).append(area.code)
        return {parent: tuple(sorted(codes)) for parent, codes in children.items()}

    def _check(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise DirectoryError(f"no time zone is called {self.time_zone!r}") from error
        for area in self.areas.values():
            for named in (area.parent, *area.neighbours):
                if named is not None and named not in self.areas:
                    raise DirectoryError(f"area {area.code!r} names {named!r}, which is not there")
            parent = self.areas[area.parent] if area.parent is not None else None
            if parent and _LEVELS.index(parent.level) >= _LEVELS.index(area.level):
                raise DirectoryError(
                    f"area {area.code!r} ({area.level}) cannot lie in {parent.code!r} "
                    f"({parent.level}): a parent's level is above its child's"
                )
            if area.valid_from and area.valid_until and area.valid_from >= area.valid_until:
                raise DirectoryError(f"area {area.code!r} ends before it begins")
        for county in self.county_partitions:
            if county not in self.areas:
                raise DirectoryError(f"county_partitions names {county!r}, which is not there")

    def level(self, code: str) -> AreaLevel:
        """Return the level of a known area."""
        if self._by_prefix:
            return _LEVEL_OF_DIGITS[len(code)]
        return self.areas[code].level

    def parent(self, code: str) -> str | None:
        """Return the parent of a known area, None at the top."""
        if not self._by_prefix:
            return self.areas[code].parent
        position = _LEVELS.index(self.level(code))
        return code[: _DIGITS_OF_LEVEL[_LEVELS[position - 1]]] if position else None

    def children(self, code: str) -> tuple[str, ...]:
        """Return the direct children listed in the directory (none for prefix codes)."""
        return self._children.get(code, ())

    def name(self, code: str) -> Text:
        """Return the area's name, or its code where the directory has no name."""
        area = self.areas.get(code)
        return area.name if area else Text(en=code, zh=code)

    def valid_on(self, code: str, day: int) -> bool:
        """Say whether the known area `code` exists on local day ordinal `day`."""
        area = self.areas.get(code)
        if area is None:
            return True
        begun = area.valid_from is None or area.valid_from.toordinal() <= day
        return begun and (area.valid_until is None or day < area.valid_until.toordinal())

    def known(self, code: str) -> bool:
        """Say whether the directory has this code (or, without one, whether its digits nest)."""
        if not self._by_prefix:
            return code in self.areas
        return len(code) in _LEVEL_OF_DIGITS and code.isascii() and code.isdigit()

    def _place(self, code: str) -> Placed | None:
        """Return where `code` stands, or None when it is unknown."""
        if not self.known(code):
            return None
        line = [code]
        while self.level(line[-1]) not in (AreaLevel.COUNTY, AreaLevel.CITY):
            parent = self.parent(line[-1])
            if parent is None:
                break
            line.append(parent)
        smallest = self.level(code) is AreaLevel.GRID
        area = self.areas.get(code)
        always = area is None or (area.valid_from is None and area.valid_until is None)
        return Placed(code, tuple(line), line[-1], smallest, always)

    def partition(self, home: str, partitions: int) -> int:
        """Return the area-log partition of a county (or city), by the table, else by its order.

        Prefix codes are spread by their number, so that the place of a county never depends on
        which others were seen before it.
        """
        if home in self.county_partitions:
            return self.county_partitions[home] % partitions
        if self._by_prefix:
            return int(home) % partitions if home.isdigit() else 0
        return sorted(self.areas).index(home) % partitions if home in self.areas else 0


def read_directory(data: bytes) -> Directory:
    """Read a directory file (JSON). Raises DirectoryError with what is wrong and where."""
    try:
        file = msgspec.json.decode(data, type=DirectoryFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DirectoryError(f"the area directory cannot be read: {error}") from error
    if file.format != FORMAT:
        raise DirectoryError(
            f"the area directory has format {file.format}, this code reads {FORMAT}"
        )
    times = Counter(area.code for area in file.areas)
    twice = [code for code, count in times.items() if count > 1]
    if twice:
        raise DirectoryError(f"area {min(twice)!r} is there twice; a code names one area")
    return Directory(
        file.areas,
        version=file.version,
        time_zone=file.time_zone,
        county_partitions=file.county_partitions,
    )


def write_directory(directory: Directory) -> bytes:
    """Write a directory file (JSON), in the order of codes."""
    file = DirectoryFile(
        format=FORMAT,
        version=directory.version,
        time_zone=directory.time_zone,
        areas=tuple(directory.areas[code] for code in sorted(directory.areas)),
        county_partitions=dict(sorted(directory.county_partitions.items())),
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"
