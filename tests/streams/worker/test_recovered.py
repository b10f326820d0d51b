"""What comes back from a changelog: of each key the value with the greatest stamp, in any order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.versioned import StateError
from streams.worker.frames import Stamp, body_of, stamp_of
from streams.worker.stores import MemoryStore
from streams.worker.table import Recovered
from tests.streams.worker.changelogs import Logged, written

Write = tuple[bytes, tuple[int, int]]
writes = st.lists(
    st.tuples(
        st.sampled_from((b"na", b"nb", b"nc")), st.tuples(st.integers(1, 4), st.integers(0, 9))
    ),
    max_size=12,
    unique=True,
)


def logged(order: list[Write]) -> list[Logged]:
    return [
        written(offset, key, stamp, b"%d/%d" % stamp) for offset, (key, stamp) in enumerate(order)
    ]


def recovered(records: list[Logged], cut: int = 0) -> Recovered:
    """What is recovered from these records, handed over in two chunks."""
    kept = Recovered(MemoryStore())
    for chunk in (records[:cut], records[cut:]):
        if chunk:
            kept.apply(chunk)
    return kept


@given(order=writes, chance=st.randoms(use_true_random=False), cut=st.integers(0, 12))
def test_the_greatest_stamp_of_each_key_wins_in_any_order(
    order: list[Write], chance: Random, cut: int
) -> None:
    greatest = {key: max(stamp for one, stamp in order if one == key) for key, _ in order}
    chance.shuffle(order)
    kept = recovered(logged(order), cut)

    frames = {key: kept.store.get(key) or b"" for key in (b"na", b"nb", b"nc")}
    assert {key: stamp_of(frame) for key, frame in frames.items() if frame} == {
        key: Stamp(*stamp) for key, stamp in greatest.items()
    }
    assert all(body_of(frame) == b"%d/%d" % stamp_of(frame) for frame in frames.values() if frame)
    assert kept.generation == max((g for _, (g, _) in order), default=0)
    assert kept.high == max((applied for _, (_, applied) in order), default=-1)
    assert kept.regressed == {
        key for key in greatest if [s for one, s in order if one == key][-1] != greatest[key]
    }
    assert kept.store.offset() == (len(order) - 1 if order else None)


@given(order=writes)
def test_what_a_store_kept_counts_like_what_comes_from_the_changelog(order: list[Write]) -> None:
    whole = recovered(logged(order))
    again = Recovered(whole.store)
    kept = [stamp_of(whole.store.get(key) or b"") for key in whole.store.keys(b"n")]
    assert again.generation == max((one.generation for one in kept), default=0)
    assert again.high == max((one.applied for one in kept), default=-1)


def test_a_value_of_equal_stamp_that_comes_later_is_taken() -> None:
    kept = recovered([written(0, b"na", (1, 1), b"one"), written(1, b"na", (1, 1), b"two")])
    assert body_of(kept.store.get(b"na") or b"") == b"two"
    assert kept.regressed == set()


def test_a_deletion_has_a_stamp_like_any_value() -> None:
    kept = recovered([written(0, b"na", (2, 5), b""), written(1, b"na", (1, 9), b"late")])
    assert body_of(kept.store.get(b"na") or b"x") == b""
    assert kept.regressed == {b"na"}


def test_a_tombstone_forgets_the_key_and_moves_the_offset_on() -> None:
    kept = recovered(
        [written(0, b"na", (2, 5)), written(1, b"na", (1, 9)), written(2, b"na", None)]
    )
    assert kept.store.get(b"na") is None
    assert (kept.store.offset(), kept.regressed, kept.high) == (2, set(), 9)


def test_a_key_that_is_written_again_is_no_longer_wrong() -> None:
    kept = recovered(
        [written(0, b"na", (2, 5)), written(1, b"na", (1, 9)), written(2, b"na", (2, 5))]
    )
    assert kept.regressed == set()


def test_taking_records_in_says_that_the_partition_changed() -> None:
    kept = recovered([])
    kept.changed = False
    kept.apply([written(0, b"na", (1, 1))])
    assert kept.changed


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Logged(1, b"\x02" + bytes(20), b"na"), "frame version 2"),
        (Logged(1, b"\x01", b"na"), "shorter than its head"),
        (Logged(1, b"\x01" + bytes(20), None), "record without a key"),
    ],
)
def test_what_is_not_of_this_code_stops_the_recovery_and_changes_nothing(
    record: Logged, message: str
) -> None:
    kept = recovered([])
    with pytest.raises(StateError, match=message):
        kept.apply([written(0, b"na", (1, 1)), record])
    assert len(kept.store) == 0
    assert kept.store.offset() is None
