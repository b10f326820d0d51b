"""Lists of alerts: filters, two orders, pages by keyset.

Rules: a page is found by walking one index from a place in it, so the hundredth page costs what the
first does. Several areas are several walks, merged. A cursor is opaque, and belongs to its filter:
with another one it is refused.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    select,
    true,
    tuple_,
    union_all,
)

from alerts.store.lifecycle import OPEN_STATES, AlertState
from alerts.store.shown import line_in
from alerts.store.tables import ALERTS, AREAS, LEVEL_COLUMNS, REVISIONS
from alerts.store.views import AlertPage, AlertView
from schemas.closed import Closed
from schemas.codec import decoder_of
from schemas.taxonomy import Kind, Level, Scope
from schemas.times import from_us
from schemas.topics import ALERTS as ALERTS_TOPIC

PAGE_MAX = 200
AREAS_MAX = 50
_CURSOR_CHARS_MAX = 512
_KEY_MAX = 2**62


class Sort(StrEnum):
    """The order of a list. `deadline` lists what is open, the most urgent first; only that has one.

    `time` lists everything by when it opened, newest first.
    """

    DEADLINE = "deadline"
    TIME = "time"


class CursorError(ValueError):
    """A cursor that is none of ours, or of another question."""


class AlertFilter(Closed, frozen=True):
    """What to list. An empty tuple is no condition; areas include all that lies in them.

    `since_us` (inclusive) and `until_us` (exclusive) bound when an alert opened.
    """

    levels: tuple[Level, ...] = ()
    states: tuple[AlertState, ...] = ()
    kinds: tuple[Kind, ...] = ()
    scopes: tuple[Scope, ...] = ()
    areas: tuple[str, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    sort: Sort = Sort.TIME


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    question: str
    key: Annotated[int, Meta(ge=-_KEY_MAX, le=_KEY_MAX)]
    alert_id: Annotated[str, Meta(max_length=128)]


_STATES = {state.value: state for state in AlertState}
_read_cursor = msgspec.json.Decoder(_Cursor).decode
_read_alert = decoder_of(ALERTS_TOPIC.name)
SHOWN = (
    ALERTS.c.alert_id,
    ALERTS.c.state,
    ALERTS.c.open,
    ALERTS.c.opened_us,
    ALERTS.c.due_us,
    *(ALERTS.c[name] for name in LEVEL_COLUMNS),
    REVISIONS.c.body,
)
_SHOWN_ROWS = select(*SHOWN)
NEWEST_REVISION = ALERTS.join(
    REVISIONS,
    (REVISIONS.c.alert_id == ALERTS.c.alert_id) & (REVISIONS.c.revision == ALERTS.c.revision),
)


def alert_view(row: Any) -> AlertView:
    """Return a row of `SHOWN` as a view."""
    return AlertView(
        alert=_read_alert(row.body),
        state=_STATES[row.state],
        open=row.open,
        due=None if row.due_us is None else from_us(row.due_us),
        line=line_in(row),
    )


def page_of(
    connection: Connection, wanted: AlertFilter, cursor: str | None, limit: int
) -> AlertPage:
    """Return a page of at most `limit` alerts. Raises CursorError, ValueError for a huge page."""
    if not 1 <= limit <= PAGE_MAX:
        raise ValueError(f"a page has 1 to {PAGE_MAX} alerts")
    if len(wanted.areas) > AREAS_MAX:
        raise ValueError(f"at most {AREAS_MAX} areas at a time")
    start = None if cursor is None else _opened(cursor, wanted)
    walks = [_walk(wanted, where, start, limit + 1) for where in _places(connection, wanted)]
    if not walks:
        return AlertPage((), None)
    found: FromClause = walks[0].subquery("found")
    if len(walks) > 1:
        found = union_all(*(select(walk.subquery()) for walk in walks)).subquery("found")
    shown = (
        _SHOWN_ROWS.select_from(NEWEST_REVISION.join(found, ALERTS.c.alert_id == found.c.alert_id))
        .order_by(*_order(wanted.sort))
        .limit(limit + 1)
    )
    rows = connection.execute(shown).all()
    more = len(rows) > limit
    kept = rows[:limit]
    return AlertPage(
        tuple(alert_view(row) for row in kept), _sealed(kept[-1], wanted) if more else None
    )


def _key(sort: Sort) -> ColumnElement[int]:
    return ALERTS.c.due_us if sort is Sort.DEADLINE else ALERTS.c.opened_us


def _order(sort: Sort) -> tuple[ColumnElement[Any], ...]:
    order = (_key(sort), ALERTS.c.alert_id)
    return order if sort is Sort.DEADLINE else tuple(column.desc() for column in order)


def _walk(
    wanted: AlertFilter, where: ColumnElement[bool] | None, start: _Cursor | None, limit: int
) -> Select[Any]:
    """Return the walk along one index: from where, past what, how far."""
    walk = select(ALERTS.c.alert_id).order_by(*_order(wanted.sort)).limit(limit)
    open_only = wanted.sort is Sort.DEADLINE or (
        bool(wanted.states) and set(wanted.states) <= OPEN_STATES
    )
    if open_only:
        walk = walk.where(ALERTS.c.open == true())
    if where is not None:
        walk = walk.where(where)
    for column, values in (
        (ALERTS.c.level, wanted.levels),
        (ALERTS.c.state, wanted.states),
        (ALERTS.c.kind, wanted.kinds),
        (ALERTS.c.scope, wanted.scopes),
    ):
        if values:
            walk = walk.where(column.in_([value.value for value in values]))
    if wanted.since_us is not None:
        walk = walk.where(ALERTS.c.opened_us >= wanted.since_us)
    if wanted.until_us is not None:
        walk = walk.where(ALERTS.c.opened_us < wanted.until_us)
    if start is not None:
        here = tuple_(_key(wanted.sort), ALERTS.c.alert_id)
        there = tuple_(start.key, start.alert_id)
        walk = walk.where(here > there if wanted.sort is Sort.DEADLINE else here < there)
    return walk


def _places(connection: Connection, wanted: AlertFilter) -> Sequence[ColumnElement[bool] | None]:
    """Return one condition for each area asked for; an area within another adds nothing."""
    if not wanted.areas:
        return (None,)
    known = connection.execute(
        select(AREAS.c.code, AREAS.c.level, *(AREAS.c[name] for name in LEVEL_COLUMNS)).where(
            AREAS.c.code.in_(wanted.areas)
        )
    ).all()
    asked = {row.code for row in known}
    return [
        ALERTS.c[row.level] == row.code
        for row in known
        if not any(getattr(row, name) in asked - {row.code} for name in LEVEL_COLUMNS)
    ]


def _question(wanted: AlertFilter) -> str:
    return blake2b(msgspec.json.encode(wanted, order="sorted"), digest_size=6).hexdigest()


def _sealed(row: Any, wanted: AlertFilter) -> str:
    key = row.due_us if wanted.sort is Sort.DEADLINE else row.opened_us
    place = msgspec.json.encode(_Cursor(_question(wanted), key, row.alert_id))
    return urlsafe_b64encode(place).decode().rstrip("=")


def _opened(cursor: str, wanted: AlertFilter) -> _Cursor:
    if len(cursor) > _CURSOR_CHARS_MAX:
        raise CursorError("the cursor is none of ours")
    try:
        place = _read_cursor(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (msgspec.DecodeError, Base64Error, UnicodeError, ValueError) as error:
        raise CursorError("the cursor is none of ours") from error
    if place.question != _question(wanted):
        raise CursorError("the cursor belongs to another question: filters and order must agree")
    return place
