"""Where areas lie: each area's line from the city down, kept in the store for its queries.

Rules: the directory is the source; what it says is written when the projector starts, and codes
that nest by prefix when they are first seen. A code the directory does not know has an empty line
and is seen by those alone who may see everything.
"""

from collections.abc import Iterable
from typing import Any

from schemas.areas import Directory
from schemas.taxonomy import AreaLevel

LEVELS = tuple(AreaLevel)


def line_of(code: str, directory: Directory) -> dict[str, str]:
    """Return the areas that `code` lies in, itself included, by the name of their level."""
    line: dict[str, str] = {}
    above: str | None = code if directory.known(code) else None
    while above is not None:
        line[directory.level(above).value] = above
        above = directory.parent(above)
    return line


def area_rows(codes: Iterable[str], directory: Directory) -> list[dict[str, Any]]:
    """Return the rows of these areas and of all that they lie in, each once."""
    rows: dict[str, dict[str, Any]] = {}
    for code in codes:
        for level, above in line_of(code, directory).items():
            if above in rows:
                continue
            name = directory.name(above)
            rows[above] = {
                "code": above,
                "level": level,
                "parent": directory.parent(above),
                "name_en": name.en,
                "name_zh": name.zh,
                **dict.fromkeys((each.value for each in LEVELS), None),
                **line_of(above, directory),
            }
    return list(rows.values())
