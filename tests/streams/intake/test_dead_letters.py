"""A dead letter keeps the whole record, sealed, and says in clear only why and where from."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.vault.sealing import Sealer, SealError
from schemas.codec import encode
from schemas.events import RawRecord
from schemas.outcomes import DeadLetter
from schemas.rejections import Refused, Rejection
from schemas.times import from_us
from streams.intake.dead_letters import context_of, dead_letter
from streams.intake.intake import IntakeConfig
from tests.builders import NOW_US
from tests.streams.intake.contacts import CODE_VERSION, KEYRING, contact, intake_with, raw

SEALER = Sealer(KEYRING)
REFUSED = Refused(Rejection.WRONG_TYPE, "$.data.severity")
HEADERS = (("ce_id", b"secret-id"), ("trace", b"\xff\x00"))


def record(value: bytes = b"secret", headers: tuple[tuple[str, bytes], ...] = ()) -> RawRecord:
    return RawRecord(value, "forewarn.hotline-calls.v1", 3, 381, NOW_US, headers)


def letter_of(raw_record: RawRecord) -> DeadLetter:
    return dead_letter(raw_record, REFUSED, SEALER, CODE_VERSION)


def opened(letter: DeadLetter) -> bytes:
    context = context_of(letter.topic, letter.partition, letter.offset)
    return SEALER.open(letter.sealed, context, letter.key_version)


def test_a_dead_letter_names_reason_place_and_origin() -> None:
    letter = letter_of(record())
    assert (letter.reason, letter.detail) == ("wrong_type", "$.data.severity")
    place = (letter.topic, letter.partition, letter.offset)
    assert place == ("forewarn.hotline-calls.v1", 3, 381)
    assert letter.first_seen == from_us(NOW_US)
    assert letter.code_version == CODE_VERSION
    assert not letter.truncated


@given(st.binary(max_size=100), st.lists(st.tuples(st.text("abc_"), st.binary()), max_size=3))
def test_body_and_headers_open_to_what_came(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    letter = letter_of(record(value, tuple(headers)))
    assert opened(letter) == value
    assert (letter.size, letter.digest) == (len(value), sha256(value).hexdigest())
    assert (letter.headers is None) == (not headers)
    if letter.headers is not None:
        context = context_of(letter.topic, letter.partition, letter.offset) + b" headers"
        plain = SEALER.open(letter.headers, context, letter.key_version)
        assert msgspec.json.decode(plain, type=list[tuple[str, bytes]]) == headers


def test_nothing_that_came_is_in_clear() -> None:
    written = encode(letter_of(record(headers=HEADERS)))
    for secret in (b"secret", b"ce_id", b"trace"):
        assert secret not in written


def test_the_same_record_gives_the_same_letter() -> None:
    assert encode(letter_of(record(headers=HEADERS))) == encode(letter_of(record(headers=HEADERS)))


@pytest.mark.parametrize(
    "other",
    [("forewarn.hotline-calls.v1", 3, 382), ("forewarn.hotline-calls.v1", 4, 381), ("b", 3, 381)],
)
def test_a_letter_does_not_open_at_another_place(other: tuple[str, int, int]) -> None:
    letter = letter_of(record())
    with pytest.raises(SealError):
        SEALER.open(letter.sealed, context_of(*other), letter.key_version)


def test_a_record_that_was_cut_has_the_size_and_digest_of_the_whole() -> None:
    whole = b"x" * 1_000
    cut = msgspec.structs.replace(
        record(whole[:100]), size=len(whole), digest=sha256(whole).hexdigest()
    )
    letter = letter_of(cut)
    assert letter.truncated
    assert opened(letter) == whole[:100]
    assert (letter.size, letter.digest) == (1_000, sha256(whole).hexdigest())


def test_a_record_of_an_unknown_time_is_first_seen_at_none() -> None:
    assert letter_of(msgspec.structs.replace(record(), received_us=0)).first_seen is None


def test_the_limit_of_a_body_is_of_its_bytes() -> None:
    event = msgspec.json.encode(contact(note="求"))
    limit = len(event)
    for body_bytes_max, refused in ((limit, False), (limit - 1, True)):
        config = IntakeConfig(body_bytes_max=body_bytes_max)
        found = intake_with(config=config).step(raw(event))
        assert (found.dead is not None) == refused
        if found.dead is not None:
            assert found.dead.reason == Rejection.OVERSIZE
