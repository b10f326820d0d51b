"""Keys of persons, receipts and places: keyed, apart from each other, and the same each time."""

import re
from hashlib import blake2b, md5, sha1, sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.vault.keyring import Keyring
from alerts.vault.pseudonyms import Pseudonyms, signal_id
from schemas.taxonomy import Scheme
from tests.streams.intake.contacts import KEYRING, TWO_VERSIONS, key_of, keyring_named

OTHER = keyring_named("other")
PHONE = "+8613800138000"
HEX = re.compile(r"[0-9a-f]{32}")

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)


@given(st.sampled_from(Scheme), NAMES, NAMES)
def test_a_person_key_is_the_same_each_time_and_32_hex_digits(
    scheme: Scheme, source: str, identifier: str
) -> None:
    key = Pseudonyms(KEYRING).person_key(scheme, source, identifier)
    assert key == Pseudonyms(KEYRING).person_key(scheme, source, identifier)
    assert HEX.fullmatch(key)


@given(st.sampled_from(Scheme), NAMES, NAMES)
def test_another_keyring_gives_other_keys(scheme: Scheme, source: str, named: str) -> None:
    ours, theirs = Pseudonyms(KEYRING), Pseudonyms(OTHER)
    assert ours.person_key(scheme, source, named) != theirs.person_key(scheme, source, named)
    assert ours.receipt(source, named) != theirs.receipt(source, named)


def test_another_namespace_gives_other_keys() -> None:
    ours, theirs = Pseudonyms(KEYRING, "forewarn"), Pseudonyms(KEYRING, "rehearsal")
    assert ours.person_key(Scheme.PHONE, "", PHONE) != theirs.person_key(Scheme.PHONE, "", PHONE)
    assert ours.receipt("a", "1") != theirs.receipt("a", "1")
    assert ours.place_key(22.5, 113.1) != theirs.place_key(22.5, 113.1)


@given(NAMES, NAMES)
def test_one_text_under_two_schemes_is_two_persons(source: str, identifier: str) -> None:
    pseudonyms = Pseudonyms(KEYRING)
    keys = {pseudonyms.person_key(scheme, source, identifier) for scheme in Scheme}
    assert len(keys) == len(Scheme)


@given(st.sampled_from(Scheme), NAMES, NAMES, NAMES)
def test_only_a_pseudonym_belongs_to_its_source(
    scheme: Scheme, one: str, two: str, identifier: str
) -> None:
    pseudonyms = Pseudonyms(KEYRING)
    keys = {pseudonyms.person_key(scheme, source, identifier) for source in (one, two)}
    apart = scheme is Scheme.PSEUDONYM and one != two
    assert len(keys) == (2 if apart else 1)


def test_each_version_of_the_pseudonym_key_gives_keys_of_its_own() -> None:
    pseudonyms = Pseudonyms(TWO_VERSIONS)
    first, receipt = pseudonyms.person_key(Scheme.PHONE, "", PHONE), pseudonyms.receipt("a", "1")
    pseudonyms.use_version("2")
    assert pseudonyms.version == "2"
    assert pseudonyms.person_key(Scheme.PHONE, "", PHONE) != first
    assert pseudonyms.receipt("a", "1") == receipt
    pseudonyms.use_version("1")
    assert pseudonyms.person_key(Scheme.PHONE, "", PHONE) == first


def test_a_version_that_is_not_there_changes_nothing() -> None:
    pseudonyms = Pseudonyms(KEYRING)
    first = pseudonyms.person_key(Scheme.PHONE, "", PHONE)
    with pytest.raises(KeyError):
        pseudonyms.use_version("2")
    assert pseudonyms.version == "1"
    assert pseudonyms.person_key(Scheme.PHONE, "", PHONE) == first


@given(NAMES, NAMES, NAMES)
def test_a_receipt_is_no_person_key_whatever_is_put_in(source: str, one: str, two: str) -> None:
    pseudonyms = Pseudonyms(KEYRING)
    persons = {pseudonyms.person_key(scheme, source, one) for scheme in Scheme}
    assert pseudonyms.receipt(source, two) not in persons
    assert pseudonyms.receipt(source, one) != signal_id(source, one)


def test_each_use_has_a_key_of_its_own() -> None:
    def made(keyring: Keyring) -> tuple[str, str, str]:
        use = Pseudonyms(keyring)
        return use.person_key(Scheme.PHONE, "", PHONE), use.receipt("a", "1"), use.place_key(1, 2)

    changes: tuple[dict[str, Any], ...] = (
        {"pseudonym": {"1": key_of("x")}},
        {"receipt": key_of("x")},
        {"place": key_of("x")},
        {"sealing": {"1": key_of("x")}},
    )
    before = made(KEYRING)
    for place, change in enumerate(changes):
        after = made(msgspec.structs.replace(KEYRING, **change))
        assert [one != two for one, two in zip(before, after, strict=True)] == [
            place == 0,
            place == 1,
            place == 2,
        ]


def test_each_use_has_a_prefix_of_its_own_so_that_one_key_for_two_would_not_join_them() -> None:
    swapped = msgspec.structs.replace(
        KEYRING, receipt=KEYRING.pseudonym["1"], pseudonym={"1": KEYRING.receipt}
    )
    ours, theirs = Pseudonyms(KEYRING), Pseudonyms(swapped)
    assert ours.person_key(Scheme.PHONE, "", "1") != theirs.receipt("phone", "\x1f1")
    assert ours.person_key(Scheme.PSEUDONYM, "a", "1") != theirs.receipt("pseudonym", "a\x1f1")
    assert ours.receipt("a", "1") != theirs.receipt("a", "1")


def test_a_person_key_cannot_be_made_without_the_key() -> None:
    key = Pseudonyms(KEYRING).person_key(Scheme.PHONE, "", PHONE)
    named = [PHONE, f"phone{PHONE}", f"forewarn\x1fperson\x1fphone\x1f\x1f{PHONE}"]
    for text in named:
        for digest in (sha256, sha1, md5, blake2b):
            assert not digest(text.encode()).hexdigest().startswith(key[:8])


@given(NAMES, NAMES, NAMES, NAMES)
def test_the_id_of_a_signal_is_of_its_source_and_its_id(a: str, b: str, c: str, d: str) -> None:
    assert (signal_id(a, b) == signal_id(c, d)) == ((a, b) == (c, d))
    assert HEX.fullmatch(signal_id(a, b))


@pytest.mark.parametrize(
    ("lat", "lon", "same"),
    [
        (22.5904, 113.0904, True),
        (22.5900, 113.0900, True),
        (22.5914, 113.0900, False),
        (22.5900, 113.0914, False),
        (113.09, 22.59, False),
        (-22.59, 113.09, False),
    ],
)
def test_a_place_is_a_location_to_about_a_hundred_metres(
    lat: float, lon: float, same: bool
) -> None:
    pseudonyms = Pseudonyms(KEYRING)
    key = pseudonyms.place_key(lat, lon)
    assert (key == pseudonyms.place_key(22.59, 113.09)) == same
    assert key != Pseudonyms(OTHER).place_key(lat, lon)
