"""All that is asked of the store: alerts, persons, areas, series, events, models, changes.

Rules: every list has a bound; what is not there is None or empty; nothing here writes. Raises
StoreError where the database is away, CursorError for a cursor that is none of ours.
"""

from typing import Any

from sqlalchemy import Connection, Engine, func, select

from alerts.store.counting import Counting, counting_of
from alerts.store.engine import answers, meta_of, reading_on
from alerts.store.own_tables import OUTBOX, TRANSITIONS
from alerts.store.pages import (
    NEWEST_REVISION,
    SHOWN,
    AlertFilter,
    Sort,
    alert_view,
    page_of,
)
from alerts.store.shown import area_name, event_view, line_in, model_view, series_day
from alerts.store.tables import (
    ALERTS,
    AREA_DAYS,
    AREAS,
    ASSESSMENTS,
    CHANGES,
    EVENTS,
    LEVEL_COLUMNS,
    MODELS,
    REVISIONS,
)
from alerts.store.views import (
    AlertDetail,
    AlertPage,
    AlertView,
    AreaView,
    Changes,
    ChangeView,
    EventView,
    ModelView,
    PersonView,
    SeriesDay,
    Step,
)
from schemas.codec import decoder_of
from schemas.taxonomy import Kind, Level, Scope
from schemas.times import from_us
from schemas.topics import ALERTS as ALERTS_TOPIC
from schemas.topics import ASSESSMENTS as ASSESSMENTS_TOPIC

LISTED_MAX = 200
DAYS_MAX = 3_660
CHILDREN_MAX = 5_000
SEQUENCE = "sequence"
"""Under these names `meta` keeps the last sequence given, and the last one not kept any more."""
SEQUENCE_FLOOR = "sequence_floor"
TIME_ZONE = "time_zone"
_read_alert = decoder_of(ALERTS_TOPIC.name)
_read_assessment = decoder_of(ASSESSMENTS_TOPIC.name)


