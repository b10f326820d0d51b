"""A person's alerts over time: closed, reopened, re-checked, expired; help answered or not."""

from typing import Any

import msgspec
import pytest

from schemas.areas import Directory
from schemas.outcomes import Alert, Change, ClockAnswer, ClockState
from schemas.records import Action, Transition
from schemas.taxonomy import Outcome, Purpose, Scope
from schemas.times import DAY_US, HOUR_US
from streams.pipeline import Pipeline, PipelineConfig
from tests.builders import NOW_US
from tests.streams.intake.contacts import Kept, contact, person, pipeline_with, raw
from tests.streams.towns import house_of

STRANGLED: dict[str, Any] = {
    "kind": "domestic_violence",
    "severity": 3,
    "signs": ["strangulation"],
    "person": person(),
}


def told(pipeline: Pipeline, name: str, after_us: int = 0, **data: Any) -> None:
    at = NOW_US + after_us
    pipeline.take(raw(contact(name, at=at, ingest=at, **data), received_us=at))


def acted(
    pipeline: Pipeline,
    alert: Alert,
    action: Action,
    after_us: int,
    outcome: Outcome | None = None,
) -> None:
    pipeline.transition(
        Transition(
            f"{alert.alert_id}-{action.value}",
            Scope.PERSON,
            alert.subject,
            action,
            NOW_US + after_us,
            alert.alert_id,
            outcome=outcome,
        )
    )


@pytest.fixture
def opened() -> tuple[Pipeline, Kept, Alert]:
    pipeline, kept = pipeline_with()
    told(pipeline, "first", **STRANGLED)
    return pipeline, kept, kept.alerts[0]


def test_new_danger_soon_after_a_close_reopens_the_alert(
    opened: tuple[Pipeline, Kept, Alert],
) -> None:
    pipeline, kept, alert = opened
    acted(pipeline, alert, Action.CLOSED, DAY_US, Outcome.NO_NEED_FOUND)
    told(pipeline, "again", 2 * DAY_US, **STRANGLED)

    assert [one.change for one in kept.alerts] == [Change.OPENED, Change.REOPENED]
    assert kept.alerts[1].alert_id == alert.alert_id
    assert kept.alerts[1].revision == 2


def test_new_danger_long_after_a_close_begins_the_next_alert(
    opened: tuple[Pipeline, Kept, Alert],
) -> None:
    pipeline, kept, alert = opened
    acted(pipeline, alert, Action.CLOSED, DAY_US, Outcome.AVERTED)
    told(pipeline, "later", 60 * DAY_US, **STRANGLED)

    assert kept.alerts[-1].change is Change.OPENED
    assert kept.alerts[-1].alert_id != alert.alert_id


def test_harmless_news_after_a_close_says_nothing(opened: tuple[Pipeline, Kept, Alert]) -> None:
    pipeline, kept, alert = opened
    acted(pipeline, alert, Action.CLOSED, DAY_US)
    told(pipeline, "harmless", 2 * DAY_US, kind="domestic_violence", person=person())
    assert len(kept.alerts) == 1


def test_an_open_alert_asks_for_a_re_check_by_date_and_ends_when_long_idle(
    opened: tuple[Pipeline, Kept, Alert],
) -> None:
    pipeline, kept, _ = opened
    for day in range(1, 120):
        pipeline.tick(NOW_US + day * DAY_US + HOUR_US)

    changes = [
        (alert.change, (alert.updated - kept.alerts[0].opened).days) for alert in kept.alerts
    ]
    assert changes == [
        (Change.OPENED, 0),
        (Change.RECHECK_DUE, 7),
        (Change.RECHECK_DUE, 30),
        (Change.EXPIRED, 90),
    ]
    assert [alert.open for alert in kept.alerts] == [True, True, True, False]
    assert all("strangulation" in alert.headline.en for alert in kept.alerts)


