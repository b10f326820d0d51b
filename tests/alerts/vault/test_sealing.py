"""What is sealed opens in its own context under its own key, and nowhere else."""

import traceback

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alerts.vault.sealing import NONCE_BYTES, Sealer, SealError
from tests.streams.intake.contacts import KEYRING, TWO_VERSIONS, keyring_named

SEALER = Sealer(KEYRING)
NEXT = Sealer(msgspec.structs.replace(TWO_VERSIONS, sealing_active="2"))
SECRET = b"the identity of a person"
BYTES = st.binary(max_size=60)


def refused(sealer: Sealer, sealed: bytes, context: bytes, version: str = "1") -> None:
    with pytest.raises(SealError) as caught:
        sealer.open(sealed, context, version)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET.decode() not in shown
    assert str(caught.value) in shown


@given(BYTES, BYTES)
def test_what_is_sealed_opens_again(content: bytes, context: bytes) -> None:
    sealed = SEALER.seal(content, context)
    assert SEALER.open(sealed, context, SEALER.version) == content
    assert SEALER.open_any(sealed, context) == content


@given(st.binary(min_size=8, max_size=60), BYTES)
def test_the_content_is_not_to_be_seen_in_what_is_sealed(content: bytes, context: bytes) -> None:
    assert content not in SEALER.seal(content, context)


@given(BYTES, BYTES)
def test_sealing_twice_gives_the_same_bytes(content: bytes, context: bytes) -> None:
    assert SEALER.seal(content, context) == Sealer(KEYRING).seal(content, context)


PAIR = st.tuples(BYTES, BYTES)


@given(PAIR, PAIR)
@example((b"b\0c", b"a"), (b"c", b"a\0b"))
@example((b"", b"ab"), (b"b", b"a"))
@example((b"", b"\0"), (b"\0", b""))
def test_a_nonce_repeats_only_with_the_whole_message(
    one: tuple[bytes, bytes], two: tuple[bytes, bytes]
) -> None:
    nonces = [SEALER.seal(content, context)[:NONCE_BYTES] for content, context in (one, two)]
    assert (nonces[0] == nonces[1]) == (one == two)


@given(BYTES, BYTES, BYTES)
def test_another_context_does_not_open(content: bytes, context: bytes, other: bytes) -> None:
    assume(context != other)
    refused(SEALER, SEALER.seal(content, context), other)


@given(st.data())
def test_damage_anywhere_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(SECRET, b"record 1"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    refused(SEALER, bytes(sealed), b"record 1")


@given(st.integers(0, NONCE_BYTES + len(SECRET) + 15))
def test_a_cut_off_value_does_not_open(length: int) -> None:
    refused(SEALER, SEALER.seal(SECRET, b"record 1")[:length], b"record 1")


def test_another_keyring_does_not_open() -> None:
    refused(Sealer(keyring_named("other")), SEALER.seal(SECRET, b"record 1"), b"record 1")


def test_an_old_version_opens_by_its_name_and_not_by_another() -> None:
    old, new = SEALER.seal(SECRET, b"record 1"), NEXT.seal(SECRET, b"record 1")
    assert (SEALER.version, NEXT.version) == ("1", "2")
    assert old != new
    assert NEXT.open(old, b"record 1", "1") == SECRET
    assert NEXT.open(new, b"record 1", "2") == SECRET
    refused(NEXT, old, b"record 1", "2")
    refused(NEXT, new, b"record 1", "1")
    refused(SEALER, new, b"record 1", "2")


def test_what_names_no_key_opens_under_any_key_and_in_its_own_context_only() -> None:
    old, new = SEALER.seal(SECRET, b"record 1"), NEXT.seal(SECRET, b"record 1")
    assert NEXT.open_any(old, b"record 1") == NEXT.open_any(new, b"record 1") == SECRET
    for sealer, sealed, context in ((NEXT, old, b"record 2"), (SEALER, new, b"record 1")):
        with pytest.raises(SealError, match="under any key"):
            sealer.open_any(sealed, context)