class Reading:
    """Questions to the store; safe to share among threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ready(self) -> bool:
        """Say whether the store answers."""
        return answers(self._engine)

    def alerts(
        self, wanted: AlertFilter, *, cursor: str | None = None, limit: int = 50
    ) -> AlertPage:
        """Return a page of alerts. Raises CursorError; ValueError for more than 200 at once."""
        with reading_on(self._engine) as connection:
            return page_of(connection, wanted, cursor, limit)

    def alert(self, alert_id: str) -> AlertDetail | None:
        """Return an alert with the events of its evidence and its timeline."""
        with reading_on(self._engine) as connection:
            view = _one_alert(connection, alert_id)
            if view is None:
                return None
            behind = [one.signal_id for one in view.alert.evidence]
            events = _events(connection, EVENTS.c.signal_id.in_(behind))
            return AlertDetail(view, tuple(reversed(events)), _timeline(connection, alert_id))

    def person(self, key: str) -> PersonView | None:
        """Return what is known under a person key; None where nothing is."""
        about_person = (ALERTS.c.scope == Scope.PERSON.value) & (ALERTS.c.subject == key)
        with reading_on(self._engine) as connection:
            alerts = connection.execute(
                select(*SHOWN)
                .select_from(NEWEST_REVISION)
                .where(about_person)
                .order_by(ALERTS.c.opened_us.desc())
                .limit(LISTED_MAX)
            ).all()
            events = _events(connection, EVENTS.c.person == key)
            assessed = connection.execute(
                select(ASSESSMENTS.c.body)
                .where(ASSESSMENTS.c.subject == key, ASSESSMENTS.c.scope == Scope.PERSON.value)
                .order_by(ASSESSMENTS.c.at_us.desc())
                .limit(LISTED_MAX)
            ).scalars()
            assessments = tuple(_read_assessment(body) for body in assessed)
        if not (alerts or events or assessments):
            return None
        return PersonView(key, tuple(map(alert_view, alerts)), tuple(events), assessments)

    def area(self, code: str) -> AreaView | None:
        """Return an area, its children by code, and the open alerts of areas in it."""
        with reading_on(self._engine) as connection:
            row = connection.execute(select(AREAS).where(AREAS.c.code == code)).one_or_none()
            if row is None:
                return None
            below = connection.execute(
                select(AREAS)
                .where(AREAS.c.parent == code)
                .order_by(AREAS.c.code)
                .limit(CHILDREN_MAX)
            ).all()
            wanted = AlertFilter(areas=(code,), scopes=(Scope.AREA,), sort=Sort.DEADLINE)
            alarms = page_of(connection, wanted, None, LISTED_MAX).rows
        name = area_name(row)
        children = tuple(map(area_name, below))
        return AreaView(code, name.level, name.name, line_in(row), children, alarms)

    def line(self, code: str) -> tuple[str, ...]:
        """Return the areas that an area lies in, from the city down; empty for one not known."""
        with reading_on(self._engine) as connection:
            row = connection.execute(select(AREAS).where(AREAS.c.code == code)).one_or_none()
        return () if row is None else line_in(row)

    def series(self, code: str, kind: Kind, first_day: int, last_day: int) -> tuple[SeriesDay, ...]:
        """Return the days of a series that have a row, from first to last local day ordinal.

        Raises ValueError for a span of more than ten years.
        """
        if last_day - first_day >= DAYS_MAX:
            raise ValueError(f"a series is asked for at most {DAYS_MAX} days")
        days = (
            select(AREA_DAYS)
            .where(
                AREA_DAYS.c.area == code,
                AREA_DAYS.c.kind == kind.value,
                AREA_DAYS.c.day.between(first_day, last_day),
            )
            .order_by(AREA_DAYS.c.day)
        )
        with reading_on(self._engine) as connection:
            return tuple(series_day(row) for row in connection.execute(days))

    def counting(self, code: str) -> Counting | None:
        """Return since when an area's county is counted and in how many series; None: not yet."""
        with reading_on(self._engine) as connection:
            return counting_of(connection, code)

    def time_zone(self) -> str | None:
        """Return the time zone of local days, None before the first projection."""
        with reading_on(self._engine) as connection:
            return meta_of(connection, TIME_ZONE)

    def event(self, signal_id: str) -> EventView | None:
        """Return one report by its id, `alerts.vault.pseudonyms.signal_id(source, id)`."""
        with reading_on(self._engine) as connection:
            found = _events(connection, EVENTS.c.signal_id == signal_id)
        return found[0] if found else None

    def models(self) -> tuple[ModelView, ...]:
        """Return versions of the person model, newest first."""
        newest = select(MODELS).order_by(
            func.coalesce(MODELS.c.published_us, MODELS.c.activated_us).desc()
        )
        with reading_on(self._engine) as connection:
            rows = connection.execute(newest.limit(LISTED_MAX)).all()
        active = max(
            (row for row in rows if row.activated_us is not None),
            key=lambda row: (row.activated_us, row.epoch or 0),
            default=None,
        )
        return tuple(model_view(row, active) for row in rows)

    def sequence(self) -> int:
        """Return the sequence of the newest change, 0 before the first."""
        with reading_on(self._engine) as connection:
            return int(meta_of(connection, SEQUENCE) or 0)

    def alerts_after(self, sequence: int, *, limit: int = LISTED_MAX) -> Changes:
        """Return what changed after a sequence, oldest first."""
        changed = (
            select(*SHOWN, CHANGES.c.sequence, CHANGES.c.what)
            .select_from(CHANGES.join(NEWEST_REVISION, CHANGES.c.alert_id == ALERTS.c.alert_id))
            .where(CHANGES.c.sequence > sequence)
            .order_by(CHANGES.c.sequence)
            .limit(min(limit, LISTED_MAX))
        )
        with reading_on(self._engine) as connection:
            last = int(meta_of(connection, SEQUENCE) or 0)
            floor = int(meta_of(connection, SEQUENCE_FLOOR) or 0)
            rows = connection.execute(changed).all()
        if sequence < floor or sequence > last:
            return Changes((), last, lost=True)
        told = tuple(ChangeView(row.sequence, row.what, alert_view(row)) for row in rows)
        return Changes(told, told[-1].sequence if told else sequence, lost=False)

    def outbox_depth(self) -> int:
        """Return how many decisions still wait to be put on the logs."""
        with reading_on(self._engine) as connection:
            waiting = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.sent_us.is_(None))
            return int(connection.execute(waiting).scalar_one())


def _one_alert(connection: Connection, alert_id: str) -> AlertView | None:
    row = connection.execute(
        select(*SHOWN).select_from(NEWEST_REVISION).where(ALERTS.c.alert_id == alert_id)
    ).one_or_none()
    return None if row is None else alert_view(row)


def _timeline(connection: Connection, alert_id: str) -> tuple[Step, ...]:
    told = connection.execute(
        select(REVISIONS)
        .where(REVISIONS.c.alert_id == alert_id)
        .order_by(REVISIONS.c.revision.desc())
        .limit(LISTED_MAX)
    ).all()
    decided = connection.execute(
        select(TRANSITIONS)
        .where(TRANSITIONS.c.alert_id == alert_id)
        .order_by(TRANSITIONS.c.at_us.desc())
        .limit(LISTED_MAX)
    ).all()
    steps = [
        Step(
            from_us(row.at_us),
            row.revision,
            row.change,
            Level(row.level),
            _read_alert(row.body).headline,
        )
        for row in told
    ]
    steps += [
        Step(from_us(row.at_us), row.revision, row.action, outcome=row.outcome, by=row.token_id)
        for row in decided
    ]
    return tuple(sorted(steps, key=lambda step: (step.at, step.revision, bool(step.by))))


def _events(connection: Connection, which: Any) -> list[EventView]:
    """Return events, newest first, at most as many as a list holds."""
    found = (
        select(EVENTS, *(AREAS.c[name] for name in LEVEL_COLUMNS))
        .select_from(EVENTS.outerjoin(AREAS, AREAS.c.code == EVENTS.c.area))
        .where(which)
        .order_by(EVENTS.c.time_us.desc(), EVENTS.c.signal_id)
        .limit(LISTED_MAX)
    )
    return [event_view(row) for row in connection.execute(found)]
