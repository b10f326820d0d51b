"""The people of a synthetic town: where they live, how they are named, how likely to be in need.

Rules: an identifier is made from the person's number alone, so it tells nothing about anybody and
no two people share one. Phones are of 1349, a block once set aside for satellite handsets, and
count up from zero; citizen ids are of the region 990000, which does not exist, with a birth date
that only counts (from 1900-01-01) and a right checksum. There are no demographics.

Source of the checksum: GB 11643-1999, ISO 7064 MOD 11-2.
"""

from datetime import date, timedelta
from enum import IntEnum

import numpy as np

from schemas.closed import Closed
from schemas.taxonomy import Kind, Scheme
from streams.feeds.town_chance import Chance, Floats, Ints, choose
from streams.feeds.town_config import TownConfig
from streams.feeds.town_map import TownMap
from streams.feeds.town_rows import UNKNOWN, code, codes

REGION = "990000"
_COUNTED_FROM = date(1900, 1, 1)
_A_DAY = 999
_WEIGHTS = tuple(pow(2, 17 - at, 11) for at in range(17))
_CHECKS = "10X98765432"
CITIZEN_ID_SHARE = 0.05
PSEUDONYM_SHARE = 0.02
SAFE_CONTACT_SHARE = 0.6
OTHER_NAME_SHARE = 0.5
SAFE_CHOICES = 3

THEMES = (
    (Kind.FAMILY_DISPUTE, 0.3),
    (Kind.DOMESTIC_VIOLENCE, 0.27),
    (Kind.MENTAL_HEALTH_CRISIS, 0.13),
    (Kind.VULNERABLE_CARE, 0.1),
    (Kind.CHILD_OR_ELDER_NEGLECT, 0.08),
    (Kind.SELF_HARM, 0.06),
    (Kind.MISSING_PERSON, 0.06),
)


class Identity(IntEnum):
    """By which identifier a person is named in reports."""

    PHONE = 0
    CITIZEN_ID = 1
    SPLIT = 2
    PSEUDONYM = 3


class People(Closed, frozen=True):
    """One entry a person in every array.

    `home` is a grid number; `rate` is relative to the mean person (mean 1, gamma of the config's
    shape); `theme` is the kind (code) that most of the person's matters are of; `safe` is UNKNOWN
    or the way in which the person can be reached safely.
    """

    home: Ints
    rate: Floats
    theme: Ints
    identity: Ints
    safe: Ints


def build_people(config: TownConfig, ground: TownMap, chance: Chance) -> People:
    """Draw the people of a town."""
    size = config.persons
    home = choose(chance, chance.gamma(4.0, size=len(ground.grids)), size)
    rate = chance.gamma(config.rate_shape, 1 / config.rate_shape, size=size)
    themes = codes(*(kind for kind, _ in THEMES))
    theme = themes[choose(chance, [weight for _, weight in THEMES], size)].astype(np.int64)
    phone = max(0.0, 1 - config.split - CITIZEN_ID_SHARE - PSEUDONYM_SHARE)
    identity = choose(chance, [phone, CITIZEN_ID_SHARE, config.split, PSEUDONYM_SHARE], size)
    safe = np.where(
        chance.random(size) < SAFE_CONTACT_SHARE, chance.integers(0, SAFE_CHOICES, size), UNKNOWN
    )
    return People(home=home, rate=rate, theme=theme, identity=identity, safe=safe)


def phone_of(person: int) -> str:
    """Return the phone number of a person, valid in form (E.164), in nobody's hand."""
    return f"+861349{person:07d}"


def checksum_of(digits: str) -> str:
    """Return the check character of 17 digits by GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def citizen_id_of(person: int) -> str:
    """Return the citizen id of a person: a region that does not exist and a right checksum."""
    counted = _COUNTED_FROM + timedelta(days=person // _A_DAY)
    digits = f"{REGION}{counted:%Y%m%d}{person % _A_DAY + 1:03d}"
    return digits + checksum_of(digits)


def pseudonym_of(person: int) -> str:
    """Return the name that the hotline gave a person who would not be known."""
    return f"town-caller-{person:07d}"


_NAMED_BY = {
    code(Scheme.PHONE): phone_of,
    code(Scheme.CITIZEN_ID): citizen_id_of,
    code(Scheme.PSEUDONYM): pseudonym_of,
}
_SCHEMES_OF = {
    Identity.PHONE: (Scheme.PHONE,),
    Identity.CITIZEN_ID: (Scheme.CITIZEN_ID,),
    Identity.SPLIT: (Scheme.PHONE, Scheme.CITIZEN_ID),
    Identity.PSEUDONYM: (Scheme.PSEUDONYM,),
}


def identifier_of(person: int, scheme: int) -> str:
    """Return a person's identifier of one scheme (a code of `Scheme`)."""
    return _NAMED_BY[scheme](person)


def identifiers_of(person: int, identity: int) -> tuple[str, ...]:
    """Return every identifier under which a person can turn up in the events."""
    schemes = _SCHEMES_OF[Identity(identity)]
    return tuple(identifier_of(person, code(scheme)) for scheme in schemes)


def draw_schemes(chance: Chance, identity: Ints) -> Ints:
    """Draw the scheme (code) that names a person in each report, by the person's identity."""
    fixed = np.array([code(_SCHEMES_OF[each][0]) for each in Identity], dtype=np.int64)[identity]
    other = (identity == Identity.SPLIT) & (chance.random(len(identity)) < OTHER_NAME_SHARE)
    return np.where(other, code(Scheme.CITIZEN_ID), fixed)
