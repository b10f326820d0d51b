"""The vocabularies: labelled in both languages, added to at the end only, packed and unpacked."""

import re
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import taxonomy
from schemas.taxonomy import (
    AREA_PURPOSES,
    CHANNEL_CODE,
    CLOCK_PURPOSES,
    KIND_CODE,
    LABELS,
    ORIGIN_CODE,
    PERSON_PURPOSES,
    PURPOSE_CODE,
    SIGN_BIT,
    Level,
    Purpose,
    Sign,
    members_of,
    rank_of,
    sign_mask,
    signs_in,
)

VOCABULARIES = [
    kind
    for kind in vars(taxonomy).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
]
RELEASED = {
    "Purpose": "harm_report help_request service_request complaint petition tip_off suggestion "
    "enquiry",
    "Kind": "family_dispute neighbour_dispute labour_dispute property_management land_and_forest "
    "demolition_relocation medical_dispute school economic_dispute environment domestic_violence "
    "mental_health_crisis self_harm child_or_elder_neglect missing_person accident "
    "fire_gas_hazard medical_emergency natural_hazard vulnerable_care",
    "Sign": "injury strangulation weapon threat_to_kill self_harm_words child_present pregnancy "
    "recent_separation isolation help_refused no_food_or_heat hazard_at_home",
    "Origin": "reported discovered visit",
    "Channel": "phone message web counter field device referral",
    "Scheme": "phone citizen-id case-number pseudonym",
    "Feed": "incident hotline grid",
    "Level": "red orange yellow blue",
    "AreaLevel": "city county town community grid",
    "Outcome": "harm_occurred averted no_need_found unreachable duplicate unknown",
    "Scope": "person incident area",
}
"""What state and topics already hold; a line here may only grow at its end."""

each_vocabulary = pytest.mark.parametrize("kind", VOCABULARIES, ids=lambda kind: kind.__name__)


@each_vocabulary
def test_every_member_has_a_label_in_both_languages(kind: type[StrEnum]) -> None:
    for member in kind:
        label = LABELS[member]
        assert label.en.strip() == label.en != ""
        assert re.search(r"[\u4e00-\u9fff]", label.zh)


@each_vocabulary
def test_members_of_one_vocabulary_have_labels_of_their_own(kind: type[StrEnum]) -> None:
    for labels in ([LABELS[one].en for one in kind], [LABELS[one].zh for one in kind]):
        assert len(labels) == len(set(labels))


def test_values_of_different_vocabularies_do_not_share_a_label_by_accident() -> None:
    """Members are compared as texts, so two vocabularies with one value would share one label."""
    members = [member for kind in VOCABULARIES for member in kind]
    shared = [member for member in members if sum(one == member for one in members) > 1]
    for member in shared:
        assert LABELS[member].en, member
    assert len(LABELS) == len({str(member) for member in members})


@each_vocabulary
def test_values_are_only_ever_added_at_the_end(kind: type[StrEnum]) -> None:
    released = RELEASED[kind.__name__].split()
    assert [str(member) for member in kind][: len(released)] == released


@each_vocabulary
def test_a_value_is_a_plain_word(kind: type[StrEnum]) -> None:
    assert all(re.fullmatch(r"[a-z]+(?:[_-][a-z]+)*", member) for member in kind)


@pytest.mark.parametrize("codes", [PURPOSE_CODE, KIND_CODE, ORIGIN_CODE, CHANNEL_CODE])
def test_a_code_is_the_position_of_its_member(codes: dict[StrEnum, int]) -> None:
    (kind,) = {type(member) for member in codes}
    assert [members_of(kind)[code] for code in codes.values()] == list(kind)
    assert list(codes.values()) == list(range(len(codes)))


@given(st.sets(st.sampled_from(Sign)))
def test_signs_come_back_from_their_mask(signs: set[Sign]) -> None:
    ordered = tuple(sign for sign in Sign if sign in signs)
    assert signs_in(sign_mask(tuple(signs))) == ordered
    assert sign_mask(ordered * 2) == sign_mask(ordered)


def test_a_sign_has_a_bit_of_its_own() -> None:
    assert [SIGN_BIT[sign] for sign in Sign] == [1 << n for n in range(len(Sign))]


def test_only_harm_and_help_reach_a_person() -> None:
    assert set(PERSON_PURPOSES) == {Purpose.HARM_REPORT, Purpose.HELP_REQUEST}


@pytest.mark.parametrize(
    "purpose",
    [Purpose.COMPLAINT, Purpose.PETITION, Purpose.TIP_OFF, Purpose.SUGGESTION, Purpose.ENQUIRY],
)
def test_what_people_say_to_the_authority_starts_a_clock_and_no_count(purpose: Purpose) -> None:
    assert purpose not in AREA_PURPOSES
    assert purpose in CLOCK_PURPOSES


def test_red_is_the_gravest_level() -> None:
    ranks = [rank_of(level) for level in (None, Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)]
    assert ranks == [-1, 0, 1, 2, 3]
