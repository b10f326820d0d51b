"""What a question to the store gives back: closed values, with records as they were told.

Rules: a view never holds more than the tables; instants are aware UTC datetimes, as in the records
themselves. `line` are the areas an alert or event lies in, from the city down, itself included:
whoever may see one of them may see it.
"""

from typing import NamedTuple

from alerts.store.lifecycle import AlertState
from schemas.closed import Closed, Text
from schemas.events import Instant
from schemas.outcomes import Alert, Assessment
from schemas.taxonomy import Channel, Feed, Kind, Level, Origin, Purpose, Sign


class AlertView(Closed, frozen=True):
    """An alert at its newest revision, and how it stands; `due` only while it is open."""

    alert: Alert
    state: AlertState
    open: bool
    due: Instant | None
    line: tuple[str, ...]


class AlertPage(NamedTuple):
    """One page of alerts; `cursor` asks for the next one, None where there is none."""

    rows: tuple[AlertView, ...]
    cursor: str | None


class Step(Closed, frozen=True):
    """One step in an alert's timeline: a revision of the stage or an officer's decision.

    `by` is the id of the token that decided, empty for the stage.
    """

    at: Instant
    revision: int
    what: str
    level: Level | None = None
    headline: Text | None = None
    outcome: str | None = None
    by: str = ""


class EventView(Closed, frozen=True):
    """One report, without identity, note or location; `channel` is known where a person is."""

    id: str
    feed: Feed
    kind: Kind
    purpose: Purpose
    origin: Origin
    channel: Channel | None
    severity: int
    signs: tuple[Sign, ...]
    area: str
    time: Instant
    ingesttime: Instant
    person: str | None
    line: tuple[str, ...]


class AlertDetail(Closed, frozen=True):
    """An alert with the events behind it (those still kept) and its timeline, oldest first."""

    view: AlertView
    events: tuple[EventView, ...]
    timeline: tuple[Step, ...]


class PersonView(Closed, frozen=True):
    """What is known under a person key, newest first, each list bounded."""

    person: str
    alerts: tuple[AlertView, ...]
    events: tuple[EventView, ...]
    assessments: tuple[Assessment, ...]


class AreaName(Closed, frozen=True):
    """An area and what it is called."""

    code: str
    level: str
    name: Text


class AreaView(Closed, frozen=True):
    """An area, its line from the city down, its children, and open alerts of areas in it."""

    code: str
    level: str
    name: Text
    line: tuple[str, ...]
    children: tuple[AreaName, ...]
    alarms: tuple[AlertView, ...]


class SeriesDay(Closed, frozen=True):
    """One local day of a series (ISO date).

    `reports` counts each report once; `expected` is the usual count, `bound` the smallest that is a
    surge, neither while too little is known. On a day that the stage judged a surge both are its
    own words, and so are `incidents` (near-duplicates merged), `level` and `alert_id`.
    """

    day: str
    reports: int
    incidents: int | None = None
    expected: float | None = None
    bound: float | None = None
    level: Level | None = None
    alert_id: str | None = None


class ModelView(Closed, frozen=True):
    """A version of the person model; `active` says whether it is the one in use."""

    model_version: str
    epoch: int | None
    digest: str | None
    bytes: int | None
    published: Instant | None
    activated: Instant | None
    active: bool


class ChangeView(NamedTuple):
    """One change of an alert, in the order of `sequence`; the alert is as of now."""

    sequence: int
    what: str
    view: AlertView


class Changes(NamedTuple):
    """What changed after a sequence.

    `last` is the sequence to ask after next; `lost` says that changes after the one asked for are
    not kept any more (or never were told): whoever follows should read the list again.
    """

    rows: tuple[ChangeView, ...]
    last: int
    lost: bool
