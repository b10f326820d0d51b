"""What the system says: alerts with reasons, assessments, clocks, dead letters, examples, models.

Rules: times are aware UTC datetimes; every sentence an officer reads is there in both languages;
an alert names its evidence before its score. Nothing here carries an identity or a note.
"""

from enum import StrEnum

from schemas.closed import Closed, Text
from schemas.events import Instant, Location, SafeContact
from schemas.taxonomy import Kind, Level, Origin, Purpose, Scope, Sign


class Change(StrEnum):
    """Why this revision of an alert was written."""

    OPENED = "opened"
    EVIDENCE_ADDED = "evidence_added"
    LEVEL_RAISED = "level_raised"
    REOPENED = "reopened"
    RECHECK_DUE = "recheck_due"
    MOVED = "moved"
    MERGED = "merged"
    EXPIRED = "expired"


class Evidence(Closed, frozen=True):
    """One incident behind an alert; `reports` counts near-duplicates merged into it."""

    signal_id: str
    time: Instant
    kind: Kind
    purpose: Purpose
    origin: Origin
    severity: int
    signs: tuple[Sign, ...]
    reports: int = 1


class Reason(Closed, frozen=True):
    """A named reason for a level, as a sentence in both languages."""

    code: str
    level: Level
    text: Text


class Contribution(Closed, frozen=True):
    """One additive part of a score: `weight` times the standardised distance from `usual`.

    `amount` is in log-odds; the amounts and the base of one score add up to its log-odds.
    """

    feature: str
    value: float
    usual: float
    weight: float
    amount: float
    text: Text


class Score(Closed, frozen=True):
    """A calibrated probability of severe harm within the horizon, and how it came about."""

    probability: float
    horizon_days: int
    model_version: str
    base: float
    contributions: tuple[Contribution, ...]
    uncalibrated: float


class Surge(Closed, frozen=True):
    """A rise of counts in an area: what was seen on `day`, what was usual, which detector spoke."""

    day: str
    count: int
    expected: float
    limit: float
    detectors: tuple[str, ...]
    within: tuple[str, ...] = ()


class Alert(Closed, frozen=True):
    """One revision of one alert. Sinks upsert by `alert_id` and ignore a lower `revision`.

    `open` says whether anybody should still act on it; `merged_into` names the alert that carries
    on where two histories turned out to be one person's.
    """

    alert_id: str
    revision: int
    change: Change
    scope: Scope
    subject: str
    kind: Kind
    level: Level
    area: str
    opened: Instant
    updated: Instant
    headline: Text
    evidence: tuple[Evidence, ...]
    reasons: tuple[Reason, ...]
    score: Score | None = None
    surge: Surge | None = None
    safe_contact: SafeContact | None = None
    location: Location | None = None
    open: bool = True
    merged_into: str | None = None
    version: int = 1


class Assessment(Closed, frozen=True):
    """What a stage made of one signal or surge, alert or none, and the named reason."""

    assessment_id: str
    scope: Scope
    subject: str
    kind: Kind
    area: str
    at: Instant
    decision: str
    level: Level | None = None
    probability: float | None = None
    model_version: str | None = None
    alert_id: str | None = None
    surge: Surge | None = None
    reasons: tuple[str, ...] = ()
    version: int = 1


class ClockState(StrEnum):
    """How a service clock stands."""

    OPENED = "opened"
    ANSWERED = "answered"
    OVERDUE = "overdue"


class ServiceClock(Closed, frozen=True, tag="clock"):
    """A response clock on the authority, keyed by receipt and joinable to no person.

    `return_address` is sealed: only the intake can turn it back into the request for help it
    belongs to. It is there for help requests only.
    """

    receipt: str
    state: ClockState
    purpose: Purpose
    kind: Kind
    area: str
    opened: Instant
    due: Instant
    updated: Instant
    return_address: bytes | None = None
    version: int = 1


class ClockAnswer(Closed, frozen=True, tag="answer"):
    """The authority answered the contact behind `receipt`."""

    receipt: str
    ingest_us: int


class VaultRecord(Closed, frozen=True):
    """Identity, note and location of one event, sealed with AES-GCM for the vault alone.

    `subject` is the person key, or empty where the event named no person or cannot be joined to
    one. `key_version` names the sealing key.
    """

    record_id: str
    subject: str
    key_version: str
    ingest_us: int
    sealed: bytes
    version: int = 1


class DeadLetter(Closed, frozen=True):
    """A record that could not be taken, with its reason and its original bytes, sealed.

    `detail` names the place in the record, never its content. `size` and `digest` (SHA-256, hex)
    are of the original bytes; `truncated` says that only the beginning was kept.
    """

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    first_seen: Instant | None
    code_version: str
    size: int
    digest: str
    key_version: str
    sealed: bytes
    headers: bytes | None = None
    truncated: bool = False
    version: int = 1


class LabelReason(StrEnum):
    """How a training example got its label."""

    HARM = "harm"
    HORIZON = "horizon"
    OUTCOME = "outcome"


class TrainingExample(Closed, frozen=True):
    """A scored feature snapshot with its matured label.

    `values` are in the order of feature set `features`; `harmed` is whether severe harm was
    reported within the horizon; `weight` is 1 for reported harm and less for discovered harm.
    """

    example_id: str
    features: str
    values: tuple[float, ...]
    harmed: bool
    weight: float
    label: LabelReason
    predicted: float
    model_version: str
    predicted_us: int
    ingest_us: int


class ModelSnapshot(Closed, frozen=True):
    """A person model at one moment: JSON state with version, epoch and SHA-256 of the body."""

    model_version: str
    epoch: int
    format: int
    body: bytes
    digest: str
    ingest_us: int
