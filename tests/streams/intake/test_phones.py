"""One telephone is one key, however its number is written; what is no number is refused."""

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Scheme
from streams.intake.identifiers import normalise
from tests.streams.intake.contacts import full_width

DIGITS = "0123456789"


def phone(value: str, region: str = "CN") -> str:
    return normalise(Scheme.PHONE, value, region)


def by_the_library(value: str, region: str) -> str | None:
    """E.164 as the library alone has it, None where it calls the number invalid."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def by_us(value: str, region: str) -> str | None:
    """The form we give, None where we refuse."""
    try:
        return phone(value, region)
    except Refused:
        return None


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "+8613800138000",
        "138 0013 8000",
        "138-0013-8000",
        "138.0013.8000",
        " 13800138000 ",
        "(+86) 138 0013 8000",
        "+86 (138) 0013-8000",
        "0086 138 0013 8000",
        "8613800138000",
        "013800138000",
        "17951 13800138000",
        "tel:+86-138-0013-8000",
        full_width("13800138000"),
        full_width("+8613800138000"),
        full_width("138-0013-8000"),
        "+86\u00a0138\u20110013\u20118000",
    ],
)
def test_a_mobile_number_has_one_form(written: str) -> None:
    assert phone(written) == "+8613800138000"


@pytest.mark.parametrize(
    "written", ["0750-3281234", "(0750)3281234", "+86 750 328 1234", "+867503281234"]
)
def test_a_fixed_line_has_one_form(written: str) -> None:
    assert phone(written) == "+867503281234"


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("+1 (212) 555-2368", "+12125552368"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+39 06 6982", "+39066982"),
        ("0033 1 42 68 53 00", "+33142685300"),
    ],
)
def test_a_foreign_number_keeps_its_country(written: str, form: str) -> None:
    assert phone(written) == form


def test_a_mainland_mobile_with_its_country_code_is_known_in_every_region() -> None:
    assert phone("+8613800138000", "US") == "+8613800138000"


def test_digits_without_a_country_code_belong_to_the_region() -> None:
    assert phone("2125552368", "US") == "+12125552368"
    assert by_us("2125552368", "CN") != "+12125552368"


@pytest.mark.parametrize(
    "written",
    [
        "12800138000",
        "+8612800138000",
        "1380013800",
        "138001380000",
        "110",
        "0",
        "+",
        "+99913800138000",
        "13800138000 x12",
        "13800138000 ext. 12",
        "13800138000#12",
        "0750-3281234 ~801",
        "tel:+86-138-0013-8000;ext=12",
        "13800138000,13900139000",
        "mother",
        "call 4711 mother",
        "1380013mama",
        "138001380O00",
        "张三13800138000",
        "13800138000转12",
        "13800138000 or 13900139000",
        "+86" + "1" * 120,
    ],
)
def test_what_is_no_number_of_one_telephone_is_refused(written: str) -> None:
    with pytest.raises(Refused) as caught:
        phone(written)
    assert caught.value.reason is Rejection.IDENTIFIER_MALFORMED
    assert caught.value.detail == "$.data.person.value"


ELEVEN = st.text(DIGITS, min_size=10, max_size=10).map(lambda rest: f"1{rest}")
PREFIXES = st.sampled_from(
    ["1380013", "1740599", "1740600", "1610", "1700", "1795", "1280", "1080"]
)
NEAR_A_PREFIX = st.builds(
    lambda prefix, rest: (prefix + rest)[:11], PREFIXES, st.text(DIGITS, min_size=11, max_size=11)
)


@given(ELEVEN | NEAR_A_PREFIX, st.sampled_from(["", "+86"]))
@example("17951138001", "")
@example("17911234567", "")
@example("10800123456", "")
@example("11000000000", "+86")
def test_the_short_way_for_mobiles_agrees_with_the_library(digits: str, country: str) -> None:
    assert by_us(country + digits, "CN") == by_the_library(country + digits, "CN")


@given(ELEVEN, st.text(DIGITS, min_size=4, max_size=4))
def test_the_last_four_digits_of_a_mobile_never_decide_its_validity(
    digits: str, other: str
) -> None:
    valid = by_the_library(f"+86{digits}", "CN") is not None
    assert (by_the_library(f"+86{digits[:7]}{other}", "CN") is not None) == valid


@given(st.text(DIGITS, min_size=11, max_size=11))
def test_eleven_digits_of_any_kind_agree_with_the_library(digits: str) -> None:
    assert by_us(digits, "CN") == by_the_library(digits, "CN")


@given(st.text(DIGITS + "+-()/. x", min_size=1, max_size=20))
def test_one_form_stays_as_it_is(written: str) -> None:
    form = by_us(written, "CN")
    if form is not None:
        assert by_us(form, "CN") == form
