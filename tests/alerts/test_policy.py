"""The decision: no model lowers a floor, no score alone is red, and every reason has its name."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.policy import (
    NO_ALERT,
    RULES_ONLY,
    AreaPolicy,
    PersonPolicy,
    decide_incident,
    decide_person,
    decide_surge,
)
from schemas.outcomes import Reason
from schemas.taxonomy import Level, rank_of
from tests.builders import reason

POLICY = PersonPolicy()
NOT_RED = [level for level in Level if level is not Level.RED]

probabilities = st.floats(0, 1)
thresholds = st.floats(0, 1, exclude_min=True)
floor_lists = st.lists(
    st.builds(
        reason, st.sampled_from(("strangulation", "threat", "other")), st.sampled_from(Level)
    ),
    max_size=4,
)


def policy_of(one: float, two: float, three: float, level: Level) -> PersonPolicy:
    blue, yellow, orange = sorted((one, two, three))
    return PersonPolicy(orange, yellow, blue, level)


policies = st.builds(policy_of, thresholds, thresholds, thresholds, st.sampled_from(NOT_RED))


def strongest(reasons: list[Reason]) -> int:
    return max((rank_of(one.level) for one in reasons), default=-1)


@given(
    floors=floor_lists,
    probability=st.none() | probabilities,
    policy=policies,
    overdue=st.booleans(),
)
def test_no_probability_nor_its_absence_lowers_a_floor(
    floors: list[Reason], probability: float | None, policy: PersonPolicy, *, overdue: bool
) -> None:
    decision = decide_person(floors, probability, policy, help_overdue=overdue)
    assert rank_of(decision.level) >= strongest(floors)
    assert decision.reasons[: len(floors)] == tuple(floors)


@given(floors=floor_lists, probability=st.floats(), policy=policies, overdue=st.booleans())
def test_not_even_a_probability_that_is_none_lowers_a_floor(
    floors: list[Reason], probability: float, policy: PersonPolicy, *, overdue: bool
) -> None:
    decision = decide_person(floors, probability, policy, help_overdue=overdue)
    assert rank_of(decision.level) >= strongest(floors)


@given(probability=st.none() | st.floats(), policy=policies, overdue=st.booleans())
def test_without_a_red_floor_nothing_is_red(
    probability: float | None, policy: PersonPolicy, *, overdue: bool
) -> None:
    floors = [reason("threat", Level.ORANGE)]
    for given_floors in ((), floors):
        decision = decide_person(given_floors, probability, policy, help_overdue=overdue)
        assert decision.level is not Level.RED


@given(
    floors=floor_lists,
    probability=st.none() | probabilities,
    policy=policies,
    overdue=st.booleans(),
)
def test_a_decision_is_named_by_the_reason_that_made_it(
    floors: list[Reason], probability: float | None, policy: PersonPolicy, *, overdue: bool
) -> None:
    decision = decide_person(floors, probability, policy, help_overdue=overdue)
    if not decision.reasons:
        assert decision == (RULES_ONLY if probability is None else NO_ALERT)
        return
    assert decision.level is not None
    assert rank_of(decision.level) == strongest(list(decision.reasons))
    assert (decision.name, decision.level) in [(one.code, one.level) for one in decision.reasons]


@given(low=probabilities, high=probabilities, policy=policies, overdue=st.booleans())
def test_more_danger_never_lowers_the_level(
    low: float, high: float, policy: PersonPolicy, *, overdue: bool
) -> None:
    less = decide_person((), min(low, high), policy, help_overdue=overdue)
    more = decide_person((), max(low, high), policy, help_overdue=overdue)
    assert rank_of(less.level) <= rank_of(more.level)


@given(
    floors=floor_lists,
    probability=st.none() | probabilities,
    policy=policies,
)
def test_an_overdue_request_for_help_never_lowers_the_level(
    floors: list[Reason], probability: float | None, policy: PersonPolicy
) -> None:
    calm = decide_person(floors, probability, policy, help_overdue=False)
    overdue = decide_person(floors, probability, policy, help_overdue=True)
    assert rank_of(overdue.level) >= max(rank_of(calm.level), rank_of(policy.help_overdue_level))
    assert "help_overdue" in [one.code for one in overdue.reasons]


@pytest.mark.parametrize(
    ("probability", "level", "name"),
    [
        (0.0, None, "below_thresholds"),
        (0.1199, None, "below_thresholds"),
        (0.12, Level.BLUE, "score_blue"),
        (0.1999, Level.BLUE, "score_blue"),
        (0.20, Level.YELLOW, "score_yellow"),
        (0.35, Level.ORANGE, "score_orange"),
        (1.0, Level.ORANGE, "score_orange"),
        (None, None, "no_floor_and_no_score"),
    ],
)
def test_a_score_alone_raises_the_level_of_its_threshold(
    probability: float | None, level: Level | None, name: str
) -> None:
    decision = decide_person((), probability, POLICY, help_overdue=False)
    assert (decision.level, decision.name) == (level, name)
    for one in decision.reasons:
        assert f"{probability:.0%}" in one.text.en
        assert f"{probability:.0%}" in one.text.zh


@pytest.mark.parametrize(
    ("orange", "yellow", "blue"),
    [
        (0.3, 0.4, 0.1),
        (0.3, 0.2, 0.25),
        (0.1, 0.2, 0.3),
        (math.nan, 0.2, 0.1),
        (0.3, math.nan, 0.1),
    ],
)
def test_thresholds_out_of_the_order_of_danger_are_refused(
    orange: float, yellow: float, blue: float
) -> None:
    with pytest.raises(ValueError, match="blue <= yellow <= orange"):
        PersonPolicy(orange, yellow, blue)


def test_an_overdue_request_alone_cannot_be_configured_red() -> None:
    with pytest.raises(ValueError, match="never red"):
        PersonPolicy(help_overdue_level=Level.RED)


@given(floors=floor_lists)
def test_an_incident_without_a_person_is_red_or_nothing(floors: list[Reason]) -> None:
    decision = decide_incident(floors)
    reds = tuple(one for one in floors if one.level is Level.RED)
    assert decision.reasons == reds
    if reds:
        assert (decision.level, decision.name) == (Level.RED, reds[0].code)
    else:
        assert (decision.level, decision.name) == (None, "no_red_floor")


@pytest.mark.parametrize(
    ("count", "expected", "level"),
    [
        (39, 19.5, Level.YELLOW),
        (40, 20.0, Level.ORANGE),
        (40, 20.1, Level.YELLOW),
        (20, 0.0, Level.ORANGE),
        (19, 0.0, Level.YELLOW),
        (100, 60.0, Level.YELLOW),
    ],
)
def test_a_surge_is_orange_only_when_both_high_and_many(
    count: int, expected: float, level: Level
) -> None:
    decision = decide_surge(count, expected, AreaPolicy())
    assert (decision.level, decision.name) == (level, "surge")
    (why,) = decision.reasons
    assert (why.code, why.level) == ("surge", level)
    assert str(count) in why.text.en
    assert str(count) in why.text.zh


@given(count=st.integers(0, 10**6), expected=st.floats(0, 10**6), more=st.integers(0, 1_000))
def test_a_greater_surge_is_never_less_urgent(count: int, expected: float, more: int) -> None:
    policy = AreaPolicy()
    low = decide_surge(count, expected, policy).level
    high = decide_surge(count + more, expected, policy).level
    assert rank_of(low) <= rank_of(high) < rank_of(Level.RED)
