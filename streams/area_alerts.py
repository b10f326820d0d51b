"""What the area stage tells: surges of areas, and incidents without a person.

Rules: a surge says what was seen, what is usual and which detectors agreed. An incident without a
person carries its location, as there is nobody else to ask where help is needed.
"""

from datetime import date

from alerts.episodes import EpisodePolicy, alert_id_of
from alerts.policy import AreaPolicy, Decision
from alerts.wording import headline
from schemas.areas import Directory
from schemas.outcomes import Alert, Assessment, Change, Evidence, Surge
from schemas.records import UNASSIGNED_AREA, AreaSignal
from schemas.state import Episode, Risen
from schemas.taxonomy import Kind, Level, Scope
from schemas.times import from_us
from streams.outputs import Outputs
from streams.person_alerts import LEVELS

WITHIN_MAX = 50


def area_alert_id(area: str, kind: Kind, day: int) -> str:
    """Return the id of the alert that a surge of `kind` in `area` on day ordinal `day` opens."""
    return alert_id_of(Scope.AREA, kind.value, f"{area} {day}")


def incident_alert(
    signal: AreaSignal, decision: Decision, alert_id: str, directory: Directory
) -> Alert:
    """Return the red alert of an incident without a person."""
    at = from_us(signal.ingest_us)
    known = signal.area != UNASSIGNED_AREA and directory.known(signal.area)
    return Alert(
        alert_id=alert_id,
        revision=1,
        change=Change.OPENED,
        scope=Scope.INCIDENT,
        subject=signal.signal_id,
        kind=signal.kind,
        level=decision.level or Level.RED,
        area=signal.area,
        opened=at,
        updated=at,
        headline=headline(
            scope=Scope.INCIDENT,
            kind=signal.kind,
            level=decision.level or Level.RED,
            change=Change.OPENED,
            reasons=decision.reasons,
            place=directory.name(signal.area) if known else None,
        ),
        evidence=(
            Evidence(
                signal.signal_id,
                from_us(signal.time_us),
                signal.kind,
                signal.purpose,
                signal.origin,
                signal.severity,
                signal.signs,
            ),
        ),
        reasons=decision.reasons,
        location=signal.location,
    )


class AreaTeller:
    """Puts surges into alerts and assessments, with names from the directory."""

    def __init__(self, directory: Directory, episodes: EpisodePolicy, policy: AreaPolicy) -> None:
        self.directory = directory
        self.episodes = episodes
        self.policy = policy

    def surge(self, verdict: Risen, within: tuple[str, ...]) -> Surge:
        """Return what was seen, for alert and assessment."""
        return Surge(
            date.fromordinal(verdict.day).isoformat(),
            verdict.count,
            round(verdict.expected, 2),
            verdict.limit,
            verdict.detectors,
            within[:WITHIN_MAX],
        )

    def alert(  # what one revision is made of
        self,
        area: str,
        kind: Kind,
        episode: Episode,
        change: Change,
        now_us: int,
        out: Outputs,
        decision: Decision | None = None,
        surge: Surge | None = None,
    ) -> None:
        """Append one revision of an area alert."""
        level = LEVELS[episode.level]
        reasons = decision.reasons if decision else ()
        out.alerts.append(
            Alert(
                alert_id=episode.alert_id,
                revision=episode.revision,
                change=change,
                scope=Scope.AREA,
                subject=area,
                kind=kind,
                level=level,
                area=area,
                opened=from_us(episode.opened_us),
                updated=from_us(now_us),
                headline=headline(
                    scope=Scope.AREA,
                    kind=kind,
                    level=level,
                    change=change,
                    reasons=reasons,
                    place=self.directory.name(area),
                ),
                evidence=(),
                reasons=reasons,
                surge=surge,
                open=episode.open,
            )
        )

    def assessment(  # what one assessment is made of
        self,
        area: str,
        kind: Kind,
        episode: Episode,
        decision: Decision,
        surge: Surge,
        now_us: int,
        out: Outputs,
    ) -> None:
        """Append the assessment of one surge on one day."""
        named = area_alert_id(area, kind, date.fromisoformat(surge.day).toordinal())
        out.assessments.append(
            Assessment(
                f"{named}-{now_us}",
                Scope.AREA,
                area,
                kind,
                area,
                from_us(now_us),
                decision.name,
                decision.level,
                alert_id=episode.alert_id,
                surge=surge,
                reasons=tuple(reason.code for reason in decision.reasons),
            )
        )
