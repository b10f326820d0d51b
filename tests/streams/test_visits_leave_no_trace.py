"""Watching somebody is no danger: visits change no score and no later assessment of a person."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.person_model import PersonModel
from schemas.outcomes import Assessment
from schemas.records import (
    Action,
    Activated,
    Activation,
    PersonRecord,
    PersonSignal,
    Tick,
    Transition,
)
from schemas.taxonomy import Kind, Origin, Purpose, Scope, Sign
from schemas.times import HOUR_US
from schemas.versioned import PERSON_HISTORY
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.person_judgement import PersonConfig
from streams.person_stage import PersonStage
from streams.state import PackedState
from tests.builders import NOW_US, PERSON, person_signal, signal_id
from tests.detectors.synthetic_examples import taught

MODEL = PersonModel(taught(400).body(), "person-400-test")
ACTIVATION = Activation(Activated.PERSON_MODEL, MODEL.version, 1, NOW_US)
KINDS = (Kind.FAMILY_DISPUTE, Kind.DOMESTIC_VIOLENCE)
VISITS_FROM = 1_000


@dataclass(frozen=True)
class Story:
    """Records of one person in the order of the log, with the places where visits come in."""

    records: list[PersonRecord]
    visits: list[tuple[int, PersonSignal]]

    def with_visits(self) -> list[PersonRecord]:
        mixed = list(self.records)
        for place, visit in sorted(self.visits, key=lambda one: -one[0]):
            mixed.insert(place, visit)
        return mixed


@st.composite
def contacts(draw: st.DrawFn, number: int, now_us: int, origin: Origin) -> PersonSignal:
    return person_signal(
        number,
        at_us=now_us - draw(st.integers(0, 8 * 24)) * HOUR_US,
        ingest_us=now_us,
        kind=draw(st.sampled_from(KINDS)),
        purpose=draw(st.sampled_from((Purpose.HARM_REPORT, Purpose.HELP_REQUEST))),
        origin=origin,
        severity=draw(st.integers(0, 4)),
        signs=draw(st.lists(st.sampled_from(Sign), max_size=3, unique=True).map(tuple)),
    )


def _overdue(number: int, now_us: int) -> Transition:
    return Transition(
        f"t{number}", Scope.PERSON, PERSON, Action.HELP_OVERDUE, now_us, signal_id=signal_id(number)
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Reports, ticks and overdue requests over at most eight weeks, with visits anywhere."""
    records: list[PersonRecord] = [ACTIVATION]
    visits: list[tuple[int, PersonSignal]] = []
    now_us = NOW_US
    for number in range(1, draw(st.integers(2, 9))):
        now_us += draw(st.integers(0, 7 * 24)) * HOUR_US
        for _ in range(draw(st.integers(0, 2))):
            visit = draw(contacts(VISITS_FROM + len(visits), now_us, Origin.VISIT))
            visits.append((len(records), visit))
        what = draw(st.sampled_from(("report", "report", "report", "tick", "overdue")))
        if what == "tick":
            records.append(Tick("all", now_us))
        elif what == "overdue":
            records.append(_overdue(draw(st.integers(1, number)), now_us))
        else:
            origin = draw(st.sampled_from((Origin.REPORTED, Origin.DISCOVERED)))
            records.append(draw(contacts(number, now_us, origin)))
    return Story(records, visits)


def run(records: list[PersonRecord]) -> tuple[Outputs, PersonStage]:
    stage = PersonStage(
        PersonConfig(),
        PackedState(PERSON_HISTORY),
        StageClock(["all"]),
        {MODEL.version: MODEL},
    )
    out = Outputs()
    for record in records:
        stage.step(record, out)
    return out, stage


def judged(out: Outputs) -> list[tuple[object, ...]]:
    """What was made of everything but visits; an alert's name may come from the visit before."""
    visits = {signal_id(VISITS_FROM + number) for number in range(100)}
    return [
        (one.assessment_id, one.kind, one.decision, one.level, one.probability, one.reasons)
        for one in out.assessments
        if one.assessment_id not in visits
    ]


@settings(max_examples=150)
@given(story=stories())
def test_any_number_of_visits_anywhere_changes_no_probability_and_no_assessment(
    story: Story,
) -> None:
    without, stage = run(story.records)
    watched, watched_stage = run(story.with_visits())
    assert judged(watched) == judged(without)
    assert watched.examples == without.examples
    one, other = stage.state.get(PERSON), watched_stage.state.get(PERSON)
    signals = one.signals if one else []
    pending = one.pending if one else []
    assert (other.signals if other else []) == signals
    assert (other.pending if other else []) == pending


@given(story=stories())
def test_a_visit_is_never_scored_itself(story: Story) -> None:
    out, _ = run(story.with_visits())
    ids = {visit.signal_id for _, visit in story.visits}
    of_visits = [one for one in out.assessments if one.assessment_id in ids]
    assert len(of_visits) == len(story.visits)
    assert all(one.probability is None and one.model_version is None for one in of_visits)
    assert all(rules_alone(one) for one in of_visits)


def rules_alone(assessment: Assessment) -> bool:
    return not any(code.startswith("score_") for code in assessment.reasons)


def test_with_the_model_active_reports_are_scored() -> None:
    out, _ = run([ACTIVATION, person_signal(1), person_signal(2, at_us=NOW_US + HOUR_US)])
    first, second = (one.probability for one in out.assessments)
    assert first is not None
    assert second is not None
    assert first != second