def test_a_transition_that_fits_nothing_is_counted_and_changes_nothing(
    opened: tuple[Pipeline, Kept, Alert],
) -> None:
    pipeline, kept, alert = opened
    before = pipeline.snapshot()["persons"]
    stranger = Transition("t", Scope.PERSON, "f" * 32, Action.CLOSED, NOW_US, alert.alert_id)
    unknown = Transition("t", Scope.PERSON, alert.subject, Action.CLOSED, NOW_US, "0" * 32)
    for record in (stranger, unknown):
        pipeline.transition(record)

    assert pipeline.snapshot()["persons"] == before
    assert pipeline.counts["person.transition_of_unknown_person"] == 1
    assert pipeline.counts["person.transition_of_unknown_alert"] == 1
    assert len(kept.alerts) == 1


def test_an_averted_danger_teaches_nothing_and_harm_found_by_an_officer_does() -> None:
    examples = {}
    for outcome in (Outcome.AVERTED, Outcome.HARM_OCCURRED, Outcome.NO_NEED_FOUND):
        pipeline, kept = pipeline_with()
        told(pipeline, "first", **STRANGLED)
        acted(pipeline, kept.alerts[0], Action.CLOSED, 3 * DAY_US, outcome)
        learner = pipeline.learner.learner
        pipeline.tick(NOW_US + 40 * DAY_US)
        examples[outcome] = (learner.examples, learner.platt.offset > 0)

    assert examples[Outcome.AVERTED] == (0, False)
    assert examples[Outcome.HARM_OCCURRED] == (1, True)
    assert examples[Outcome.NO_NEED_FOUND] == (1, False)


def test_a_plea_answered_in_time_is_no_alert_and_its_clock_says_so() -> None:
    pipeline, kept = pipeline_with()
    told(pipeline, "plea", purpose=Purpose.HELP_REQUEST.value, person=person())
    pipeline.answer(ClockAnswer(kept.clocks[0].receipt, NOW_US + DAY_US))
    for day in range(1, 60):
        pipeline.tick(NOW_US + day * DAY_US)

    assert [clock.state for clock in kept.clocks] == [ClockState.OPENED, ClockState.ANSWERED]
    assert kept.alerts == []
    assert pipeline.counts["person.help_answered"] == 1


def test_a_clock_runs_out_once_and_an_answer_after_it_is_counted() -> None:
    pipeline, kept = pipeline_with()
    told(pipeline, "asked", purpose=Purpose.ENQUIRY.value)
    told(pipeline, "asked", purpose=Purpose.ENQUIRY.value)
    for day in range(1, 30):
        pipeline.tick(NOW_US + day * DAY_US)
    pipeline.answer(ClockAnswer(kept.clocks[0].receipt, NOW_US + 30 * DAY_US))

    assert [clock.state for clock in kept.clocks] == [ClockState.OPENED, ClockState.OVERDUE]
    assert kept.clocks[1].updated >= kept.clocks[1].due
    assert pipeline.counts["service.repeated_contact"] == 1
    assert pipeline.counts["service.answer_of_no_open_clock"] == 1
    assert len(pipeline.service.state) == 0, "a clock that ended long ago is still remembered"


def test_everything_about_a_person_is_forgotten_in_the_end(
    opened: tuple[Pipeline, Kept, Alert],
) -> None:
    pipeline, _, _ = opened
    for day in range(1, 400, 5):
        pipeline.tick(NOW_US + day * DAY_US)
    assert len(pipeline.person.state) == 0


def test_an_overdue_plea_begins_an_alert_of_its_own_after_the_first_has_ended() -> None:
    brief = {"person": {"episodes": {"idle_days": 3, "reopen_days": 1, "recheck_days": []}}}
    pipeline, kept = house_of(Directory(), msgspec.convert(brief, PipelineConfig))
    told(pipeline, "plea", **{**STRANGLED, "purpose": Purpose.HELP_REQUEST.value})
    for day in range(1, 30):
        pipeline.tick(NOW_US + day * DAY_US)

    by_id = {alert.alert_id for alert in kept.alerts}
    named = {(alert.alert_id, alert.revision) for alert in kept.alerts}
    assert [a.change for a in kept.alerts if a.revision == 1] == [Change.OPENED, Change.OPENED]
    assert len(by_id) == 2, "a second alert of one name would be taken for a repetition"
    assert len(named) == len(kept.alerts)
    assessed = [assessment.assessment_id for assessment in kept.assessments]
    assert len(set(assessed)) == len(assessed)
