"""From an episode in a history to what the outside is told: an alert revision with its evidence.

Rules: evidence comes before the score; it is of the episode's kind, newest last, bounded. Nothing
is told that could name the person; how to reach them safely is told every time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from alerts.wording import headline
from detectors.floors import REASON_OF_CODE
from schemas.events import SafeContact
from schemas.outcomes import Alert, Change, Evidence, Reason, Score
from schemas.state import Episode, Incident, PersonHistory
from schemas.taxonomy import Kind, Level, Origin, Purpose, Scope, members_of, signs_in
from schemas.times import from_us
from streams.history import incident_of

EVIDENCE_MAX = 20
LATE_EVIDENCE_MAX = 5
KINDS = members_of(Kind)
_PURPOSES = members_of(Purpose)
_ORIGINS = members_of(Origin)
LEVELS = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)


class Telling(NamedTuple):
    """What one revision of an alert is made of."""

    person: str
    history: PersonHistory
    episode: Episode
    change: Change
    incidents: Sequence[Incident]
    now_us: int
    reasons: Sequence[Reason] = ()
    score: Score | None = None
    merged_into: str | None = None


def alert_of(telling: Telling) -> Alert:
    """Return the alert record of one revision."""
    history, episode = telling.history, telling.episode
    kind, level = KINDS[episode.kind], LEVELS[episode.level]
    reasons = tuple(telling.reasons) or known_reasons(episode)
    return Alert(
        alert_id=episode.alert_id,
        revision=episode.revision,
        change=telling.change,
        scope=Scope.PERSON,
        subject=telling.person,
        kind=kind,
        level=level,
        area=episode.area,
        opened=from_us(episode.opened_us),
        updated=from_us(telling.now_us),
        headline=headline(
            scope=Scope.PERSON,
            kind=kind,
            level=level,
            change=telling.change,
            reasons=reasons,
            never_inform=history.never_inform,
        ),
        evidence=_evidence(telling),
        reasons=reasons,
        score=telling.score,
        safe_contact=_safe_contact(history),
        open=episode.open,
        merged_into=telling.merged_into,
    )


def known_reasons(episode: Episode) -> tuple[Reason, ...]:
    """Return the rule floors among an episode's reasons, for revisions without new evidence."""
    return tuple(REASON_OF_CODE[code] for code in episode.reasons if code in REASON_OF_CODE)


def _evidence(telling: Telling) -> tuple[Evidence, ...]:
    kind = telling.episode.kind
    own = [incident for incident in telling.incidents if incident.kind == kind]
    late = [incident_of(past) for past in telling.episode.late]
    ordered = sorted((*late, *own), key=lambda one: (one.time_us, one.signal))
    return tuple(_told(incident) for incident in ordered[-EVIDENCE_MAX:])


def _told(incident: Incident) -> Evidence:
    return Evidence(
        signal_id=incident.signal.hex(),
        time=from_us(incident.time_us),
        kind=KINDS[incident.kind],
        purpose=_PURPOSES[incident.purpose],
        origin=_ORIGINS[incident.origin],
        severity=incident.severity,
        signs=signs_in(incident.signs),
        reports=incident.reports,
    )


def _safe_contact(history: PersonHistory) -> SafeContact | None:
    if history.safe_hours is None and not history.never_inform:
        return None
    return SafeContact(history.safe_hours, history.never_inform)
