"""What comes back from a changelog: whole chunks, in its order, of nobody who wrote too late."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.versioned import StateError
from streams.worker.frames import Stamp, body_of, framed
from streams.worker.state import PROGRESS_KEY
from streams.worker.stores import MemoryStore
from streams.worker.table import Recovered
from tests.streams.worker.changelogs import Logged, written

KEYS = (b"na", b"nb", b"nc")
Held = dict[bytes, bytes]


def recovered(records: list[Logged], cuts: Iterable[int] = ()) -> Recovered:
    """What is recovered from these records, handed over in parts."""
    kept = Recovered(MemoryStore())
    bounds = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    for begin, end in pairwise(bounds):
        if begin < end:
            kept.apply(records[begin:end])
    return kept


def held(kept: Recovered) -> Held:
    frames = {key: kept.store.get(key) for key in KEYS}
    return {key: body for key, frame in frames.items() if frame and (body := body_of(frame))}


class Story:
    """A changelog as owners write it, and what is right at its end."""

    def __init__(self) -> None:
        self.records: list[Logged] = []
        self.right: Held = {}
        self.generation = 0
        self.applied = -1
        self.cut: set[bytes] = set()
        self.late: set[bytes] = set()

    def write(self, key: bytes, stamp: tuple[int, int], body: bytes) -> None:
        self.records.append(written(len(self.records), key, stamp, body))

    def begin(self) -> None:
        """Another owner claims the partition and says again what a cut chunk wrote over."""
        self.generation += 1
        wrong, self.cut = sorted(self.cut | self.late), set()
        self.late = set()
        for key in wrong:
            self.write(key, (self.generation, self.applied), self.right.get(key, b""))
        self.write(PROGRESS_KEY, (self.generation, self.applied), b"progress")

    def chunk(self, keys: Iterable[bytes], *, whole: bool) -> None:
        applied = self.applied + 10
        body = b"%d/%d" % (self.generation, applied)
        for key in keys:
            self.write(key, (self.generation, applied), body)
        if whole:
            self.write(PROGRESS_KEY, (self.generation, applied), b"progress")
            self.applied = applied
            self.right |= dict.fromkeys(keys, body)
            self.late -= set(keys)
        else:
            self.cut = set(keys)
            self.begin()

    def arrives_late(self, keys: Iterable[bytes]) -> None:
        """A former owner's chunk, with its progress, lands now."""
        if self.generation < 2:
            return
        for key in (*keys, PROGRESS_KEY):
            self.write(key, (self.generation - 1, self.applied + 7), b"late")
            self.late.add(key)


happenings = st.lists(
    st.tuples(st.sampled_from(["whole", "cut", "late", "begin"]), st.sets(st.sampled_from(KEYS))),
    max_size=12,
)


def told(happened: Iterable[tuple[str, set[bytes]]]) -> Story:
    story = Story()
    story.begin()
    for what, keys in happened:
        if what == "late":
            story.arrives_late(sorted(keys))
        elif what == "begin":
            story.begin()
        else:
            story.chunk(sorted(keys), whole=what == "whole")
    return story


@given(happened=happenings, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_whole_chunks_of_the_owner_hold_and_nothing_else(
    happened: list[tuple[str, set[bytes]]], cuts: list[int]
) -> None:
    story = told(happened)
    kept = recovered(story.records, cuts)
    assert held(kept) == story.right
    assert kept.generation == story.generation
    assert kept.wrong - {PROGRESS_KEY} == story.late - {PROGRESS_KEY}
    assert kept.read_to == len(story.records) - 1


@given(happened=happenings, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_compaction_changes_nothing_once_what_is_wrong_was_said_again(
    happened: list[tuple[str, set[bytes]]], cuts: list[int]
) -> None:
    story = told(happened)
    story.begin()
    last = {one.key: one.offset for one in story.records}
    compacted = [one for one in story.records if last[one.key] == one.offset]
    assert held(recovered(compacted, cuts)) == story.right


@given(happened=happenings, cut=st.integers(0, 60))
def test_a_store_that_was_kept_goes_on_where_its_last_whole_chunk_ended(
    happened: list[tuple[str, set[bytes]]], cut: int
) -> None:
    story = told(happened)
    first = recovered(story.records[:cut])
    again = Recovered(first.store)
    rest = story.records[again.read_to + 1 :]
    if rest:
        again.apply(rest)
    assert held(again) == story.right
    assert again.generation == story.generation


def test_a_chunk_that_was_cut_waits_and_its_keys_are_named() -> None:
    kept = recovered(
        [
            written(0, b"na", (1, 1), b"one"),
            written(1, PROGRESS_KEY, (1, 1)),
            written(2, b"na", (1, 9), b"cut"),
        ]
    )
    assert held(kept) == {b"na": b"one"}
    assert (kept.wrong, kept.high) == ({b"na"}, 9)
    assert (kept.store.offset(), kept.read_to) == (1, 2)


@given(happened=happenings, back=st.integers(0, 60), cut=st.integers(0, 60))
def test_what_is_read_again_changes_nothing(
    happened: list[tuple[str, set[bytes]]], back: int, cut: int
) -> None:
    story = told(happened)
    kept = recovered(story.records[:cut])
    kept.apply(story.records[min(back, cut) :])
    assert held(kept) == story.right
    assert kept.wrong == recovered(story.records).wrong


def test_a_chunk_without_its_progress_counts_once_the_same_owner_began_another() -> None:
    """Compaction takes the progress of all chunks but the last."""
    kept = recovered([written(0, b"na", (1, 1), b"one"), written(1, b"nb", (1, 9), b"cut")])
    assert held(kept) == {b"na": b"one"}
    assert kept.wrong == {b"nb"}


def test_a_deletion_has_a_stamp_like_any_value_and_nobody_brings_the_key_back_late() -> None:
    kept = recovered(
        [
            written(0, b"na", (2, 5), b""),
            written(1, PROGRESS_KEY, (2, 5)),
            written(2, b"na", (1, 9), b"late"),
        ]
    )
    assert held(kept) == {}
    assert kept.wrong == {b"na"}


def test_a_tombstone_goes_with_the_chunk_it_stands_in() -> None:
    owner = [written(0, b"na", (2, 5)), written(1, PROGRESS_KEY, (2, 5))]
    theirs = [written(2, b"na", None), written(3, PROGRESS_KEY, (2, 8))]
    late = [written(2, b"na", None), written(3, PROGRESS_KEY, (1, 8))]
    gone, stays = recovered(owner + theirs), recovered(owner + late)
    assert gone.store.get(b"na") is None
    assert gone.wrong == set()
    assert held(stays) == {b"na": b"body"}
    assert stays.wrong == {b"na", PROGRESS_KEY}


def test_who_claims_takes_over_what_it_said_and_where_it_ended() -> None:
    kept = recovered([written(0, b"na", (1, 3), b"cut")])
    assert kept.wrong == {b"na"}
    stamp = Stamp(2, -1)
    kept.claimed([(b"na", framed(stamp, b"")), (PROGRESS_KEY, framed(stamp, b"progress"))], 2)
    assert (kept.generation, kept.read_to, kept.store.offset()) == (2, 2, 2)
    assert kept.wrong == set()
    assert not kept.changed
    kept.apply([written(3, b"na", (1, 3), b"late")])
    assert held(kept) == {}
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
