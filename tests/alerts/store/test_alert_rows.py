"""Alerts in the store, on both databases: revisions, the one open row, decisions and danger."""

from itertools import permutations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from alerts.store.decisions import Decisions, Done, Refused, transition_id_of
from alerts.store.engine import writing_on
from alerts.store.lifecycle import AlertState, HandlingLimits
from alerts.store.own_tables import AUDIT, OUTBOX, TRANSITIONS
from alerts.store.reading import Reading
from alerts.store.tables import ALERTS, REVISIONS
from schemas.outcomes import Change
from schemas.records import Action
from schemas.taxonomy import Level, Outcome, Scope
from schemas.times import HOUR_US
from tests.alerts.store.stores import (
    GRID,
    alert,
    alert_id,
    at,
    relayed,
    rows_of,
    states_of,
    tell,
)
from tests.builders import NOW_US, PERSON

OTHER_PERSON = "b" * 32
BY = "token-1"
ORDERS = [
    order
    for order in permutations(range(4))
    if order.index(0) < order.index(2) and order.index(1) < order.index(3)
]
"""In which four records can come that are two and two on a partition each."""


def closed(engine: Engine, number: int = 1, outcome: Outcome = Outcome.AVERTED) -> Done | Refused:
    return Decisions(engine).close(alert_id(number), outcome, by=BY, now_us=NOW_US)


def test_a_revision_read_twice_or_late_changes_nothing(engine: Engine) -> None:
    first, second = alert(), alert(revision=2, change=Change.EVIDENCE_ADDED)
    tell(engine, first, second)
    before = rows_of(engine), rows_of(engine, REVISIONS)
    tell(engine, second, first)
    tell(engine, first)
    assert (rows_of(engine), rows_of(engine, REVISIONS)) == before
    assert [row["revision"] for row in before[0]] == [2]
    assert [row.what for row in Reading(engine).alerts_after(0).rows] == [
        "opened",
        "evidence_added",
    ]


def test_an_alert_is_shown_as_it_was_told_with_its_areas_and_deadline(engine: Engine) -> None:
    tell(engine, alert(level=Level.RED), limits=HandlingLimits(red_hours=3))
    detail = Reading(engine).alert(alert_id(1))
    assert detail is not None
    assert detail.view.alert == alert(level=Level.RED)
    assert detail.view.line == ("4407", "440703", "440703101", "440703101002", GRID)
    assert (detail.view.state, detail.view.due) == (AlertState.NEW, at(3))


def test_an_end_and_the_next_beginning_in_one_batch_leave_one_open_row(engine: Engine) -> None:
    tell(engine, alert(1))
    tell(
        engine,
        alert(2, opened_h=90),
        alert(1, 2, Change.EXPIRED, open_=False),
    )
    assert states_of(engine) == {"1": "expired", "2": "new*"}


def test_the_next_beginning_read_before_the_end_waits_for_none(engine: Engine) -> None:
    tell(engine, alert(1))
    tell(engine, alert(2, opened_h=90))
    assert states_of(engine) == {"1": "superseded", "2": "new*"}
    tell(engine, alert(1, 2, Change.EXPIRED, open_=False))
    assert states_of(engine) == {"1": "expired", "2": "new*"}


def test_no_red_is_hidden_behind_a_newer_alert_of_less_danger(engine: Engine) -> None:
    tell(engine, alert(1, level=Level.RED))
    tell(engine, alert(2, opened_h=1))
    assert states_of(engine) == {"1": "new*", "2": "superseded"}
    closed(engine, 1)
    relayed(engine)
    assert states_of(engine) == {"1": "closed", "2": "new*"}


@pytest.mark.parametrize("order", ORDERS)
def test_merged_histories_come_out_the_same_in_any_order(
    engine: Engine, order: tuple[int, ...]
) -> None:
    """Two persons turn out to be one: each alert keeps its own order, nothing else is sure."""
    told = [
        alert(1),
        alert(2, subject=OTHER_PERSON, level=Level.ORANGE),
        alert(1, 2, Change.MERGED, open_=False, merged_into=alert_id(2)),
        alert(2, 2, Change.MOVED, level=Level.ORANGE),
    ]
    for one in order:
        tell(engine, told[one])
    assert states_of(engine) == {"1": "merged", "2": "new*"}
    assert {row["subject"] for row in rows_of(engine)} == {PERSON}


