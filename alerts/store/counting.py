"""How much of a county is counted, and since when: what a surge is judged by beside the counts.

Rules: one seek in the index for each area and kind, whatever the number of days; the home of an
area is the county whose stage counts it, as in `schemas.areas.Placed`.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, String, column, func, select, values

from alerts.store.shown import line_in
from alerts.store.tables import AREA_DAYS, AREAS
from schemas.taxonomy import Kind

_KINDS = (
    values(column("kind", String), name="kinds").data([(kind.value,) for kind in Kind]).cte("kinds")
)


class Counting(NamedTuple):
    """The home of an area: local day ordinal on which counting began, and how many series."""

    since: int
    series: int


def counting_of(connection: Connection, code: str) -> Counting | None:
    """Return how the home of an area is counted, None where nothing was counted there."""
    row = connection.execute(select(AREAS).where(AREAS.c.code == code)).one_or_none()
    if row is None:
        return None
    home = row.county or row.city or line_in(row)[0]
    within = AREAS.c.county == home if row.county else AREAS.c.code == home
    since = connection.execute(_first_day(home)).scalar()
    if since is None:
        return None
    return Counting(since, connection.execute(_series_in(within)).scalar_one())


def _first_day(home: str) -> Select[Any]:
    first = (
        select(func.min(AREA_DAYS.c.day))
        .where(AREA_DAYS.c.area == home, AREA_DAYS.c.kind == _KINDS.c.kind)
        .scalar_subquery()
    )
    return select(func.min(first)).select_from(_KINDS)


def _series_in(within: Any) -> Select[Any]:
    counted = (
        select(AREA_DAYS.c.day)
        .where(AREA_DAYS.c.area == AREAS.c.code, AREA_DAYS.c.kind == _KINDS.c.kind)
        .exists()
    )
    return select(func.count()).select_from(AREAS.join(_KINDS, counted)).where(within)
