"""Rule floors: each holds when just fulfilled, fails when any part is missing, and never falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.floors import FLOORS, REASON_OF_CODE, Floor, floors_of, is_red
from schemas.taxonomy import Kind, Level, Sign, rank_of

CASES = {
    "strangulation": (Level.RED, {Sign.STRANGULATION}, None, 0),
    "weapon_with_threat": (Level.RED, {Sign.WEAPON, Sign.THREAT_TO_KILL}, None, 0),
    "threat_in_separation": (Level.RED, {Sign.THREAT_TO_KILL, Sign.RECENT_SEPARATION}, None, 0),
    "injury_in_pregnancy": (
        Level.RED,
        {Sign.INJURY, Sign.PREGNANCY},
        {Kind.DOMESTIC_VIOLENCE},
        0,
    ),
    "self_harm_with_means": (Level.RED, {Sign.SELF_HARM_WORDS, Sign.WEAPON}, None, 0),
    "self_harm_life_in_danger": (Level.RED, set(), {Kind.SELF_HARM}, 4),
    "crisis_life_in_danger": (
        Level.RED,
        {Sign.SELF_HARM_WORDS},
        {Kind.SELF_HARM, Kind.MENTAL_HEALTH_CRISIS},
        4,
    ),
    "threat_life_in_danger": (Level.RED, {Sign.THREAT_TO_KILL}, None, 4),
    "violence_life_in_danger": (Level.RED, set(), {Kind.DOMESTIC_VIOLENCE}, 4),
    "neglect_life_in_danger": (Level.RED, set(), {Kind.CHILD_OR_ELDER_NEGLECT}, 4),
    "dependent_in_danger": (
        Level.RED,
        {Sign.NO_FOOD_OR_HEAT},
        {Kind.CHILD_OR_ELDER_NEGLECT, Kind.VULNERABLE_CARE},
        4,
    ),
    "threat_to_kill": (Level.ORANGE, {Sign.THREAT_TO_KILL}, None, 0),
    "self_harm_words": (
        Level.ORANGE,
        {Sign.SELF_HARM_WORDS},
        {Kind.SELF_HARM, Kind.MENTAL_HEALTH_CRISIS},
        0,
    ),
    "violence_with_weapon": (Level.ORANGE, {Sign.WEAPON}, {Kind.DOMESTIC_VIOLENCE}, 0),
    "child_in_violence": (Level.ORANGE, {Sign.CHILD_PRESENT}, {Kind.DOMESTIC_VIOLENCE}, 3),
    "dependent_without_food_or_heat": (
        Level.ORANGE,
        {Sign.NO_FOOD_OR_HEAT},
        {Kind.CHILD_OR_ELDER_NEGLECT, Kind.VULNERABLE_CARE},
        0,
    ),
}
"""What each floor demands: level, all of these signs, any of these kinds (None: any), severity."""

each_case = pytest.mark.parametrize("code", CASES)
kinds = st.sampled_from(Kind)
severities = st.integers(0, 4)
sign_sets = st.sets(st.sampled_from(Sign))


def codes(kind: Kind, severity: int, signs: set[Sign]) -> set[str]:
    return {reason.code for reason in floors_of(kind, severity, tuple(sorted(signs)))}


def strongest(kind: Kind, severity: int, signs: set[Sign]) -> int:
    reasons = floors_of(kind, severity, tuple(sorted(signs)))
    return max((rank_of(reason.level) for reason in reasons), default=-1)


def test_every_floor_has_its_case_here() -> None:
    assert [floor.code for floor in FLOORS] == list(CASES)
    assert list(REASON_OF_CODE) == list(CASES)


@each_case
def test_a_floor_just_fulfilled_holds_at_its_level_for_each_kind(code: str) -> None:
    level, signs, of_kinds, severity = CASES[code]
    for kind in of_kinds or set(Kind):
        assert code in codes(kind, severity, signs)
        assert strongest(kind, severity, signs) >= rank_of(level)
    assert REASON_OF_CODE[code].level is level


@each_case
def test_a_floor_without_one_of_its_signs_does_not_hold(code: str) -> None:
    _, signs, of_kinds, _ = CASES[code]
    for kind in of_kinds or set(Kind):
        for missing in signs:
            assert code not in codes(kind, 4, set(Sign) - {missing})


@each_case
def test_a_floor_below_its_severity_does_not_hold(code: str) -> None:
    _, _, of_kinds, severity = CASES[code]
    for kind in of_kinds or set(Kind):
        held = [grade for grade in range(5) if code in codes(kind, grade, set(Sign))]
        assert held == list(range(severity, 5))


@each_case
def test_a_floor_holds_for_no_other_kind(code: str) -> None:
    _, _, of_kinds, _ = CASES[code]
    held = {kind for kind in Kind if code in codes(kind, 4, set(Sign))}
    assert held == (of_kinds or set(Kind))


def test_nothing_dangerous_reported_is_no_floor() -> None:
    harmless = {Sign.HELP_REFUSED, Sign.ISOLATION, Sign.HAZARD_AT_HOME}
    at_once = {Kind.SELF_HARM, Kind.DOMESTIC_VIOLENCE, Kind.CHILD_OR_ELDER_NEGLECT}
    assert all(not codes(kind, 4, harmless) for kind in set(Kind) - at_once)
    assert all(not codes(kind, 3, harmless) for kind in Kind)


@given(kind=kinds, severity=severities, signs=sign_sets, more=sign_sets, graver=severities)
def test_more_signs_or_a_graver_report_never_remove_a_floor(
    kind: Kind, severity: int, signs: set[Sign], more: set[Sign], graver: int
) -> None:
    before, after = codes(kind, severity, signs), codes(kind, max(severity, graver), signs | more)
    assert before <= after
    assert strongest(kind, severity, signs) <= strongest(kind, max(severity, graver), signs | more)


@given(kind=kinds, severity=severities, signs=sign_sets, data=st.data())
def test_the_order_of_signs_and_their_repetition_do_not_matter(
    kind: Kind, severity: int, signs: set[Sign], data: st.DataObject
) -> None:
    shuffled = tuple(data.draw(st.permutations(sorted(signs) * 2)))
    assert floors_of(kind, severity, shuffled) == floors_of(kind, severity, tuple(sorted(signs)))


@given(kind=kinds, severity=severities, signs=sign_sets)
def test_a_report_is_red_exactly_where_a_red_floor_holds(
    kind: Kind, severity: int, signs: set[Sign]
) -> None:
    red = strongest(kind, severity, signs) == rank_of(Level.RED)
    assert is_red(kind, severity, tuple(signs)) is red


@pytest.mark.parametrize("floor", FLOORS, ids=CASES)
def test_a_floor_speaks_both_languages_and_says_only_red_or_orange(floor: Floor) -> None:
    assert floor.text.en
    assert floor.text.en.isascii()
    assert floor.text.zh
    assert not floor.text.zh.isascii()
    assert floor.level in {Level.RED, Level.ORANGE}
    assert REASON_OF_CODE[floor.code].text == floor.text
