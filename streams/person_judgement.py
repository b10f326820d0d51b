"""What is made of a person's history when something new is known: score, decide, tell.

Rules: the score is of the whole history as it stands, at the time of its newest report, so the
order of arrival leaves no trace in it. What may not be scored (a visit, a report far too late) is
judged by rule floors alone. An assessment is written for every judgement, alert or none.
"""

from typing import NamedTuple

from alerts.episodes import EpisodePolicy, alert_id_of, begins_anew, opened, updated
from alerts.policy import Decision, PersonPolicy, decide_person
from detectors.explanation import explain
from detectors.features import features_of, pack
from detectors.floors import floors_of
from detectors.person_model import PersonModel
from schemas.closed import Closed
from schemas.outcomes import Alert, Assessment, Change, Reason
from schemas.records import PersonSignal
from schemas.state import Episode, Incident, PastSignal, Pending, PersonHistory
from schemas.taxonomy import KIND_CODE, Kind, Scope
from schemas.times import from_us
from streams.history import HistoryConfig, incidents_of
from streams.labels import LabelConfig, first_report, wait
from streams.outputs import Outputs
from streams.person_alerts import LATE_EVIDENCE_MAX, Telling, alert_of


class PersonConfig(Closed, frozen=True):
    """Everything the person stage can be told."""

    history: HistoryConfig = HistoryConfig()
    labels: LabelConfig = LabelConfig()
    episodes: EpisodePolicy = EpisodePolicy()
    policy: PersonPolicy = PersonPolicy()
    base_rate: float = 0.02


class Cause(NamedTuple):
    """What made us look: whose history, which matter, by which signal, when."""

    person: str
    kind: Kind
    area: str
    signal_id: str
    now_us: int


class Reading(NamedTuple):
    """What a history shows: its incidents, and where it may be scored, features and probability."""

    incidents: list[Incident]
    values: tuple[float, ...] = ()
    probability: float | None = None


def cause_of(signal: PersonSignal) -> Cause:
    """Return the cause that a signal is."""
    return Cause(signal.person, signal.kind, signal.area, signal.signal_id, signal.ingest_us)


class PersonJudge:
    """Judges histories with one configuration; `model` is the active one or None."""

    def __init__(self, config: PersonConfig) -> None:
        self.config = config
        self.model: PersonModel | None = None

    def judge_alone(
        self, history: PersonHistory, signal: PersonSignal, past: PastSignal, out: Outputs
    ) -> None:
        """Let the floors look at a report that does not enter the history."""
        floors = floors_of(signal.kind, signal.severity, signal.signs)
        decision = decide_person(floors, None, self.config.policy, help_overdue=False)
        cause = cause_of(signal)
        alert = None
        if decision.level is not None:
            reading = Reading(incidents_of(history, self.config.history))
            alert = self._tell(history, cause, decision, reading, out, late=past)
        self._assess(cause, decision, None, alert, out)

    def judge(
        self, history: PersonHistory, signal: PersonSignal, past: PastSignal, out: Outputs
    ) -> None:
        """Judge a history with a new report in it; the prediction then waits for its label."""
        floors = floors_of(signal.kind, signal.severity, signal.signs)
        reading = self._score(history)
        self._wait_for_label(history, past, reading, signal.ingest_us, out)
        self._decide(history, cause_of(signal), floors, reading, out)

    def judge_overdue(self, history: PersonHistory, cause: Cause, out: Outputs) -> None:
        """Judge a history in which a request for help became overdue."""
        self._decide(history, cause, (), self._score(history), out, help_overdue=True)

    def _decide(
        self,
        history: PersonHistory,
        cause: Cause,
        floors: tuple[Reason, ...],
        reading: Reading,
        out: Outputs,
        *,
        help_overdue: bool = False,
    ) -> None:
        decision = decide_person(
            floors, reading.probability, self.config.policy, help_overdue=help_overdue
        )
        alert = self._tell(history, cause, decision, reading, out)
        self._assess(cause, decision, reading.probability, alert, out)

    def _score(self, history: PersonHistory) -> Reading:
        incidents = incidents_of(history, self.config.history)
        values = features_of(incidents, history.signals[-1].time_us)
        return Reading(incidents, values, self.model.score_one(values) if self.model else None)

    def _wait_for_label(
        self, history: PersonHistory, past: PastSignal, reading: Reading, now_us: int, out: Outputs
    ) -> None:
        """Let a prediction wait; a near-duplicate report makes none of its own."""
        if not first_report(history, past, self.config.history.merge_minutes):
            out.counts["person.near_duplicate"] += 1
            return
        version = self.model.version if self.model else ""
        predicted = self.config.base_rate if reading.probability is None else reading.probability
        pending = Pending(now_us, past.signal, pack(reading.values), predicted, version)
        if not wait(history, pending, self.config.labels):
            out.counts["person.prediction_not_kept"] += 1

    def _tell(  # what one alert is made of
        self,
        history: PersonHistory,
        cause: Cause,
        decision: Decision,
        reading: Reading,
        out: Outputs,
        *,
        late: PastSignal | None = None,
    ) -> Alert | None:
        """Open, revise or reopen the episode of the cause's kind; None where nothing is said."""
        found = self._episode(history, cause, decision)
        if found is None:
            return None
        episode, change = found
        if late is not None and len(episode.late) < LATE_EVIDENCE_MAX:
            episode.late.append(late)
        score = None
        if reading.values and self.model is not None:
            score = explain(self.model, reading.values, self.config.labels.horizon_days)
        alert = alert_of(
            Telling(
                cause.person,
                history,
                episode,
                change,
                reading.incidents,
                cause.now_us,
                decision.reasons,
                score,
            )
        )
        out.alerts.append(alert)
        return alert

    def _episode(
        self, history: PersonHistory, cause: Cause, decision: Decision
    ) -> tuple[Episode, Change] | None:
        policy, code = self.config.episodes, KIND_CODE[cause.kind]
        current = next((e for e in history.episodes if e.kind == code), None)
        if current is not None and not begins_anew(current, cause.now_us, policy):
            change = updated(current, decision, cause.now_us, policy)
            return None if change is None else (current, change)
        if decision.level is None:
            return None
        if current is not None:
            history.episodes.remove(current)
        episode = opened(
            kind=code,
            alert_id=alert_id_of(Scope.PERSON, cause.kind.value, cause.signal_id),
            area=cause.area,
            now_us=cause.now_us,
            decision=decision,
            policy=policy,
        )
        history.episodes.append(episode)
        return episode, Change.OPENED

    def _assess(
        self,
        cause: Cause,
        decision: Decision,
        probability: float | None,
        alert: Alert | None,
        out: Outputs,
    ) -> None:
        scored_by = self.model.version if self.model and probability is not None else None
        out.assessments.append(
            Assessment(
                cause.signal_id,
                Scope.PERSON,
                cause.person,
                cause.kind,
                cause.area,
                from_us(cause.now_us),
                decision.name,
                decision.level,
                probability,
                scored_by,
                alert.alert_id if alert else None,
                None,
                tuple([reason.code for reason in decision.reasons]),
            )
        )
