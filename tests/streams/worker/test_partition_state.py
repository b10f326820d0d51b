"""The durable state of a partition: an unfinished chunk leaves no trace."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.state import ClockReading, StageProgress
from streams.state import PackedState
from streams.worker.frames import HEAD_BYTES, Stamp, body_of, framed, stamp_of
from streams.worker.state import GRAVE_S, PROGRESS_KEY, Frames, PartitionState, StateView
from streams.worker.stores import MemoryStore
from tests.streams.worker.counting import COUNT_STATE, Count

SECTION = b"n"


class Deed(NamedTuple):
    """One call of a step: put a count under a key, or (with None) delete it."""

    key: str
    times: int | None


deeds = st.lists(
    st.builds(Deed, st.sampled_from("abcde"), st.none() | st.integers(0, 9)), max_size=8
)
stories = st.lists(deeds, max_size=6)
each_kind = pytest.mark.parametrize("live", [False, True], ids=["packed", "live"])


def value(count: int) -> Count:
    return Count(count)


def progress(next_offset: int) -> StageProgress:
    return StageProgress(next_offset, ClockReading({"a": next_offset}))


def state_with(
    store: MemoryStore, *, live: bool = False, generation: int = 1
) -> tuple[PartitionState, StateView[Count]]:
    state = PartitionState(store, generation)
    return state, state.view(SECTION, COUNT_STATE, live=live)


def do(state: StateView[Count] | PackedState[Count], chunk: list[Deed]) -> None:
    for key, count in chunk:
        if count is None:
            state.delete(key)
        else:
            state.put(key, value(count))


def finish(state: PartitionState, last_offset: int, now_s: float = 0.0) -> Frames:
    frames = state.changes(last_offset, progress(last_offset + 1), now_s)
    before = state.store.offset()
    state.merge((-1 if before is None else before) + len(frames))
    return frames


def frames_in(store: MemoryStore) -> dict[bytes, bytes | None]:
    return {key: store.get(key) for key in (*store.keys(SECTION), *store.keys(b"\x01"))}


def looks(state: StateView[Count] | PackedState[Count]) -> Iterator[object]:
    yield sorted(state.keys())
    yield {key: state.get(key) for key in "abcde"}


@each_kind
@given(story=stories)
def test_a_view_is_like_packed_state_in_every_step_of_every_chunk(
    story: list[list[Deed]], *, live: bool
) -> None:
    state, view = state_with(MemoryStore(), live=live)
    model = PackedState(COUNT_STATE)
    for offset, chunk in enumerate(story):
        for deed in chunk:
            do(view, [deed])
            do(model, [deed])
            assert list(looks(view)) == list(looks(model))
        finish(state, offset)
        assert list(looks(view)) == list(looks(model))
        assert len(view) == len(model)


@each_kind
@given(story=stories)
def test_a_state_made_from_the_store_goes_on_as_if_nothing_had_been(
    story: list[list[Deed]], *, live: bool
) -> None:
    store, model = MemoryStore(), PackedState(COUNT_STATE)
    for offset, chunk in enumerate(story):
        state, view = state_with(store, live=live)
        assert list(looks(view)) == list(looks(model))
        assert len(view) == len(model)
        do(view, chunk)
        do(model, chunk)
        finish(state, offset)


@each_kind
@given(before=deeds, abandoned=deeds)
def test_a_chunk_that_is_abandoned_leaves_no_trace(
    before: list[Deed], abandoned: list[Deed], *, live: bool
) -> None:
    store = MemoryStore()
    state, view = state_with(store, live=live)
    do(view, before)
    finish(state, 0)
    kept, kept_to = frames_in(store), store.offset()

    do(view, abandoned)
    state.changes(1, progress(2), 0.0)

    assert frames_in(store) == kept
    assert store.offset() == kept_to
    again, view_again = state_with(store, live=live)
    assert again.progress == progress(1)
    written = {
        key[1:].decode(): COUNT_STATE.decode(body_of(frame))
        for key, frame in kept.items()
        if key[:1] == SECTION and frame is not None and body_of(frame)
    }
    assert {key: view_again.get(key) for key in "abcde"} == {
        key: written.get(key) for key in "abcde"
    }


@given(chunk=deeds)
def test_how_far_the_log_is_in_the_state_comes_last_and_all_under_one_stamp(
    chunk: list[Deed],
) -> None:
    state, view = state_with(MemoryStore(), generation=4)
    do(view, chunk)
    frames = state.changes(17, progress(18), 0.0)

    assert [key for key, _ in frames].index(PROGRESS_KEY) == len(frames) - 1
    assert {stamp_of(frame) for _, frame in frames if frame is not None} == {Stamp(4, 17)}
    assert len({key for key, _ in frames}) == len(frames)


def test_a_value_changed_without_being_put_back_did_not_change() -> None:
    state, view = state_with(MemoryStore())
    view.put("a", value(1))
    finish(state, 0)
    kept = view.get("a")
    assert kept is not None
    kept.times = 99
    assert view.get("a") == value(1)


def test_live_state_hands_out_the_object_itself_once_it_is_written() -> None:
    state, view = state_with(MemoryStore(), live=True)
    view.put("a", value(1))
    finish(state, 0)
    assert view.get("a") is view.get("a")


def test_what_is_said_again_has_the_bodies_that_hold_under_the_owner_and_progress_last() -> None:
    store = MemoryStore()
    store.write({b"na": framed(Stamp(1, 2), b"body")}, 0)
    state = PartitionState(store, generation=4)
    frames = state.said_again([b"na", b"nb"], 5.0)
    stamp = Stamp(4, -1)
    assert frames[:2] == [(b"na", framed(stamp, b"body")), (b"nb", framed(stamp, b""))]
    assert frames[2][0] == PROGRESS_KEY
    assert stamp_of(frames[2][1] or b"") == stamp
    assert state.graves == {b"nb": 5.0}


def deleted_at(now_s: float) -> tuple[MemoryStore, PartitionState, StateView[Count]]:
    store = MemoryStore()
    state, view = state_with(store)
    view.put("a", value(1))
    finish(state, 0, now_s)
    view.delete("a")
    frames = finish(state, 1, now_s)
    assert frames[0] == (b"na", framed(Stamp(1, 1), b""))
    return store, state, view


def test_a_deleted_key_keeps_its_stamp_until_no_delivery_can_be_under_way() -> None:
    store, state, view = deleted_at(100.0)
    assert (view.get("a"), list(view.keys()), len(view)) == (None, [], 0)
    assert [key for key, _ in finish(state, 2, 100.0 + GRAVE_S - 1)] == [PROGRESS_KEY]
    assert finish(state, 3, 100.0 + GRAVE_S)[0] == (b"na", None)
    assert store.get(b"na") is None
    assert [key for key, _ in finish(state, 4, 200.0 + GRAVE_S)] == [PROGRESS_KEY]


def test_a_key_that_came_back_gets_no_tombstone() -> None:
    store, state, view = deleted_at(0.0)
    view.put("a", value(7))
    finish(state, 2, 1.0)
    assert [key for key, _ in finish(state, 3, GRAVE_S)] == [PROGRESS_KEY]
    assert view.get("a") == value(7)
    assert len(store.get(b"na") or b"") > HEAD_BYTES


def test_a_key_that_comes_back_with_its_tombstone_due_is_not_lost() -> None:
    store, state, view = deleted_at(0.0)
    view.put("a", value(7))
    finish(state, 2, GRAVE_S)
    assert view.get("a") == value(7)
    assert state_with(store)[1].get("a") == value(7)


def test_a_key_deleted_again_waits_from_its_last_deletion() -> None:
    _, state, view = deleted_at(0.0)
    view.put("a", value(7))
    finish(state, 2, 1.0)
    view.delete("a")
    finish(state, 3, 500.0)
    assert [key for key, _ in finish(state, 4, GRAVE_S)] == [PROGRESS_KEY]
    assert finish(state, 5, 500.0 + GRAVE_S)[0] == (b"na", None)


def test_a_restart_still_buries_what_was_deleted_before_it() -> None:
    store, _, _ = deleted_at(0.0)
    state = PartitionState(store, 2, 1, 1_000.0)
    state.view(SECTION, COUNT_STATE)
    assert [key for key, _ in finish(state, 2, 1_000.0 + GRAVE_S - 1)] == [PROGRESS_KEY]
    assert finish(state, 3, 1_000.0 + GRAVE_S)[0] == (b"na", None)


def test_deleting_what_never_was_says_nothing() -> None:
    state, view = state_with(MemoryStore())
    view.delete("a")
    view.put("b", value(1))
    view.delete("b")
    assert [key for key, _ in finish(state, 0)] == [PROGRESS_KEY]
    assert len(view) == 0


def test_where_somebody_else_wrote_on_the_changelog_the_next_recovery_reads_on_from_there() -> None:
    state, view = state_with(MemoryStore())
    do(view, [Deed("a", 1)])
    frames = finish(state, 0)
    do(view, [Deed("a", 2)])
    between = len(frames) - 1 + len(state.changes(1, progress(2), 0.0)) + 1
    state.merge(between)
    assert state.store.offset() == len(frames) - 1
    assert view.get("a") == value(2)
