"""A frame keeps its stamp and its body, and what is no frame of this code is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.versioned import StateError
from streams.worker.frames import (
    FRAME_VERSION,
    GENERATION_MAX,
    HEAD_BYTES,
    Stamp,
    body_of,
    framed,
    stamp_of,
)

stamps = st.builds(Stamp, st.integers(0, GENERATION_MAX), st.integers(0, 2**63 - 1))


@given(stamps, st.binary(max_size=40))
def test_stamp_and_body_come_back(stamp: Stamp, body: bytes) -> None:
    frame = framed(stamp, body)
    assert (stamp_of(frame), body_of(frame)) == (stamp, body)
    assert len(frame) == HEAD_BYTES + len(body)


@given(stamps, stamps)
def test_the_generation_counts_before_the_offset(one: Stamp, other: Stamp) -> None:
    expected = (one.generation, one.applied) > (other.generation, other.applied)
    assert (stamp_of(framed(one, b"")) > stamp_of(framed(other, b"x"))) is expected


def test_a_later_owner_is_right_with_less_of_the_log() -> None:
    assert Stamp(2, 5) > Stamp(1, 900)


@pytest.mark.parametrize("size", range(HEAD_BYTES))
def test_what_is_shorter_than_a_head_is_not_of_forewarn(size: int) -> None:
    with pytest.raises(StateError, match="shorter than its head; it is not of forewarn"):
        stamp_of(framed(Stamp(1, 1), b"")[:size])


def test_a_newer_frame_asks_for_the_newer_code() -> None:
    newer = bytes([FRAME_VERSION + 1]) + framed(Stamp(1, 1), b"body")[1:]
    with pytest.raises(StateError, match="frame version 2, this code reads 1; run the newer code"):
        stamp_of(newer)
