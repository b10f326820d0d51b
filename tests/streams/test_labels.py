"""Late labels: one maturity for all, harm by its time, averted danger teaches nothing."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.features import FEATURE_SET, unpack
from schemas.outcomes import LabelReason
from schemas.state import PastSignal, PersonHistory
from schemas.taxonomy import Kind, Origin, Outcome, Purpose
from schemas.times import DAY_US, MINUTE_US
from streams.labels import (
    LabelConfig,
    apply_outcome,
    first_report,
    mark_harm,
    matured,
    maturity_us,
    wait,
)
from tests.builders import NOW_US, PERSON, history_of, past_signal_of, pending_of

CONFIG = LabelConfig()
HORIZON_US, MATURITY_US = 30 * DAY_US, 37 * DAY_US
GRAVE = 3


def waiting(*numbers: int) -> PersonHistory:
    """A history with one prediction a day, from NOW_US on."""
    return PersonHistory(pending=[pending_of(n, at_us=NOW_US + n * DAY_US) for n in numbers])


def harm(
    after_us: int,
    *,
    severity: int = GRAVE,
    origin: Origin = Origin.REPORTED,
    purpose: Purpose = Purpose.HARM_REPORT,
) -> PastSignal:
    return past_signal_of(
        99, at_us=NOW_US + after_us, severity=severity, origin=origin, purpose=purpose
    )


@given(
    days=st.lists(st.integers(0, 60), max_size=16, unique=True),
    harm_days=st.lists(st.integers(0, 90), max_size=4),
    step_days=st.integers(1, 20),
)
def test_every_prediction_is_given_out_once_at_the_one_maturity_whatever_its_label(
    days: list[int], harm_days: list[int], step_days: int
) -> None:
    history = waiting(*sorted(days))
    predicted = {pending.predicted_us for pending in history.pending}
    for day in harm_days:
        mark_harm(history, harm(day * DAY_US), CONFIG)
    given_out = []
    for now_us in range(NOW_US, NOW_US + 130 * DAY_US, step_days * DAY_US):
        for example in matured(history, PERSON, now_us, CONFIG):
            age_us = now_us - example.predicted_us
            assert MATURITY_US <= age_us < MATURITY_US + step_days * DAY_US
            assert example.ingest_us == now_us
            given_out.append(example)
    assert sorted(example.predicted_us for example in given_out) == sorted(predicted)
    assert len({example.example_id for example in given_out}) == len(given_out)
    for example in given_out:
        harmed = any(
            0 < NOW_US + day * DAY_US - example.predicted_us <= HORIZON_US for day in harm_days
        )
        assert example.harmed is harmed


def test_harm_does_not_jump_the_queue() -> None:
    history = waiting(0)
    mark_harm(history, harm(DAY_US), CONFIG)
    assert matured(history, PERSON, NOW_US + MATURITY_US - 1, CONFIG) == []
    (example,) = matured(history, PERSON, NOW_US + MATURITY_US, CONFIG)
    assert (example.harmed, example.label) == (True, LabelReason.HARM)
    assert matured(history, PERSON, NOW_US + MATURITY_US, CONFIG) == []


@pytest.mark.parametrize(
    ("after_us", "harmed"),
    [(-1, False), (0, False), (1, True), (HORIZON_US, True), (HORIZON_US + 1, False)],
)
def test_harm_labels_a_prediction_only_within_its_horizon(after_us: int, *, harmed: bool) -> None:
    history = waiting(0)
    mark_harm(history, harm(after_us), CONFIG)
    (example,) = matured(history, PERSON, NOW_US + MATURITY_US, CONFIG)
    assert example.harmed is harmed
    assert example.label is (LabelReason.HARM if harmed else LabelReason.HORIZON)


def test_harm_within_the_horizon_that_arrives_in_the_days_of_grace_still_counts() -> None:
    history = waiting(0)
    assert matured(history, PERSON, NOW_US + HORIZON_US + 6 * DAY_US, CONFIG) == []
    mark_harm(history, harm(HORIZON_US), CONFIG)
    (example,) = matured(history, PERSON, NOW_US + MATURITY_US, CONFIG)
    assert example.harmed


@pytest.mark.parametrize(
    "past",
    [harm(DAY_US, severity=2), harm(DAY_US, purpose=Purpose.HELP_REQUEST, severity=4)],
    ids=["not severe", "a request for help"],
)
def test_only_a_report_of_severe_harm_is_a_label(past: PastSignal) -> None:
    history = waiting(0)
    before = deepcopy(history)
    mark_harm(history, past, CONFIG)
    assert history == before


@pytest.mark.parametrize(
    ("origins", "weight"),
    [
        ((Origin.DISCOVERED,), 0.5),
        ((Origin.REPORTED,), 1.0),
        ((Origin.DISCOVERED, Origin.REPORTED), 1.0),
        ((Origin.REPORTED, Origin.DISCOVERED), 1.0),
    ],
)
def test_discovered_harm_weighs_less_and_never_takes_weight_from_reported_harm(
    origins: tuple[Origin, ...], weight: float
) -> None:
    history = waiting(0)
    for origin in origins:
        mark_harm(history, harm(DAY_US, origin=origin), CONFIG)
    (example,) = matured(history, PERSON, NOW_US + MATURITY_US, CONFIG)
    assert (example.harmed, example.weight) == (True, weight)


def test_no_harm_is_an_example_of_full_weight() -> None:
    (example,) = matured(waiting(0), PERSON, NOW_US + MATURITY_US, CONFIG)
    assert (example.harmed, example.weight) == (False, 1.0)


def test_what_an_officer_found_to_be_harm_is_harm_by_outcome() -> None:
    history = waiting(0, 1, 2)
    apply_outcome(history, Outcome.HARM_OCCURRED, NOW_US + 1, NOW_US + DAY_US, CONFIG)
    examples = matured(history, PERSON, NOW_US + 60 * DAY_US, CONFIG)
    assert [example.label for example in examples] == [
        LabelReason.HORIZON,
        LabelReason.OUTCOME,
        LabelReason.HORIZON,
    ]
    assert [example.weight for example in examples] == [1.0, 1.0, 1.0]


def test_averted_danger_takes_the_predictions_of_the_episode_out_and_no_others() -> None:
    history = waiting(0, 1, 2, 3)
    mark_harm(history, harm(3 * DAY_US), CONFIG)
    apply_outcome(history, Outcome.AVERTED, NOW_US + DAY_US, NOW_US + 2 * DAY_US, CONFIG)
    assert [p.predicted_us - NOW_US for p in history.pending] == [0, 3 * DAY_US]


def test_an_outcome_says_nothing_of_predictions_older_than_the_horizon() -> None:
    history = waiting(0, 20)
    apply_outcome(history, Outcome.AVERTED, NOW_US, NOW_US + 31 * DAY_US, CONFIG)
    assert [p.predicted_us for p in history.pending] == [NOW_US]


@pytest.mark.parametrize(
    "outcome",
    [None, *(one for one in Outcome if one not in {Outcome.HARM_OCCURRED, Outcome.AVERTED})],
    ids=str,
)
def test_other_outcomes_leave_it_to_what_is_reported(outcome: Outcome | None) -> None:
    history = waiting(0, 1)
    before = deepcopy(history)
    apply_outcome(history, outcome, NOW_US, NOW_US + 5 * DAY_US, CONFIG)
    assert history == before


@given(tries=st.integers(0, 40), bound=st.integers(1, 20))
def test_only_so_many_predictions_wait(tries: int, bound: int) -> None:
    config, history = LabelConfig(pending_max=bound), PersonHistory()
    taken = [wait(history, pending_of(n), config) for n in range(tries)]
    assert taken == [n < bound for n in range(tries)]
    assert [p.signal for p in history.pending] == [pending_of(n).signal for n in range(tries)][
        :bound
    ]


def test_the_id_of_an_example_follows_from_person_signal_and_time_alone() -> None:
    def example_id(person: str, number: int, at_us: int, probability: float) -> str:
        pending = pending_of(number, at_us=at_us, probability=probability)
        history = PersonHistory(pending=[pending])
        (example,) = matured(history, person, at_us + 100 * DAY_US, CONFIG)
        return example.example_id

    known = example_id(PERSON, 1, NOW_US, 0.1)
    assert known == example_id(PERSON, 1, NOW_US, 0.9)
    others = {
        example_id("b" * 32, 1, NOW_US, 0.1),
        example_id(PERSON, 2, NOW_US, 0.1),
        example_id(PERSON, 1, NOW_US + 1, 0.1),
    }
    assert len(others | {known}) == 4


def test_an_example_carries_what_was_predicted_from_what() -> None:
    pending = pending_of(1, probability=0.25)
    (example,) = matured(
        PersonHistory(pending=[pending]), PERSON, maturity_us(pending, CONFIG), CONFIG
    )
    assert example.features == FEATURE_SET
    assert example.values == unpack(pending.values)
    assert (example.predicted, example.model_version) == (0.25, "person-1-abc")


@pytest.mark.parametrize(
    ("other", "first"),
    [
        (past_signal_of(2, at_us=NOW_US + 15 * MINUTE_US), False),
        (past_signal_of(2, at_us=NOW_US - 15 * MINUTE_US), False),
        (past_signal_of(2, at_us=NOW_US + 15 * MINUTE_US + 1), True),
        (past_signal_of(2, kind=Kind.SELF_HARM), True),
        (past_signal_of(1), True),
    ],
)
def test_a_near_duplicate_is_no_first_report(other: PastSignal, *, first: bool) -> None:
    past = past_signal_of(1)
    assert first_report(history_of(past, other), past, 15) is first
