"""Danger to life is red at once, and what must never count never counts."""

from typing import Any

import pytest

from detectors.person_model import model_of, snapshot_of
from schemas.outcomes import Alert, Change
from schemas.taxonomy import Level, Origin, Purpose, Scope
from schemas.times import DAY_US, HOUR_US, MINUTE_US
from streams.pipeline import Pipeline
from tests.builders import NOW_US
from tests.detectors.synthetic_examples import taught
from tests.streams.intake.contacts import Kept, contact, person, pipeline_with, raw

VIOLENCE: dict[str, Any] = {"kind": "domestic_violence", "severity": 3}


def red(kept: Kept) -> list[Alert]:
    return [alert for alert in kept.alerts if alert.level is Level.RED]


def test_a_strangulation_reported_nine_days_late_is_red_at_once_and_outside_the_history() -> None:
    pipeline, kept = pipeline_with()
    happened = NOW_US - 9 * DAY_US
    late = contact("late", at=happened, signs=["strangulation"], person=person(), **VIOLENCE)

    pipeline.take(raw(late))

    (alert,) = kept.alerts
    assert (alert.level, alert.scope, alert.change) == (Level.RED, Scope.PERSON, Change.OPENED)
    assert [reason.code for reason in alert.reasons] == ["strangulation"]
    assert alert.evidence[0].time.timestamp() * 1_000_000 == happened
    history = pipeline.person.state.get(alert.subject)
    assert history is not None
    assert history.signals == []
    assert pipeline.counts["person.late_signal"] == 1


def test_a_weapon_with_a_threat_without_any_identity_is_red_at_once() -> None:
    pipeline, kept = pipeline_with()
    where = {"lat": 22.59, "lon": 113.09}

    pipeline.take(
        raw(contact("nobody", signs=["weapon", "threat_to_kill"], location=where, **VIOLENCE))
    )

    (alert,) = kept.alerts
    assert (alert.level, alert.scope) == (Level.RED, Scope.INCIDENT)
    assert alert.reasons[0].code == "weapon_with_threat"
    assert alert.location is not None
    assert "凶器" in alert.headline.zh
    assert "weapon" in alert.headline.en


def test_two_incidents_without_identity_are_never_merged_and_one_told_twice_is_one() -> None:
    pipeline, kept = pipeline_with()
    where = {"lat": 22.59, "lon": 113.09}
    for name in ("one", "two", "one"):
        event = contact(name, signs=["weapon", "threat_to_kill"], location=where, **VIOLENCE)
        pipeline.take(raw(event))

    assert len({alert.alert_id for alert in red(kept)}) == 2
    assert len(kept.alerts) == 2


def trained(pipeline: Pipeline) -> None:
    """Let a model become active that has seen harm follow from reports."""
    pipeline.person.judge.model = model_of(snapshot_of(taught(2_000), 1, NOW_US))


@pytest.mark.parametrize("first_hour", [0, 1, 30])
def test_a_petition_a_complaint_and_ten_visits_change_no_score(first_hour: int) -> None:
    harmless = [
        contact("petition", purpose=Purpose.PETITION.value, person=person()),
        contact("complaint", purpose=Purpose.COMPLAINT.value, person=person()),
        *(
            contact(f"visit-{n}", origin=Origin.VISIT.value, severity=2, person=person())
            for n in range(10)
        ),
    ]
    plain, plain_kept = pipeline_with()
    burdened, burdened_kept = pipeline_with()
    for pipeline in (plain, burdened):
        trained(pipeline)
    for hour in (0, 2, 40):
        at = NOW_US + hour * HOUR_US
        report = contact(f"report-{hour}", at=at, ingest=at, person=person())
        if hour >= first_hour:
            for number, event in enumerate(harmless):
                when = {"time": report["time"], "ingesttime": report["ingesttime"]}
                again = {**event, **when, "id": f"{event['id']}-{hour}-{number}"}
                burdened.take(raw(again, received_us=at))
        for pipeline in (plain, burdened):
            pipeline.take(raw(report, received_us=at))

    scored = [one for one in plain_kept.assessments if one.probability is not None]
    burdened_scored = [one for one in burdened_kept.assessments if one.probability is not None]
    assert len(scored) == 3
    assert scored == burdened_scored
    assert plain_kept.alerts == burdened_kept.alerts
    petitions = [clock for clock in burdened_kept.clocks if clock.purpose is Purpose.PETITION]
    assert petitions, "a petition starts a clock on the authority"


def test_more_evidence_revises_the_one_alert_and_a_level_never_falls() -> None:
    pipeline, kept = pipeline_with()
    pipeline.take(raw(contact("first", signs=["strangulation"], person=person(), **VIOLENCE)))
    for number in range(3):
        at = NOW_US + (number + 1) * HOUR_US
        event = contact(f"more-{number}", at=at, ingest=at, person=person(), **VIOLENCE)
        pipeline.take(raw(event, received_us=at))

    assert {alert.alert_id for alert in kept.alerts} == {kept.alerts[0].alert_id}
    assert [alert.revision for alert in kept.alerts] == [1, 2, 3, 4]
    assert {alert.level for alert in kept.alerts} == {Level.RED}
    assert len(kept.alerts[-1].evidence) == 4


def test_two_reports_of_one_matter_are_one_incident_with_two_reports() -> None:
    pipeline, kept = pipeline_with()
    strangled = {"signs": ["strangulation"], "person": person(), **VIOLENCE}
    pipeline.take(raw(contact("by phone", **strangled)))
    at = NOW_US + 10 * MINUTE_US
    pipeline.take(raw(contact("by grid", at=at, ingest=at, **strangled), received_us=at))

    assert [len(alert.evidence) for alert in kept.alerts] == [1, 1]
    assert kept.alerts[-1].evidence[0].reports == 2


def test_the_household_is_never_informed_once_that_was_asked() -> None:
    pipeline, kept = pipeline_with()
    safe = {"hours": "09:00-17:00", "never_inform_household": True}
    pipeline.take(raw(contact("quiet", person=person(safe_contact=safe))))
    pipeline.take(raw(contact("red", signs=["strangulation"], person=person(), **VIOLENCE)))

    (alert,) = kept.alerts
    assert alert.safe_contact is not None
    assert alert.safe_contact.never_inform_household
    assert alert.headline.en.startswith("Never inform the household.")
    assert alert.headline.zh.startswith("切勿告知同住人")


def test_a_plea_that_nobody_answers_raises_the_priority_of_helping() -> None:
    pipeline, kept = pipeline_with()
    pipeline.take(raw(contact("plea", purpose=Purpose.HELP_REQUEST.value, person=person())))
    assert kept.alerts == []

    for day in range(1, 30):
        pipeline.tick(NOW_US + day * DAY_US)

    (alert, *_) = kept.alerts
    assert [reason.code for reason in alert.reasons] == ["help_overdue"]
    assert alert.level is Level.YELLOW
    assert pipeline.counts["person.help_overdue"] == 1
