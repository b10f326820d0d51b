"""What the stages read and write: signals, ticks, transitions, moves, activations.

Rules: whatever can change a decision of a stage is a record of its own log, so a log replayed gives
the same bytes. `ingest_us` is the record's own time and is what a step calls *now*. A person is
named by a key (keyed HMAC, 32 hex digits), never by an identifier. Ids are deterministic.
"""

from enum import StrEnum

from schemas.closed import Closed
from schemas.events import Location, SafeContact
from schemas.taxonomy import Channel, Feed, Kind, Origin, Outcome, Purpose, Scope, Sign

UNASSIGNED_AREA = "unassigned"
"""The area of an incident whose area code is not in the directory."""


class PersonSignal(Closed, frozen=True, tag="signal"):
    """One report of harm or need about one person at risk."""

    signal_id: str
    person: str
    kind: Kind
    purpose: Purpose
    origin: Origin
    channel: Channel
    feed: Feed
    severity: int
    signs: tuple[Sign, ...]
    area: str
    time_us: int
    ingest_us: int
    safe_contact: SafeContact | None = None


class AreaSignal(Closed, frozen=True, tag="signal"):
    """One report of harm or need in one area.

    `place` is a keyed hash of the location rounded to about 100 m, for finding near-duplicates.
    An `anonymous` signal names no person: rule floors are then applied to the incident itself, and
    `location` is kept so that help can find it.
    """

    signal_id: str
    area: str
    kind: Kind
    purpose: Purpose
    origin: Origin
    feed: Feed
    severity: int
    signs: tuple[Sign, ...]
    time_us: int
    ingest_us: int
    place: str | None = None
    anonymous: bool = False
    location: Location | None = None


class Tick(Closed, frozen=True, tag="tick"):
    """Time passed: source `source` has said everything up to `at_us`, and so have `others`."""

    source: str
    at_us: int
    others: tuple[str, ...] = ()


class Action(StrEnum):
    """What happened to an alert, or to a request for help, outside the stage."""

    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    BOUNCED = "bounced"
    EXTENDED = "extended"
    ESCALATED = "escalated"
    CONTACTED = "contacted"
    HANDLED = "handled"
    CALLED_BACK = "called_back"
    CLOSED = "closed"
    REOPENED = "reopened"
    HELP_ANSWERED = "help_answered"
    HELP_OVERDUE = "help_overdue"


class Transition(Closed, frozen=True, tag="transition"):
    """A change of an alert's lifecycle, or of an open request for help, coming back into the log.

    `alert_id` names the episode; for `help_answered` and `help_overdue` it is empty and `signal_id`
    names the request. `outcome` is what the officer found, on closing.
    """

    transition_id: str
    scope: Scope
    subject: str
    action: Action
    ingest_us: int
    alert_id: str = ""
    signal_id: str = ""
    outcome: Outcome | None = None


class MoveReason(StrEnum):
    """Why one person's history moves to another key."""

    ROTATION = "rotation"
    MERGE = "merge"


class HistoryMove(Closed, frozen=True, tag="move"):
    """The history of `person` is to move to the key `to`; read in the partition of `person`."""

    person: str
    to: str
    reason: MoveReason
    ingest_us: int


class HistoryArrival(Closed, frozen=True, tag="arrival"):
    """A moved history (state bytes with version) arrives at its new key `person`."""

    person: str
    moved_from: str
    history: bytes
    ingest_us: int


class Activated(StrEnum):
    """What a new version of can be activated."""

    PERSON_MODEL = "person_model"


class Activation(Closed, frozen=True, tag="activation"):
    """From here on this partition uses version `version`; its body is on the compacted topic."""

    what: Activated
    version: str
    epoch: int
    ingest_us: int


class Alias(Closed, frozen=True, tag="alias"):
    """The key `person` is known as `to` from now on; published by the vault."""

    person: str
    to: str
    reason: MoveReason
    ingest_us: int


class KeyActivation(Closed, frozen=True, tag="key"):
    """From now on pseudonyms are made with version `version` of the keyring."""

    version: str
    ingest_us: int


PersonRecord = PersonSignal | Tick | Transition | HistoryMove | HistoryArrival | Activation
AreaRecord = AreaSignal | Tick | Transition
AliasRecord = Alias | KeyActivation
