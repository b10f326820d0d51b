"""Citizen ids, case numbers and pseudonyms: one form each, and a check that finds slips."""

import traceback
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Scheme
from streams.intake.identifiers import normalise
from tests.streams.intake.contacts import full_width

CHECK_DIGITS = "0123456789X"


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11-2 as the standard has it: a running product, not a table of weights."""
    product = 0
    for digit in digits:
        product = (product + int(digit)) * 2 % 11
    return CHECK_DIGITS[(12 - product) % 11]


def _citizen_id(region: int, born: date, order: int) -> str:
    digits = f"{region:06d}{born:%Y%m%d}{order:03d}"
    return digits + check_digit(digits)


CITIZEN_IDS = st.builds(
    _citizen_id,
    st.integers(110_000, 659_999),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.integers(0, 999),
)
ENDING_IN_X = "11010519491231002X"


def one_form(value: str, scheme: Scheme = Scheme.CITIZEN_ID) -> str:
    return normalise(scheme, value, "CN")


def refusal(value: str, scheme: Scheme = Scheme.CITIZEN_ID) -> Refused:
    with pytest.raises(Refused) as caught:
        one_form(value, scheme)
    assert caught.value.detail == "$.data.person.value"
    return caught.value


def is_a_date(digits: str) -> bool:
    try:
        date.fromisoformat(f"{digits[6:10]}-{digits[10:12]}-{digits[12:14]}")
    except ValueError:
        return False
    return True


@given(CITIZEN_IDS)
@example(ENDING_IN_X)
def test_a_right_citizen_id_is_taken(citizen_id: str) -> None:
    assert one_form(citizen_id) == citizen_id


@given(CITIZEN_IDS)
@example(ENDING_IN_X)
def test_lower_case_full_width_and_blanks_around_are_the_same_citizen_id(citizen_id: str) -> None:
    for written in (citizen_id.lower(), full_width(citizen_id), f" {citizen_id}\u3000"):
        assert one_form(written) == citizen_id


@given(CITIZEN_IDS, st.integers(0, 17), st.sampled_from(CHECK_DIGITS))
def test_one_wrong_digit_in_a_citizen_id_is_always_found(
    citizen_id: str, place: int, digit: str
) -> None:
    assume(digit != citizen_id[place])
    wrong = citizen_id[:place] + digit + citizen_id[place + 1 :]
    dated = is_a_date(wrong) and "X" not in wrong[:17]
    expected = Rejection.IDENTIFIER_CHECKSUM if dated else Rejection.IDENTIFIER_MALFORMED
    assert refusal(wrong).reason is expected


@given(CITIZEN_IDS, st.integers(0, 16))
def test_two_exchanged_digits_in_a_citizen_id_are_always_found(citizen_id: str, place: int) -> None:
    one, two = citizen_id[place], citizen_id[place + 1]
    assume(one != two)
    wrong = citizen_id[:place] + two + one + citizen_id[place + 2 :]
    assert refusal(wrong).reason in {
        Rejection.IDENTIFIER_CHECKSUM,
        Rejection.IDENTIFIER_MALFORMED,
    }


@pytest.mark.parametrize("born", ["20230229", "19000229", "20241301", "20240001", "20240132"])
def test_a_citizen_id_born_on_no_day_is_refused_though_its_check_digit_is_right(born: str) -> None:
    digits = f"440703{born}001"
    assert refusal(digits + check_digit(digits)).reason is Rejection.IDENTIFIER_MALFORMED


def test_a_leap_day_is_a_birthday() -> None:
    digits = "44070320240229001"
    assert one_form(digits + check_digit(digits)) == digits + check_digit(digits)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "130503670401001",
        ENDING_IN_X[:-1],
        f"{ENDING_IN_X}0",
        "1101051949123100XX",
        "110105 19491231 002X",
        "11010519491231002\u0425",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢٨a",
        "-10105194912310020",
    ],
)
def test_a_citizen_id_of_another_form_is_refused(value: str) -> None:
    assert refusal(value).reason is Rejection.IDENTIFIER_MALFORMED


@pytest.mark.parametrize(
    "written",
    [
        "(2026)粤0703民初123号",
        full_width("(2026)粤0703民初123号"),
        full_width("[2026]粤0703民初123号"),
        "〔2026〕粤0703民初123号",
        "【2026】粤0703民初123号",
        "[2026]粤0703民初123号",
        " (2026) 粤 0703 民初 123 号 ",
        "\uff082026\uff09粤0703民初123号",
        "(2026)粤0703民初.123_号",
        "(2026)\u3000粤0703民初123号\t",
    ],
)
def test_a_case_number_has_one_form(written: str) -> None:
    assert one_form(written, Scheme.CASE_NUMBER) == "(2026)粤0703民初123号"


def test_a_case_number_has_no_lower_case() -> None:
    for written in ("dv-2026/17", full_width("dv-2026/17"), "DV-2026/17"):
        assert one_form(written, Scheme.CASE_NUMBER) == "DV-2026/17"


def test_case_numbers_that_differ_stay_apart() -> None:
    forms = {
        one_form(value, Scheme.CASE_NUMBER)
        for value in ("DV-2026/17", "DV-2026/71", "DV2026/17", "DV-2026-17", "(DV)2026/17")
    }
    assert len(forms) == 5


@pytest.mark.parametrize(
    "value", ["", "1", "._ .", "a" * 65, "DV;2026", "DV\u200b2026", "<b>17</b>"]
)
def test_what_is_no_case_number_is_refused(value: str) -> None:
    assert refusal(value, Scheme.CASE_NUMBER).reason is Rejection.IDENTIFIER_MALFORMED


@given(st.text("粤民初号AbzZ〔〕【】()\uff08\uff09\uff11 09-/._", max_size=30))
def test_one_form_of_a_case_number_stays_as_it_is(written: str) -> None:
    try:
        form = one_form(written, Scheme.CASE_NUMBER)
    except Refused:
        return
    assert one_form(form, Scheme.CASE_NUMBER) == form
    assert one_form(form.lower(), Scheme.CASE_NUMBER) == form


def test_a_pseudonym_is_the_same_however_its_accents_are_put_together() -> None:
    composed, apart = "Zoé 小红", " Zoe\u0301 小红 "
    assert one_form(composed, Scheme.PSEUDONYM) == one_form(apart, Scheme.PSEUDONYM)
    assert one_form("Zoe", Scheme.PSEUDONYM) != one_form(composed, Scheme.PSEUDONYM)


def test_a_pseudonym_of_blanks_is_refused() -> None:
    assert refusal(" \u3000\t", Scheme.PSEUDONYM).reason is Rejection.IDENTIFIER_MALFORMED


@pytest.mark.parametrize(
    ("scheme", "value", "telling"),
    [
        (Scheme.PHONE, "+8612800138000", "12800138000"),
        (Scheme.PHONE, "call 4711 mother", "4711"),
        (Scheme.CITIZEN_ID, "110105194912310021", "19491231"),
        (Scheme.CITIZEN_ID, "110105194913310020", "19491331"),
        (Scheme.CASE_NUMBER, "2026粤0703;", "0703"),
    ],
)
def test_the_error_never_shows_the_identifier(scheme: Scheme, value: str, telling: str) -> None:
    refused = refusal(value, scheme)
    shown = "".join(traceback.format_exception(refused)) + repr(refused) + repr(vars(refused))
    assert str(refused) == f"{refused.reason} at $.data.person.value"
    assert value not in shown
    assert telling not in shown
