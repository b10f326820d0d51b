"""The person stage: one step a record of the person log, history to alert, pure but for its state.

Rules: what a step does depends on the record and the key's own state alone; `now` is the record's
`ingest_us`. A repeated signal changes nothing. A visit never enters a history and so never raises a
score. What comes later than the allowed lateness stays out of the history, but rule floors look at
it all the same. Time passes by ticks alone.
"""

from msgspec.structs import replace

from alerts.episodes import fell_due, next_due_us
from detectors.person_model import PersonModel
from schemas.records import (
    Action,
    Activation,
    HistoryArrival,
    HistoryMove,
    PersonRecord,
    PersonSignal,
    Tick,
    Transition,
)
from schemas.state import PersonHistory
from schemas.taxonomy import Origin
from schemas.times import DAY_US
from streams.clock import StageClock
from streams.history import add, forget_old, has_seen, incidents_of, past_signal, remember
from streams.labels import mark_harm, matured, maturity_us
from streams.outputs import Outputs
from streams.person_alerts import Telling, alert_of
from streams.person_judgement import PersonConfig, PersonJudge
from streams.person_moves import arrive, forward, move_away
from streams.person_transitions import alert_transition, help_transition
from streams.state import DueIndex, KeyedState

_HELP_ACTIONS = (Action.HELP_ANSWERED, Action.HELP_OVERDUE)


class PersonStage:
    """Steps through the person log of some partitions; `models` are scorers by version."""

    def __init__(
        self,
        config: PersonConfig,
        state: KeyedState[PersonHistory],
        clock: StageClock,
        models: dict[str, PersonModel],
    ) -> None:
        self.config = config
        self.state = state
        self.clock = clock
        self.judge = PersonJudge(config)
        self._models = models
        self.activation: Activation | None = None
        self._due = DueIndex()
        for key in list(state.keys()):
            history = state.get(key)
            if history is not None:
                self._due.add(key, history.due_us)

    def step(self, record: PersonRecord, out: Outputs) -> None:
        """Take one record of the log in and append what follows from it to `out`."""
        if isinstance(record, PersonSignal):
            self._signal(record, out)
        elif isinstance(record, Tick):
            if self.clock.advance(record):
                self._time_passed(self.clock.now_us, out)
        elif isinstance(record, Transition):
            self._transition(record, out)
        elif isinstance(record, HistoryMove):
            history = move_away(self.state.get(record.person), record, out)
            self._keep(record.person, history, record.ingest_us)
        elif isinstance(record, HistoryArrival):
            present = self.state.get(record.person)
            history = arrive(present, record, self.config.history, out)
            self._keep(record.person, history, record.ingest_us)
        else:
            self._activate(record, out)

    def _signal(self, signal: PersonSignal, out: Outputs) -> None:
        history = self.state.get(signal.person) or PersonHistory()
        if history.moved_to:
            forward(signal, history, out)
            return
        past = past_signal(signal)
        if has_seen(history, past.signal):
            out.counts["person.repeated_signal"] += 1
            return
        now_us, bounds = signal.ingest_us, self.config.history
        forget_old(history, now_us, bounds)
        _note_contact(history, signal)
        late = now_us - past.time_us > bounds.lateness_days * DAY_US
        if late or signal.origin is Origin.VISIT:
            out.counts["person.late_signal" if late else "person.visit"] += 1
            remember(history, past.signal, now_us + bounds.lateness_days * DAY_US, bounds)
            self.judge.judge_alone(history, signal, past, out)
        else:
            mark_harm(history, past, self.config.labels)
            add(history, past, now_us, bounds)
            self.judge.judge(history, signal, past, out)
        self._keep(signal.person, history, now_us)

    def _transition(self, record: Transition, out: Outputs) -> None:
        history = self.state.get(record.subject)
        if history is None:
            out.counts["person.transition_of_unknown_person"] += 1
            return
        if history.moved_to:
            out.person_records.append(replace(record, subject=history.moved_to))
            return
        forget_old(history, record.ingest_us, self.config.history)
        if record.action in _HELP_ACTIONS:
            cause = help_transition(history, record, out)
            if cause is not None:
                self.judge.judge_overdue(history, cause, out)
        else:
            alert_transition(history, record, self.config.labels, out)
        self._keep(record.subject, history, record.ingest_us)

    def _activate(self, record: Activation, out: Outputs) -> None:
        """Use another model from here on; stepping the same activation again restores it."""
        model = self._models.get(record.version)
        if model is None:
            out.counts["person.activation_without_body"] += 1
        elif self.activation is not None and record.epoch <= self.activation.epoch:
            out.counts["person.activation_outdated"] += 1
        else:
            self.judge.model, self.activation = model, record
            out.counts["person.activation"] += 1

    def _time_passed(self, now_us: int, out: Outputs) -> None:
        """Let everything fall due that is due by `now_us`, person by person, in order of key."""
        for person in self._due.due(now_us):
            history = self.state.get(person)
            if history is None:
                continue
            if 0 < history.due_us <= now_us:
                self._fell_due(person, history, now_us, out)
            else:
                self._due.add(person, history.due_us)

    def _fell_due(self, person: str, history: PersonHistory, now_us: int, out: Outputs) -> None:
        out.examples.extend(matured(history, person, now_us, self.config.labels))
        forget_old(history, now_us, self.config.history)
        incidents = incidents_of(history, self.config.history)
        for episode in history.episodes:
            change = fell_due(episode, now_us, self.config.episodes)
            if change is not None:
                telling = Telling(person, history, episode, change, incidents, now_us)
                out.alerts.append(alert_of(telling))
        history.episodes = [
            e for e in history.episodes if e.open or next_due_us(e, self.config.episodes) > now_us
        ]
        if history.signals or history.pending or history.episodes or history.seen:
            self._keep(person, history, now_us)
        else:
            self.state.delete(person)

    def _keep(self, person: str, history: PersonHistory, now_us: int) -> None:
        due_us = self._next_due(history, now_us)
        if due_us != history.due_us:
            history.due_us = due_us
            self._due.add(person, due_us)
        self.state.put(person, history)

    def _next_due(self, history: PersonHistory, now_us: int) -> int:
        """Return when anything of this history falls due: labels, episodes, forgetting."""
        oldest = history.signals[0].time_us if history.signals else now_us
        if history.seen:
            oldest = min(oldest, history.seen[-1].until_us)
        due = max(oldest + self.config.history.retention_days * DAY_US, now_us) + 1
        if history.pending:
            due = min(due, maturity_us(history.pending[0], self.config.labels))
        for episode in history.episodes:
            due = min(due, next_due_us(episode, self.config.episodes))
        return due


def _note_contact(history: PersonHistory, signal: PersonSignal) -> None:
    """Remember where and how the person can be reached safely; discretion is never taken back."""
    history.area = signal.area
    safe = signal.safe_contact
    if safe is not None:
        history.safe_hours = safe.hours or history.safe_hours
        history.never_inform = history.never_inform or safe.never_inform_household
