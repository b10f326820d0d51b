"""Aliases lead every key to the one a person is known by now, and never in a circle."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.vault.pseudonyms import Pseudonyms
from schemas.records import Alias, KeyActivation, MoveReason
from schemas.taxonomy import Scheme
from streams.intake.pseudonymise import AliasError, PersonKeys
from tests.streams.intake.contacts import KEYRING, PHONE, SOURCE, TWO_VERSIONS

KEYS = "abcdef"
PAIRS = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS))


def person_keys() -> PersonKeys:
    return PersonKeys(Pseudonyms(TWO_VERSIONS))


def alias(person: str, to: str) -> Alias:
    return Alias(person, to, MoveReason.MERGE, 1)


def told(*aliases: tuple[str, str]) -> PersonKeys:
    keys = person_keys()
    for person, to in aliases:
        keys.apply(alias(person, to))
    return keys


@pytest.mark.parametrize(
    "aliases",
    [
        [("a", "b"), ("b", "c"), ("c", "d")],
        [("c", "d"), ("b", "c"), ("a", "b")],
        [("b", "c"), ("a", "b"), ("c", "d")],
        [("a", "b"), ("a", "b"), ("c", "d"), ("b", "c")],
    ],
)
def test_a_chain_of_aliases_leads_to_its_end_in_whatever_order_it_was_told(
    aliases: list[tuple[str, str]],
) -> None:
    keys = told(*aliases)
    assert [keys.resolve(key) for key in "abcde"] == ["d", "d", "d", "d", "e"]


@pytest.mark.parametrize(
    ("aliases", "closing"),
    [
        ([], ("a", "a")),
        ([("a", "b")], ("b", "a")),
        ([("a", "b"), ("b", "c")], ("c", "a")),
        ([("a", "b"), ("b", "c")], ("c", "b")),
        ([("b", "c"), ("a", "b")], ("b", "a")),
        ([("a", "b"), ("x", "a")], ("a", "x")),
    ],
)
def test_an_alias_that_would_close_a_circle_is_refused_and_changes_nothing(
    aliases: list[tuple[str, str]], closing: tuple[str, str]
) -> None:
    keys = told(*aliases)
    before = [keys.resolve(key) for key in "abcx"]
    with pytest.raises(AliasError, match="circle"):
        keys.apply(alias(*closing))
    assert [keys.resolve(key) for key in "abcx"] == before


def test_the_refusal_of_an_alias_names_no_person() -> None:
    one, two = "5f0c1d2e3a4b59687786a5b4c3d2e1f0", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    with pytest.raises(AliasError) as caught:
        told((one, two), (two, one))
    assert one not in str(caught.value)
    assert two not in str(caught.value)


@given(st.lists(PAIRS, max_size=12), st.lists(st.sampled_from(KEYS), max_size=12))
def test_looking_a_key_up_never_changes_where_keys_lead(
    aliases: list[tuple[str, str]], looked_up: list[str]
) -> None:
    asked, quiet = person_keys(), person_keys()
    for number, (person, to) in enumerate(aliases):
        refusals = []
        for keys in (asked, quiet):
            try:
                keys.apply(alias(person, to))
            except AliasError:
                refusals.append(keys)
        assert len(refusals) in {0, 2}
        for key in looked_up[: number + 1]:
            asked.resolve(key)
    assert [asked.resolve(key) for key in KEYS] == [quiet.resolve(key) for key in KEYS]


@given(st.lists(PAIRS, max_size=12))
def test_where_a_key_leads_is_known_itself_and_leads_no_further(
    aliases: list[tuple[str, str]],
) -> None:
    keys = person_keys()
    for person, to in aliases:
        with suppress(AliasError):
            keys.apply(alias(person, to))
            assert keys.resolve(person) == keys.resolve(to)
    for key in KEYS:
        assert keys.resolve(keys.resolve(key)) == keys.resolve(key)


@given(st.lists(PAIRS, max_size=12))
def test_the_last_alias_of_each_key_says_it_all(aliases: list[tuple[str, str]]) -> None:
    """A compacted topic keeps the last alias of a key alone; reading it again must suffice."""
    live = person_keys()
    last: dict[str, str] = {}
    for person, to in aliases:
        with suppress(AliasError):
            live.apply(alias(person, to))
            last.pop(person, None)
            last[person] = to
    restored = told(*last.items())
    assert [restored.resolve(key) for key in KEYS] == [live.resolve(key) for key in KEYS]


def test_a_replaced_alias_takes_along_all_that_led_through_it() -> None:
    keys = told(("a", "b"), ("b", "c"))
    assert keys.resolve("a") == "c"
    keys.apply(alias("b", "d"))
    assert keys.resolve("a") == "d"


def test_an_activated_version_makes_the_keys_from_then_on() -> None:
    keys = person_keys()
    first = keys.key_of(Scheme.PHONE, SOURCE, PHONE)
    keys.apply(KeyActivation("2", 1))
    second = keys.key_of(Scheme.PHONE, SOURCE, PHONE)
    expected = Pseudonyms(TWO_VERSIONS)
    expected.use_version("2")
    assert second == expected.person_key(Scheme.PHONE, SOURCE, PHONE) != first
    keys.apply(alias(first, second))
    assert keys.resolve(first) == second


def test_an_identifier_gives_the_key_its_person_is_known_by_now() -> None:
    keys = person_keys()
    first = keys.key_of(Scheme.PHONE, SOURCE, PHONE)
    keys.apply(alias(first, "a"))
    keys.apply(alias("a", "b"))
    assert keys.key_of(Scheme.PHONE, SOURCE, PHONE) == "b"


def test_a_version_that_is_not_in_the_keyring_is_refused_and_changes_nothing() -> None:
    keys = PersonKeys(Pseudonyms(KEYRING))
    first = keys.key_of(Scheme.PHONE, SOURCE, PHONE)
    with pytest.raises(AliasError, match="version '2' is not in the keyring"):
        keys.apply(KeyActivation("2", 1))
    assert keys.key_of(Scheme.PHONE, SOURCE, PHONE) == first
