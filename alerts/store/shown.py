"""From a row of a table to what is shown of it.

Rules: pure; a word that is not in its vocabulary is a broken store and raises ValueError.
"""

from datetime import date
from operator import attrgetter
from typing import Any

from alerts.store.tables import LEVEL_COLUMNS
from alerts.store.views import AreaName, EventView, ModelView, SeriesDay
from schemas.closed import Text
from schemas.taxonomy import Channel, Feed, Kind, Level, Origin, Purpose, signs_in
from schemas.times import from_us

_LINE_OF = attrgetter(*LEVEL_COLUMNS)
"""A page has hundreds of them; this takes a third of the time of one `getattr` each."""


def event_view(row: Any) -> EventView:
    """Return one report as it is shown."""
    return EventView(
        id=row.signal_id,
        feed=Feed(row.feed),
        kind=Kind(row.kind),
        purpose=Purpose(row.purpose),
        origin=Origin(row.origin),
        channel=None if row.channel is None else Channel(row.channel),
        severity=row.severity,
        signs=signs_in(row.signs),
        area=row.area,
        time=from_us(row.time_us),
        ingesttime=from_us(row.ingest_us),
        person=row.person,
        line=line_in(row),
    )


def line_in(row: Any) -> tuple[str, ...]:
    """Return the line of areas in a row, from the city down."""
    return tuple([code for code in _LINE_OF(row) if code is not None])


def area_name(row: Any) -> AreaName:
    """Return what an area is called."""
    return AreaName(row.code, row.level, Text(row.name_en, row.name_zh))


def series_day(row: Any) -> SeriesDay:
    """Return one day of a series."""
    return SeriesDay(
        date.fromordinal(row.day).isoformat(),
        row.reports,
        row.incidents,
        row.expected,
        row.bound,
        None if row.level is None else Level(row.level),
        row.alert_id,
    )


def model_view(row: Any, active: Any) -> ModelView:
    """Return one version of a model; `active` is the row of the one in use."""
    return ModelView(
        row.model_version,
        row.epoch,
        row.digest,
        row.bytes,
        None if row.published_us is None else from_us(row.published_us),
        None if row.activated_us is None else from_us(row.activated_us),
        active is not None and row.model_version == active.model_version,
    )
