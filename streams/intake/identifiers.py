"""Identifiers of persons at risk: checked and brought into one form before they become keys.

Rules: one person's identifier written in two ways must give one key; an identifier that fails its
own check is refused, as it would begin a history that belongs to nobody. Nothing is read out of an
identifier: the birth date inside a citizen id is checked for being a date and then forgotten.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache

import phonenumbers

from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Scheme

PREFIXES_CACHED_MAX = 65_536
_MOBILE = re.compile(r"(?:\+86)?(1\d{10})", re.ASCII)
_CITIZEN = re.compile(r"\d{17}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_CASE = re.compile(r"[\w()/\-]{3,64}")
_BRACKETS = str.maketrans("〔〕[]【】", "()()()")
_CASE_NOISE = re.compile(r"[\s._]+")


def _malformed() -> Refused:
    return Refused(Rejection.IDENTIFIER_MALFORMED, "$.data.person.value")


@lru_cache(maxsize=PREFIXES_CACHED_MAX)
def _mobile_prefix_is_valid(prefix: str) -> bool:
    """Whether mainland mobile numbers beginning with these 7 digits are valid.

    The plan gives mobile ranges by at most the first seven digits, so the library is asked once for
    each range instead of once for each call.
    """
    number = phonenumbers.parse(f"+86{prefix}0000", None)
    return phonenumbers.is_valid_number(number)


def _phone(value: str, region: str) -> str:
    mobile = _MOBILE.fullmatch(value)
    if mobile and (region == "CN" or value.startswith("+")):
        if _mobile_prefix_is_valid(mobile[1][:7]):
            return f"+86{mobile[1]}"
        raise _malformed()
    # The library passes over letters, or reads them as keys: a slip or a text would be a number.
    if any(map(str.isalpha, value.removeprefix("tel:"))):
        raise _malformed()
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException as error:
        raise _malformed() from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise _malformed()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _citizen_id(value: str) -> str:
    """GB 11643-1999: 17 digits and a check digit by ISO 7064 MOD 11-2."""
    digits = unicodedata.normalize("NFKC", value).strip().upper()
    if not (digits.isascii() and _CITIZEN.fullmatch(digits)):
        raise _malformed()
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError as error:
        raise _malformed() from error
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    if _CHECK_DIGITS[total % 11] != digits[17]:
        raise Refused(Rejection.IDENTIFIER_CHECKSUM, "$.data.person.value")
    return digits


def _case_number(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value).translate(_BRACKETS)
    plain = _CASE_NOISE.sub("", plain).upper()
    if not _CASE.fullmatch(plain):
        raise _malformed()
    return plain


def _pseudonym(value: str) -> str:
    plain = unicodedata.normalize("NFC", value).strip()
    if not plain:
        raise _malformed()
    return plain


def normalise(scheme: Scheme, value: str, phone_region: str) -> str:
    """Return the one form of an identifier.

    A phone number becomes E.164 (`phone_region` is assumed where it has no country code), a citizen
    id 18 characters in upper case, a case number NFKC in upper case with round brackets and without
    blanks. Raises Refused when the identifier is malformed or its checksum is wrong; the content is
    not in the error.
    """
    if scheme is Scheme.PHONE:
        return _phone(value, phone_region)
    if scheme is Scheme.CITIZEN_ID:
        return _citizen_id(value)
    if scheme is Scheme.CASE_NUMBER:
        return _case_number(value)
    return _pseudonym(value)
