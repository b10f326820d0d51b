"""What officers decide about alerts: acknowledge, and close with an outcome.

Rules: the decision, its audit row and its outbox row are written in one transaction, so a decision
that was answered reaches the log, and none reaches it that was not. Its id is made of alert,
revision and action, so the same decision twice is one. What cannot be done is a named refusal.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select, update

from alerts.store.engine import writing_on
from alerts.store.lifecycle import OPEN_STATES, AlertState
from alerts.store.own_tables import AUDIT, OUTBOX, TRANSITIONS
from alerts.store.tables import ALERTS
from schemas.codec import encode
from schemas.records import Action, Transition
from schemas.taxonomy import Outcome, Scope


class Refused(StrEnum):
    """Why a decision was not taken."""

    UNKNOWN_ALERT = "unknown_alert"
    OTHER_REVISION = "other_revision"
    NOT_OPEN = "not_open"


class Done(NamedTuple):
    """A decision that holds; `repeated` says that it was taken before and nothing was written."""

    transition_id: str
    revision: int
    state: AlertState
    repeated: bool


class Decisions:
    """Takes decisions; safe to share among threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acknowledge(
        self, alert_id: str, *, by: str, now_us: int, revision: int | None = None
    ) -> Done | Refused:
        """Note that the holder of token id `by` has taken an alert on.

        `revision` is the one that was looked at, None to take the newest. Raises StoreError.
        """
        return self._decide(alert_id, Action.ACKNOWLEDGED, None, by, now_us, revision)

    def close(
        self, alert_id: str, outcome: Outcome, *, by: str, now_us: int, revision: int | None = None
    ) -> Done | Refused:
        """Close an alert with what was found; as `acknowledge`."""
        return self._decide(alert_id, Action.CLOSED, outcome, by, now_us, revision)

    def _decide(
        self,
        alert_id: str,
        action: Action,
        outcome: Outcome | None,
        by: str,
        now_us: int,
        revision: int | None,
    ) -> Done | Refused:
        with writing_on(self._engine) as connection:
            row = connection.execute(
                select(ALERTS).where(ALERTS.c.alert_id == alert_id).with_for_update()
            ).one_or_none()
            if row is None:
                return Refused.UNKNOWN_ALERT
            if revision is not None and revision != row.revision:
                return Refused.OTHER_REVISION
            before = _before(connection, row, action, outcome)
            if before is not None:
                return before
            if AlertState(row.state) not in OPEN_STATES | {AlertState.SUPERSEDED}:
                return Refused.NOT_OPEN
            return _written(connection, row, action, outcome, by, now_us)


def transition_id_of(alert_id: str, revision: int, action: Action) -> str:
    """Return the id of a decision: 32 hex digits."""
    named = f"{alert_id}\x1f{revision}\x1f{action.value}"
    return blake2b(named.encode(), digest_size=16).hexdigest()


def _before(
    connection: Connection, row: Any, action: Action, outcome: Outcome | None
) -> Done | None:
    """Return the same decision where it holds already, made for the danger there is."""
    made = connection.execute(
        select(TRANSITIONS)
        .where(
            TRANSITIONS.c.alert_id == row.alert_id,
            TRANSITIONS.c.action == action.value,
            TRANSITIONS.c.revision >= row.danger_revision,
        )
        .limit(1)
    ).one_or_none()
    if made is None or made.outcome != (outcome.value if outcome else None):
        return None
    return Done(made.transition_id, row.revision, AlertState(row.state), repeated=True)


def _written(
    connection: Connection,
    row: Any,
    action: Action,
    outcome: Outcome | None,
    by: str,
    now_us: int,
) -> Done:
    transition_id = transition_id_of(row.alert_id, row.revision, action)
    transition = Transition(
        transition_id,
        Scope(row.scope),
        row.subject,
        action,
        now_us,
        alert_id=row.alert_id,
        outcome=outcome,
    )
    found = outcome.value if outcome else None
    connection.execute(
        TRANSITIONS.insert().values(
            transition_id=transition_id,
            alert_id=row.alert_id,
            revision=row.revision,
            action=action.value,
            outcome=found,
            token_id=by,
            at_us=now_us,
        )
    )
    connection.execute(
        AUDIT.insert().values(
            at_us=now_us, token_id=by, action=action.value, about=row.alert_id, detail=found or ""
        )
    )
    connection.execute(
        OUTBOX.insert().values(
            transition_id=transition_id, body=encode(transition), created_us=now_us
        )
    )
    state = AlertState.CLOSED if action is Action.CLOSED else AlertState.ACKNOWLEDGED
    if state is AlertState.ACKNOWLEDGED and row.state == AlertState.SUPERSEDED:
        state = AlertState.SUPERSEDED
    # Another alert of the same group that was waiting takes the open row when this is relayed.
    closing = {"open": False, "due_us": None} if state is AlertState.CLOSED else {}
    connection.execute(
        update(ALERTS).where(ALERTS.c.alert_id == row.alert_id).values(state=state.value, **closing)
    )
    return Done(transition_id, row.revision, state, repeated=False)
