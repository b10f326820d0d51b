"""On raw topics a tick is told from an event by its header, and by nothing that a sender writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.taxonomy import Feed
from streams.cluster.raw import (
    DIGEST_HEADER,
    OURS,
    PLACE_HEADER,
    RECEIVED_HEADER,
    SIZE_HEADER,
    TICK_HEADERS,
    RawSource,
    RawTick,
    feeder_headers,
    read_tick,
    write_tick,
)
from tests.streams.intake.contacts import contact, raw

moments = st.integers(0, 2**53)
EVENT = raw(contact()).value


@given(moments, st.integers(0, 2**31))
def test_a_tick_comes_back_as_it_was_told(at_us: int, epoch: int) -> None:
    tick = RawTick(at_us, epoch)
    assert read_tick(write_tick(tick), TICK_HEADERS) == tick


@given(moments)
def test_json_that_looks_like_a_tick_is_an_event(at_us: int) -> None:
    value = write_tick(RawTick(at_us))
    assert read_tick(value, ()) is None
    assert read_tick(value, (("ce_type", b"raw-tick"), ("tick", b"1"))) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"\xff\xfe",
        EVENT,
        b'{"type":"raw-tick"}',
        b'{"type":"raw-tick","at_us":1,"more":1}',
        b'{"type":"tick","source":"incident/0","at_us":1}',
    ],
)
def test_what_only_has_the_header_of_a_tick_is_none(value: bytes | None) -> None:
    assert read_tick(value, TICK_HEADERS) is None


def test_a_source_is_named_after_its_feed_and_partition() -> None:
    assert RawSource(Feed.HOTLINE, 3).name == "hotline/3"


def test_a_feeder_says_when_and_where_and_for_a_cut_record_what_it_was() -> None:
    assert feeder_headers(received_us=5, place=7) == (
        (RECEIVED_HEADER, b"5"),
        (PLACE_HEADER, b"7"),
    )
    whole = feeder_headers(received_us=5, place=7, size=9, digest="ab")
    assert whole[2:] == ((SIZE_HEADER, b"9"), (DIGEST_HEADER, b"ab"))


def test_every_header_of_ours_is_known_as_ours() -> None:
    said = (*TICK_HEADERS, *feeder_headers(received_us=1, place=1, size=1, digest="a"))
    assert {name for name, _ in said} == OURS