def test_two_open_alerts_may_exchange_their_persons_in_one_batch(engine: Engine) -> None:
    tell(engine, alert(1), alert(2, subject=OTHER_PERSON))
    tell(
        engine,
        alert(1, 2, Change.MOVED, subject=OTHER_PERSON),
        alert(2, 2, Change.MOVED, subject=PERSON),
    )
    assert states_of(engine) == {"1": "new*", "2": "new*"}


def test_the_database_itself_refuses_a_second_open_row(engine: Engine) -> None:
    tell(engine, alert(1), alert(2, opened_h=1))
    with pytest.raises(IntegrityError), writing_on(engine) as connection:
        connection.execute(ALERTS.update().values(open=True))


def test_a_decision_is_written_with_audit_and_outbox_and_only_once(engine: Engine) -> None:
    tell(engine, alert())
    decisions = Decisions(engine)
    first = decisions.acknowledge(alert_id(1), by=BY, now_us=NOW_US, revision=1)
    again = decisions.acknowledge(alert_id(1), by="token-2", now_us=NOW_US + 1)
    expected = transition_id_of(alert_id(1), 1, Action.ACKNOWLEDGED)
    assert first == Done(expected, 1, AlertState.ACKNOWLEDGED, repeated=False)
    assert again == Done(expected, 1, AlertState.ACKNOWLEDGED, repeated=True)
    assert [row["action"] for row in rows_of(engine, AUDIT)] == ["acknowledged"]
    assert [row["token_id"] for row in rows_of(engine, TRANSITIONS)] == [BY]
    assert [row["transition_id"] for row in rows_of(engine, OUTBOX)] == [expected]
    assert Reading(engine).outbox_depth() == 1


def test_what_cannot_be_decided_is_refused_by_name_and_writes_nothing(engine: Engine) -> None:
    tell(engine, alert(1), alert(2, subject=OTHER_PERSON, change=Change.EXPIRED, open_=False))
    decisions = Decisions(engine)
    stale = decisions.acknowledge(alert_id(1), by=BY, now_us=NOW_US, revision=7)
    ended = decisions.acknowledge(alert_id(2), by=BY, now_us=NOW_US)
    unknown = closed(engine, 9)
    assert (stale, ended, unknown) == (
        Refused.OTHER_REVISION, Refused.NOT_OPEN, Refused.UNKNOWN_ALERT,
    )  # fmt: skip
    assert rows_of(engine, OUTBOX) == rows_of(engine, AUDIT) == []


def test_a_close_holds_for_evidence_on_its_way_but_not_for_new_danger(engine: Engine) -> None:
    tell(engine, alert())
    closed(engine)
    tell(engine, alert(1, 2, Change.EVIDENCE_ADDED))
    assert states_of(engine) == {"1": "closed"}
    assert closed(engine, outcome=Outcome.UNKNOWN) is Refused.NOT_OPEN
    tell(engine, alert(1, 3, Change.LEVEL_RAISED, level=Level.RED))
    assert states_of(engine) == {"1": "new*"}
    assert rows_of(engine)[0]["due_us"] == NOW_US + (2 + 2) * HOUR_US
    done = closed(engine)
    assert isinstance(done, Done)
    assert (done.revision, done.repeated) == (3, False)


def test_an_acknowledgement_ends_when_danger_rises(engine: Engine) -> None:
    tell(engine, alert())
    Decisions(engine).acknowledge(alert_id(1), by=BY, now_us=NOW_US)
    tell(engine, alert(1, 2, Change.RECHECK_DUE))
    assert states_of(engine) == {"1": "acknowledged*"}
    tell(engine, alert(1, 3, Change.LEVEL_RAISED, level=Level.ORANGE))
    assert states_of(engine) == {"1": "new*"}


def test_a_relayed_decision_is_told_to_those_who_follow_and_shown_in_the_timeline(
    engine: Engine,
) -> None:
    tell(engine, alert())
    Decisions(engine).acknowledge(alert_id(1), by=BY, now_us=NOW_US + HOUR_US)
    assert len(relayed(engine)) == 1
    assert relayed(engine) == []
    changes = Reading(engine).alerts_after(1)
    assert [(row.sequence, row.what) for row in changes.rows] == [(2, "acknowledged")]
    detail = Reading(engine).alert(alert_id(1))
    assert detail is not None
    assert [(step.what, step.by) for step in detail.timeline] == [
        ("opened", ""),
        ("acknowledged", BY),
    ]


def test_incidents_and_persons_do_not_share_their_open_row(engine: Engine) -> None:
    tell(engine, alert(1), alert(2, scope=Scope.INCIDENT), alert(3, scope=Scope.AREA))
    assert states_of(engine) == {"1": "new*", "2": "new*", "3": "new*"}
