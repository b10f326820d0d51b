"""Alerts into rows: revisions, the newest of each, and which one holds its group's open row.

Rules: a revision seen before changes nothing, a lower one only fills the timeline. Rows are locked
before decisions are read, so an officer's decision and a new revision at the same time both count.
Whatever order revisions of several alerts come in, the same rows come out: of the alerts of one
subject and kind that would be open, `holder_of` names the one that is, and the rest wait.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from alerts.store.engine import upsert_into
from alerts.store.lifecycle import (
    DANGER_ROSE,
    OPEN_STATES,
    AlertState,
    Decided,
    Group,
    HandlingLimits,
    group_of,
    holder_of,
    own_state,
)
from alerts.store.own_tables import TRANSITIONS
from alerts.store.tables import ALERTS, LEVEL_COLUMNS, REVISIONS
from alerts.store.told import in_parts
from schemas.outcomes import Alert
from schemas.taxonomy import Level, Scope, rank_of
from schemas.times import to_us

Row = dict[str, Any]
Line = Mapping[str, str]
_WAITING = (*(state.value for state in OPEN_STATES), AlertState.SUPERSEDED.value)
_COLUMNS = [column.name for column in ALERTS.columns]


class AlertRows:
    """The rows of the alerts that one transaction touches: `load`, then `take`, then `write`.

    After `write`, `changes` are (alert id, revision, change, instant) of what is new, in order.
    """

    def __init__(self, connection: Connection, limits: HandlingLimits) -> None:
        self._connection = connection
        self._limits = limits
        self._rows: dict[str, Row] = {}
        self._stored: dict[str, Row] = {}
        self._decided: dict[str, list[Decided]] = {}
        self._revisions: dict[tuple[str, int], Row] = {}
        self.changes: list[tuple[str, int, str, int]] = []

    def load(self, alert_ids: Iterable[str]) -> None:
        """Lock and read the rows of these alerts, and what was decided about them."""
        for part in in_parts(sorted(set(alert_ids))):
            locked = (
                select(ALERTS)
                .where(ALERTS.c.alert_id.in_(part))
                .order_by(ALERTS.c.alert_id)
                .with_for_update()
            )
            self._keep(self._connection.execute(locked).mappings())
            self._read_decisions(part)

    def _keep(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        for row in rows:
            self._rows[row["alert_id"]] = dict(row)
            self._stored[row["alert_id"]] = dict(row)

    def _read_decisions(self, alert_ids: Iterable[str]) -> None:
        asked = select(TRANSITIONS.c.alert_id, TRANSITIONS.c.revision, TRANSITIONS.c.action)
        for row in self._connection.execute(asked.where(TRANSITIONS.c.alert_id.in_(alert_ids))):
            self._decided.setdefault(row.alert_id, []).append(Decided(row.revision, row.action))

    def take(self, alert: Alert, body: bytes, line: Line) -> None:
        """Take one revision as told; `line` are the areas its area lies in, by level."""
        at_us = to_us(alert.updated)
        self._revisions.setdefault(
            (alert.alert_id, alert.revision),
            {
                "alert_id": alert.alert_id,
                "revision": alert.revision,
                "change": alert.change.value,
                "level": alert.level.value,
                "at_us": at_us,
                "body": body,
            },
        )
        row = self._rows.get(alert.alert_id)
        if row is None:
            opened_us = to_us(alert.opened)
            row = {"revision": 0, "danger_us": opened_us, "danger_revision": 1, "open": False}
            self._rows[alert.alert_id] = row
        if alert.change in DANGER_ROSE and alert.revision > row["danger_revision"]:
            row["danger_us"], row["danger_revision"] = at_us, alert.revision
        if alert.revision > row["revision"]:
            row.update(_told(alert, at_us), **{name: line.get(name) for name in LEVEL_COLUMNS})
            self.changes.append((alert.alert_id, alert.revision, alert.change.value, at_us))

    def write(self) -> int:
        """Write revisions and rows; return how many revisions were given."""
        self._settle()
        if self._revisions:
            insert = upsert_into(REVISIONS, self._connection).on_conflict_do_nothing()
            self._connection.execute(insert, list(self._revisions.values()))
        changed = {
            alert_id: row
            for alert_id, row in self._rows.items()
            if row != self._stored.get(alert_id)
        }
        # The row that held a group gives it up before another takes it.
        given_up = [
            {"which": alert_id}
            for alert_id, row in changed.items()
            if (stored := self._stored.get(alert_id)) is not None
            and stored["open"]
            and (not row["open"] or group_of(row) != group_of(stored))
        ]
        if given_up:
            shut = update(ALERTS).where(ALERTS.c.alert_id == bindparam("which")).values(open=False)
            self._connection.execute(shut, given_up)
        if changed:
            insert = upsert_into(ALERTS, self._connection)
            told = {name: insert.excluded[name] for name in _COLUMNS if name != "alert_id"}
            self._connection.execute(
                insert.on_conflict_do_update(index_elements=["alert_id"], set_=told),
                [{name: row[name] for name in _COLUMNS} for row in changed.values()],
            )
        return len(self._revisions)

    def _settle(self) -> None:
        """Work out how each alert stands, and who holds the open row of each group touched."""
        touched: set[Group] = set()
        for alert_id, row in list(self._rows.items()):
            touched.add(group_of(row))
            if alert_id in self._stored:
                touched.add(group_of(self._stored[alert_id]))
        self._load_waiting(touched)
        groups: dict[Group, list[Row]] = {group: [] for group in touched}
        for alert_id, row in self._rows.items():
            state = own_state(
                row["told_open"],
                row["told_change"],
                row["danger_revision"],
                self._decided.get(alert_id, ()),
            )
            row.update(state=state.value, open=False, due_us=None)
            if state in OPEN_STATES:
                groups.setdefault(group_of(row), []).append(row)
        for rows in groups.values():
            holder = holder_of(rows)
            for row in rows:
                if row["alert_id"] == holder:
                    due_us = self._limits.due_us(Level(row["level"]), row["danger_us"])
                    row.update(open=True, due_us=due_us)
                else:
                    row["state"] = AlertState.SUPERSEDED.value

    def _load_waiting(self, groups: Iterable[Group]) -> None:
        """Lock and read the other alerts of these groups that are open or wait to be."""
        # An incident has one alert for ever: its id and its group are made of the same signal.
        subjects = {group.subject for group in groups if group.scope != Scope.INCIDENT}
        for part in in_parts(sorted(subjects)):
            found = self._connection.execute(
                select(ALERTS)
                .where(ALERTS.c.subject.in_(part), ALERTS.c.state.in_(_WAITING))
                .order_by(ALERTS.c.alert_id)
                .with_for_update()
            ).mappings()
            others = [row for row in found if row["alert_id"] not in self._rows]
            self._keep(others)
            if others:
                self._read_decisions([row["alert_id"] for row in others])


def _told(alert: Alert, at_us: int) -> Row:
    return {
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "scope": alert.scope.value,
        "subject": alert.subject,
        "kind": alert.kind.value,
        "level": alert.level.value,
        "level_rank": rank_of(alert.level),
        "area": alert.area,
        "opened_us": to_us(alert.opened),
        "updated_us": at_us,
        "told_open": alert.open,
        "told_change": alert.change.value,
    }
