"""State outlives code: its bytes are held, older ones upgraded, newer and damaged ones refused."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.closed import Packed
from schemas.state import (
    AreaCell,
    AreaSeries,
    CellDay,
    ClockReading,
    Episode,
    LearnerState,
    OpenClock,
    PastSignal,
    Pending,
    PersonHistory,
    Seen,
    StageProgress,
)
from schemas.times import from_us
from schemas.versioned import AREA_SERIES, STATE_CODECS, StateError, VersionedCodec
from tests.schemas.record_strategies import values_of

SIGNAL = bytes(range(16))
PAST = PastSignal(1_000_000, SIGNAL, 10, 0, 0, 0, 3, 9, 1)
PENDING = Pending(2_000_000, SIGNAL, b"\0\0\x80?", 0.25, "m-1", 1.0)
EPISODE = Episode(10, "a-1", 2, 3, 3_000_000, 4_000_000, "440703", ["floor"], True, 1, [PAST], 7)
SEEN = Seen(5_000_000, SIGNAL)

GOLDEN: list[tuple[Packed, str]] = [
    (
        PersonHistory(
            [PAST], [PENDING], [EPISODE], [SEEN], "440703101", "09:00-17:00", True, "k", 2, 9
        ),
        (
            "019a9199ce000f4240c410000102030405060708090a0b0c0d0e0f0a0000000309019197ce001e8480c4"
            "10000102030405060708090a0b0c0d0e0fc4040000803fcb3fd0000000000000a36d2d31cb3ff0000000"
            "000000c2919c0aa3612d310203ce002dc6c0ce003d0900a634343037303391a5666c6f6f72c3019199ce"
            "000f4240c410000102030405060708090a0b0c0d0e0f0a000000030901079192ce004c4b40c410000102"
            "030405060708090a0b0c0d0e0fa9343430373033313031ab30393a30302d31373a3030c3a16b0209"
        ),
    ),
    (
        AreaSeries(739_000, [0, 3, 1], 738_999, {"c1": [0.5, 2.0]}, EPISODE),
        (
            "0195ce000b46b893000301ce000b46b781a2633192cb3fe0000000000000cb40000000000000009c0aa3"
            "612d310203ce002dc6c0ce003d0900a634343037303391a5666c6f6f72c3019199ce000f4240c4100001"
            "02030405060708090a0b0c0d0e0f0a00000003090107"
        ),
    ),
    (
        AreaCell([CellDay(739_000, {9, 7}, {"p:2": [3], "p:1": [1, 2]})], [SEEN], 738_000),
        (
            "01939193ce000b46b892070982a3703a31920102a3703a3291039192ce004c4b40c41000010203040506"
            "0708090a0b0c0d0e0fce000b42d0"
        ),
    ),
    (
        OpenClock(3, 3, "440703", from_us(1_000_000), from_us(9_000_000), b"sealed", True),
        ("01970303a6343430373033d6ff00000001d6ff00000009c4067365616c6564c3"),
    ),
    (
        LearnerState(4, b"{}", [(0.25, True)]),
        ("019304c4027b7d9192cb3fd0000000000000c3"),
    ),
    (
        StageProgress(7, ClockReading({"hotline/0": 5}, 3, 4), b"{}"),
        ("0193079381a9686f746c696e652f30050304c4027b7d"),
    ),
]
every_codec = pytest.mark.parametrize(
    "codec", STATE_CODECS, ids=[codec.kind.__name__ for codec in STATE_CODECS]
)


def codec_of(kind: type) -> VersionedCodec[Any]:
    return next(codec for codec in STATE_CODECS if codec.kind is kind)


@pytest.mark.parametrize(
    ("state", "golden"), GOLDEN, ids=[type(state).__name__ for state, _ in GOLDEN]
)
def test_the_bytes_of_version_1_are_read_and_written_alike(state: Packed, golden: str) -> None:
    codec = codec_of(type(state))
    assert codec.decode(bytes.fromhex(golden)) == state
    if codec.version == 1:
        assert codec.encode(state).hex() == golden


def test_the_bytes_of_every_state_are_held() -> None:
    assert [type(state) for state, _ in GOLDEN] == [codec.kind for codec in STATE_CODECS]


@every_codec
@given(data=st.data())
def test_a_state_comes_back_as_it_was(codec: VersionedCodec[Any], data: st.DataObject) -> None:
    state = data.draw(values_of(codec.kind))
    written = codec.encode(state)
    assert written[0] == codec.version
    assert codec.decode(written) == state


@given(numbers=st.sets(st.integers(0, 2**64 - 1)), order=st.randoms(use_true_random=False))
def test_equal_states_have_equal_bytes(numbers: set[int], order: Random) -> None:
    """A replay after a restore must write what the first run wrote."""
    shuffled = list(numbers)
    order.shuffle(shuffled)
    places = {str(number): [number] for number in numbers}
    others = {str(number): [number] for number in shuffled}
    one = AreaCell([CellDay(1, set(numbers), places)])
    other = AreaCell([CellDay(1, set(shuffled), others)])
    assert codec_of(AreaCell).encode(one) == codec_of(AreaCell).encode(other)


@every_codec
def test_a_newer_version_is_refused_and_says_what_to_do(codec: VersionedCodec[Any]) -> None:
    newer = bytes([codec.version + 1]) + b"\x90"
    with pytest.raises(StateError) as caught:
        codec.decode(newer)
    message = str(caught.value)
    assert codec.kind.__name__ in message
    assert f"has version {codec.version + 1}, this code reads up to {codec.version}" in message
    assert "run the newer code, or rebuild the state from its log" in message


@every_codec
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x90", b"\x01", b"\x01\xc1", b"\x01\x80"])
def test_no_state_is_read_from_next_to_nothing(codec: VersionedCodec[Any], data: bytes) -> None:
    with pytest.raises(StateError, match=codec.kind.__name__):
        codec.decode(data)


@every_codec
@given(data=st.binary(max_size=60), versioned=st.booleans())
def test_any_bytes_are_a_state_or_a_state_error(
    codec: VersionedCodec[Any], data: bytes, *, versioned: bool
) -> None:
    _check(codec, (bytes([codec.version]) if versioned else b"") + data)


@every_codec
@given(data=st.data())
def test_a_damaged_state_is_a_state_or_a_state_error(
    codec: VersionedCodec[Any], data: st.DataObject
) -> None:
    written = bytearray(codec.encode(data.draw(values_of(codec.kind))))
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] = data.draw(st.integers(0, 255))
    _check(codec, bytes(written))


@every_codec
@given(data=st.data())
def test_a_state_cut_short_is_refused(codec: VersionedCodec[Any], data: st.DataObject) -> None:
    written = codec.encode(data.draw(values_of(codec.kind)))
    length = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(StateError):
        codec.decode(written[:length])


@every_codec
def test_more_behind_a_state_is_refused(codec: VersionedCodec[Any]) -> None:
    state = next(state for state, _ in GOLDEN if type(state) is codec.kind)
    with pytest.raises(StateError):
        codec.decode(codec.encode(state) + b"\x90")


def _check(codec: VersionedCodec[Any], data: bytes) -> None:
    try:
        state = codec.decode(data)
    except StateError:
        return
    assert type(state) is codec.kind


class Counter(Packed):
    """A state in its third version: first a bare count, then with a unit, then with two counts."""

    up: int
    down: int
    unit: str


UPGRADES = {1: lambda plain: [*plain, "events"], 2: lambda plain: [plain[0], 0, plain[1]]}
THIRD = VersionedCodec(Counter, 3, UPGRADES)


@pytest.mark.parametrize(
    ("version", "plain", "expected"),
    [
        (1, [5], Counter(5, 0, "events")),
        (2, [5, "calls"], Counter(5, 0, "calls")),
        (3, [5, 6, "calls"], Counter(5, 6, "calls")),
    ],
)
def test_an_older_state_climbs_version_by_version(
    version: int, plain: list[Any], expected: Counter
) -> None:
    assert THIRD.decode(bytes([version]) + msgspec.msgpack.encode(plain)) == expected


def test_an_upgraded_state_is_written_in_the_newest_version() -> None:
    read = THIRD.decode(b"\x01" + msgspec.msgpack.encode([5]))
    assert THIRD.encode(read)[0] == 3
    assert THIRD.decode(THIRD.encode(read)) == read


@pytest.mark.parametrize("missing", [1, 2])
def test_a_codec_with_a_missing_upgrade_is_refused_at_once(missing: int) -> None:
    upgrades = {version: step for version, step in UPGRADES.items() if version != missing}
    with pytest.raises(StateError, match=rf"Counter: no upgrade from versions \[{missing}\]"):
        VersionedCodec(Counter, 3, upgrades)


@given(data=st.binary(max_size=30), version=st.integers(1, 2))
def test_damaged_bytes_of_an_older_version_are_refused(data: bytes, version: int) -> None:
    _check(THIRD, bytes([version]) + data)


def test_an_older_state_nested_too_deep_is_refused() -> None:
    with pytest.raises(StateError):
        THIRD.decode(b"\x01" + b"\x91" * 100_000)


def test_a_series_of_the_first_version_comes_up_with_nothing_to_judge() -> None:
    first = b"\x01" + msgspec.msgpack.encode([739_000, [0, 3, 1], 738_999, {"c1": [0.5]}, None])
    series = AREA_SERIES.decode(first)
    assert series == AreaSeries(739_000, [0, 3, 1], 738_999, {"c1": [0.5]})
    assert AREA_SERIES.encode(series)[:1] == b"\x02"
