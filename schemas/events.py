"""What comes in: CloudEvents 1.0 about a person at risk, a need or a place.

Rules: `person` is the person at risk, never the reporter or another party; there is no field for an
aggressor, a reporter or a demographic, and an unknown field is refused. `time` is when it happened,
`ingesttime` when it reached us. A note is for the officer only and is never a feature.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.closed import Closed
from schemas.taxonomy import Channel, Feed, Kind, Origin, Purpose, Scheme, Sign

NOTE_CHARS_MAX = 2_000
AREA_CODE_CHARS_MAX = 64

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Source = Annotated[str, Meta(min_length=1, max_length=256)]
AreaCode = Annotated[str, Meta(min_length=1, max_length=AREA_CODE_CHARS_MAX)]
Instant = Annotated[datetime, Meta(tz=True)]
# `$` of Python also matches before a last line break, and its `\d` other digits than ours.
_HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)"
Hours = Annotated[str, Meta(pattern=_HOURS)]
Severity = Annotated[int, Meta(ge=0, le=4)]

EventType = Literal[
    "forewarn.incident-report.v1", "forewarn.hotline-call.v1", "forewarn.grid-observation.v1"
]

FEED_OF_TYPE: dict[EventType, Feed] = {
    "forewarn.incident-report.v1": Feed.INCIDENT,
    "forewarn.hotline-call.v1": Feed.HOTLINE,
    "forewarn.grid-observation.v1": Feed.GRID,
}
TYPE_OF_FEED: dict[Feed, EventType] = {feed: type_name for type_name, feed in FEED_OF_TYPE.items()}


class SafeContact(Closed, frozen=True):
    """How the person at risk can be reached without adding to the danger (local hours)."""

    hours: Hours | None = None
    never_inform_household: bool = False


class Person(Closed, frozen=True):
    """The person at risk of harm, by one identifier."""

    scheme: Scheme
    value: Annotated[str, Meta(min_length=1, max_length=128)]
    safe_contact: SafeContact | None = None


class Location(Closed, frozen=True):
    """Where it happened, WGS 84 degrees."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]


class EventData(Closed, frozen=True):
    """The matter itself; `severity` runs from 0 (none) to 4 (danger to life)."""

    purpose: Purpose
    kind: Kind
    area: AreaCode
    severity: Severity
    signs: Annotated[tuple[Sign, ...], Meta(max_length=12)]
    origin: Origin
    channel: Channel
    person: Person | None = None
    location: Location | None = None
    note: Annotated[str, Meta(max_length=NOTE_CHARS_MAX)] | None = None


class Event(Closed, frozen=True, kw_only=True):
    """One contact in CloudEvents 1.0 structured form."""

    specversion: Literal["1.0"]
    id: Id
    source: Source
    type: EventType
    time: Instant
    ingesttime: Instant | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    data: EventData


class RawRecord(Closed, frozen=True):
    """Bytes as they came, before anybody looked inside.

    `received_us` is the broker's append time or the feeder's; it bounds `ingesttime` from above.
    `headers` are in lower case; `topic`, `partition` and `offset` name the place for a dead letter.
    Where a reader kept only the beginning of a record that is far too long, `size` (bytes) and
    `digest` (SHA-256, hex) are of the whole.
    """

    value: bytes
    topic: str
    partition: int
    offset: int
    received_us: int
    headers: tuple[tuple[str, bytes], ...] = ()
    size: int = 0
    digest: str = ""
