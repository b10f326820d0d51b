"""What can be asked: alerts, persons, areas, series, events, models; only what the caller may see.

Rules: an alert is answered with its evidence before its reasons and its score. What lies in foreign
areas is left out of lists, and is not found by its id. Runs in threads, because the store blocks.
"""

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Path, Query
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from alerts.store.lifecycle import AlertState
from alerts.store.pages import AREAS_MAX, PAGE_MAX, AlertFilter, CursorError, Sort
from alerts.store.places import line_of
from alerts.store.reading import Reading
from alerts.store.tokens import Caller
from alerts.store.views import AlertView, ModelView, PersonView
from api.access import caller_of, own_area, sees
from api.answering import answered
from api.parts import Parts
from api.problem_words import ProblemType
from api.problems import Problem, bad_parameter, not_found
from api.series import DAYS_MAX, Series, SeriesReader
from schemas.events import Instant
from schemas.taxonomy import Kind, Level, Scope
from schemas.times import from_us, to_us

SERIES_DAYS = 90
AREA_PATTERN = r"^[^\x00-\x20\x7f-\x9f/?#]{1,64}$"
ID_PATTERN = r"^[0-9A-Za-z_.:-]{1,128}$"
PERSON_PATTERN = r"^[0-9a-f]{32}$"
_DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

AreaCode = Annotated[str, StringConstraints(pattern=AREA_PATTERN)]
PathId = Annotated[str, Path(pattern=ID_PATTERN)]
PathArea = Annotated[str, Path(pattern=AREA_PATTERN)]
PathPerson = Annotated[str, Path(pattern=PERSON_PATTERN)]
Day = Annotated[str | None, Query(pattern=_DATE_PATTERN, json_schema_extra={"format": "date"})]
Moment = Annotated[str | None, Query(max_length=40, json_schema_extra={"format": "date-time"})]


class AlertList(msgspec.Struct, frozen=True):
    """A page of alerts; `next_cursor` asks for the next one, null where this is the last."""

    items: tuple[AlertView, ...]
    next_cursor: str | None


class ModelList(msgspec.Struct, frozen=True):
    """Versions of the person model, newest first."""

    items: tuple[ModelView, ...]


class Asking:
    """Answers questions from the store."""

    def __init__(self, parts: Parts, reading: Reading) -> None:
        self._parts = parts
        self._reading = reading
        self._series = SeriesReader(reading, parts.surveillance)

    def alerts(
        self,
        request: Request,
        level: Annotated[list[Level], Query(max_length=4)] = [],  # noqa: B006  # FastAPI copies it
        state: Annotated[list[AlertState], Query(max_length=6)] = [],  # noqa: B006  # as above
        kind: Annotated[list[Kind], Query(max_length=20)] = [],  # noqa: B006  # as above
        scope: Annotated[list[Scope], Query(max_length=3)] = [],  # noqa: B006  # as above
        area: Annotated[list[AreaCode], Query(max_length=AREAS_MAX)] = [],  # noqa: B006  # as above
        since: Moment = None,
        until: Moment = None,
        sort: Sort = Sort.TIME,
        cursor: Annotated[str | None, Query(max_length=512)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> Response:
        """List alerts."""
        caller = caller_of(request)
        for code in area:
            own_area(caller, code, self._reading)
        wanted = AlertFilter(
            levels=tuple(level),
            states=tuple(state),
            kinds=tuple(kind),
            scopes=tuple(scope),
            areas=tuple(area) or caller.areas,
            since_us=_moment("since", since),
            until_us=_moment("until", until),
            sort=sort,
        )
        try:
            page = self._reading.alerts(wanted, cursor=cursor, limit=limit)
        except CursorError as error:
            raise Problem(ProblemType.BAD_CURSOR) from error
        return answered(request, AlertList(page.rows, page.cursor))

    def alert(self, request: Request, alert_id: PathId) -> Response:
        """Show one alert with its evidence and timeline."""
        found = self._reading.alert(alert_id)
        if found is None or not sees(caller_of(request), found.view.line):
            raise not_found()
        return answered(request, found, revision=found.view.alert.revision)

    def person(self, request: Request, key: PathPerson) -> Response:
        """Show what is known under a person key, in the caller's areas."""
        found = self._reading.person(key)
        shown = None if found is None else self._own_part(caller_of(request), found)
        if shown is None:
            raise not_found()
        return answered(request, shown)

    def area(self, request: Request, code: PathArea) -> Response:
        """Show an area with its children and alarms."""
        own_area(caller_of(request), code, self._reading)
        found = self._reading.area(code)
        if found is None:
            raise not_found()
        return answered(request, found)

    def series(
        self,
        request: Request,
        code: PathArea,
        kind: Annotated[Kind, Query()],
        since: Day = None,
        until: Day = None,
    ) -> Response:
        """Show the daily counts of one kind of matter in an area, with what is usual."""
        own_area(caller_of(request), code, self._reading)
        zone = self._reading.time_zone() or self._parts.directory.time_zone
        today = from_us(self._parts.now_us()).astimezone(ZoneInfo(zone)).date()
        last = _day("until", until) or today
        first = _day("since", since) or max(date.min, last - timedelta(days=SERIES_DAYS - 1))
        if not 0 <= (last - first).days < DAYS_MAX:
            raise bad_parameter("since")
        if not self._reading.line(code):
            raise not_found()
        newest = min(last, today).toordinal()
        days = self._series.days(code, kind, first.toordinal(), newest)
        return answered(request, Series(code, kind, zone, days))

    def event(self, request: Request, event_id: PathId) -> Response:
        """Show one report."""
        found = self._reading.event(event_id)
        if found is None or not sees(caller_of(request), found.line):
            raise not_found()
        return answered(request, found)

    def models(self, request: Request) -> Response:
        """List versions of the person model."""
        return answered(request, ModelList(self._reading.models()))

    def _own_part(self, caller: Caller, found: PersonView) -> PersonView | None:
        """Return the part of a person's matters that lies in the caller's areas."""
        if not caller.areas:
            return found
        alerts = tuple(one for one in found.alerts if sees(caller, one.line))
        events = tuple(one for one in found.events if sees(caller, one.line))
        directory = self._parts.directory
        assessments = tuple(
            one
            for one in found.assessments
            if sees(caller, tuple(line_of(one.area, directory).values()))
        )
        if not (alerts or events or assessments):
            return None
        return PersonView(found.person, alerts, events, assessments)


def _moment(name: str, text: str | None) -> int | None:
    """Return an instant of RFC 3339 with its zone; Problem for anything else."""
    if text is None:
        return None
    try:
        return to_us(msgspec.convert(text, Instant))
    except (msgspec.ValidationError, OverflowError) as error:
        raise bad_parameter(name) from error


def _day(name: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(name) from error
