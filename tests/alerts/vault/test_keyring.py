"""A keyring is whole or refused, and nothing it says shows a key."""

import base64
import json
import traceback
from typing import Any

import pytest

from alerts.vault.keyring import Keyring, KeyringError, new_keyring, read_keyring, write_keyring
from tests.streams.intake.contacts import KEYRING, TWO_VERSIONS, key_of

PLAIN: dict[str, Any] = json.loads(write_keyring(TWO_VERSIONS))
ALL_KEYS = [
    *TWO_VERSIONS.pseudonym.values(),
    *TWO_VERSIONS.sealing.values(),
    TWO_VERSIONS.receipt,
    TWO_VERSIONS.place,
]


def in_base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def refused(data: bytes) -> KeyringError:
    with pytest.raises(KeyringError) as caught:
        read_keyring(data)
    return caught.value


def shows_a_key(text: str) -> bool:
    """Whether a key, or a good part of one, can be read in a text."""
    forms = [form for key in ALL_KEYS for form in (in_base64(key), key.hex(), repr(key)[2:-1])]
    return any(form[:12] in text for form in forms)


@pytest.mark.parametrize("keyring", [KEYRING, TWO_VERSIONS], ids=["one version", "two versions"])
def test_a_keyring_comes_back_as_it_was_written(keyring: Keyring) -> None:
    assert read_keyring(write_keyring(keyring)) == keyring
    assert write_keyring(read_keyring(write_keyring(keyring))) == write_keyring(keyring)


def test_a_new_keyring_has_one_active_version_of_each_key() -> None:
    keyring = new_keyring((key_of("a"), key_of("b"), key_of("c"), key_of("d")))
    assert keyring.pseudonym[keyring.pseudonym_active] == key_of("a")
    assert keyring.sealing[keyring.sealing_active] == key_of("b")
    assert (keyring.receipt, keyring.place) == (key_of("c"), key_of("d"))


def test_a_printed_keyring_shows_no_key() -> None:
    assert shows_a_key(write_keyring(TWO_VERSIONS).decode())
    assert not shows_a_key(f"{TWO_VERSIONS!r} {TWO_VERSIONS}")


SHORT, LONG = key_of("receipt")[:31], key_of("receipt") + b"\0"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 2}, "has format 2"),
        ({"receipt": in_base64(SHORT)}, "32 bytes"),
        ({"place": in_base64(LONG)}, "32 bytes"),
        ({"place": ""}, "32 bytes"),
        ({"pseudonym": {"1": in_base64(SHORT)}}, "32 bytes"),
        ({"sealing": {"1": in_base64(LONG)}}, "32 bytes"),
        ({"place": PLAIN["receipt"]}, "are equal"),
        ({"receipt": PLAIN["pseudonym"]["1"]}, "are equal"),
        ({"sealing": PLAIN["pseudonym"]}, "are equal"),
        ({"pseudonym_active": "3"}, "pseudonym_active"),
        ({"sealing_active": ""}, "sealing_active"),
        ({"pseudonym": {}}, "pseudonym_active"),
    ],
)
def test_a_keyring_that_contradicts_itself_is_refused_by_what_is_wrong(
    changes: dict[str, Any], says: str
) -> None:
    error = refused(json.dumps({**PLAIN, **changes}).encode())
    assert says in str(error)
    assert not shows_a_key("".join(traceback.format_exception(error)))


WRITTEN = write_keyring(TWO_VERSIONS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        WRITTEN[:-20],
        WRITTEN + b"{}",
        b"\xff" + WRITTEN,
        WRITTEN.replace(b'"receipt"', b'"recept"'),
        WRITTEN.replace(b'"receipt": "', b'"receipt": "!'),
        WRITTEN.replace(b'"place"', f'"{in_base64(KEYRING.place)}"'.encode()),
        json.dumps({**PLAIN, "more": in_base64(KEYRING.place)}).encode(),
        json.dumps({**PLAIN, "sealing": list(PLAIN["sealing"].values())}).encode(),
        json.dumps({**PLAIN, "format": in_base64(KEYRING.place)}).encode(),
    ],
)
def test_what_is_no_keyring_is_refused_without_saying_what_it_is(data: bytes) -> None:
    error = refused(data)
    assert "is not the JSON of a keyring" in str(error)
    assert error.__context__ is None
    assert error.__cause__ is None
    assert not shows_a_key("".join(traceback.format_exception(error)))
