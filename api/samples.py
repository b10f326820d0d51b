"""One example of every answer, for the OpenAPI document; persons, numbers and places are made up.

Rules: an example is a value of its type, so it cannot go stale.
"""

from typing import Any

import msgspec

from alerts.store.lifecycle import AlertState
from alerts.store.views import (
    AlertDetail,
    AlertView,
    AreaName,
    AreaView,
    EventView,
    ModelView,
    PersonView,
    SeriesDay,
    Step,
)
from api.asking import AlertList, ModelList
from api.deciding import Acknowledge, Close, Decided
from api.hub import StreamedAlert
from api.posting import Accepted
from api.receiving import ItemRefused
from api.series import Series
from api.streaming import Ended
from api.watching import Standing
from schemas.closed import Text
from schemas.events import Event
from schemas.examples import event_of, examples
from schemas.outcomes import Alert, Assessment
from schemas.taxonomy import Channel, Feed, Kind, Level, Origin, Outcome, Purpose
from schemas.times import HOUR_US, from_us, to_us

CURSOR = "WyI0ZTZiYzQyMWUyYzgiLDE3OTM1Mzg1NTIwMDAwMDAsIjlhM2I1YzdkIl0"
LINE = ("4407", "440703", "440703101", "440703101002", "440703101002003")


def alert_view() -> AlertView:
    """Return an open alert."""
    alert = examples()["Alert"]
    assert isinstance(alert, Alert)  # noqa: S101  # narrows the type; the name says it
    due = from_us(to_us(alert.opened) + 8 * HOUR_US)
    return AlertView(alert, AlertState.NEW, open=True, due=due, line=LINE)


def event_view() -> EventView:
    """Return the report behind that alert."""
    one = alert_view().alert.evidence[0]
    return EventView(
        id=one.signal_id,
        feed=Feed.INCIDENT,
        kind=one.kind,
        purpose=Purpose.HARM_REPORT,
        origin=Origin.REPORTED,
        channel=Channel.PHONE,
        severity=one.severity,
        signs=one.signs,
        area=LINE[-1],
        time=one.time,
        ingesttime=alert_view().alert.opened,
        person=alert_view().alert.subject,
        line=LINE,
    )


def alert_detail() -> AlertDetail:
    """Return the alert with its evidence and timeline."""
    view = alert_view()
    step = Step(view.alert.opened, 1, "opened", view.alert.level, view.alert.headline)
    return AlertDetail(view, (event_view(),), (step,))


def area_view() -> AreaView:
    """Return a county."""
    town = AreaName("440703101", "town", Text(en="a town", zh="某镇"))
    return AreaView("440703", "county", Text(en="a county", zh="某区"), LINE[:2], (town,), ())


def person_view() -> PersonView:
    """Return what is known under a person key."""
    assessment = examples()["Assessment"]
    assert isinstance(assessment, Assessment)  # noqa: S101  # narrows the type; the name says it
    return PersonView(alert_view().alert.subject, (alert_view(),), (event_view(),), (assessment,))


def _series() -> Series:
    days = (
        SeriesDay("2026-10-31", 4, expected=4.13, bound=9.0),
        SeriesDay("2026-11-01", 15, 14, 4.2, 9.0, Level.YELLOW, alert_view().alert.alert_id),
    )
    return Series("440703101", Kind.FIRE_GAS_HAZARD, "Asia/Shanghai", days)


def _model() -> ModelView:
    at = alert_view().alert.opened
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    return ModelView("m-12", 4, digest, 2_048, at, at, active=True)


def samples() -> dict[str, Any]:
    """Return an example of every body by the name of its type, as it is on the wire."""
    refused = ItemRefused(
        17, 422, "urn:forewarn:problem:event-refused", "out_of_range", "$.data.severity"
    )
    alert = alert_view()
    decided = Decided(
        "0b1c2d3e4f5061728394a5b6c7d8e9f0", alert.alert.alert_id, 1, "close", AlertState.CLOSED,
        repeated=False,
    )  # fmt: skip
    values: tuple[Any, ...] = (
        AlertList((alert,), CURSOR),
        alert_detail(),
        person_view(),
        area_view(),
        _series(),
        event_view(),
        ModelList((_model(),)),
        Accepted(999, [refused]),
        decided,
        Close(Outcome.AVERTED),
        Acknowledge(),
        StreamedAlert(42, "opened", alert),
        Ended("stopping"),
        Standing("ok", "forewarn-0.1.0", "ok", "ok"),
    )
    return {type(value).__name__: msgspec.to_builtins(value) for value in values}


def posted_event() -> dict[str, Any]:
    """Return an event as a gateway posts it, without an ingest time."""
    event: Event = msgspec.structs.replace(event_of(Feed.INCIDENT), ingesttime=None)
    plain: dict[str, Any] = msgspec.to_builtins(event)
    return plain
