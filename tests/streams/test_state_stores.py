"""What every store of state owes, whatever holds its values; and an index that never misses."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.state import PersonHistory
from schemas.times import MINUTE_US
from schemas.versioned import PERSON_HISTORY, StateError
from streams.state import BUCKET_US, DueIndex, LiveState, PackedState
from tests.builders import NOW_US, history_of, past_signal_of

Store = PackedState[PersonHistory] | LiveState[PersonHistory]
STORES: dict[str, Callable[[], Store]] = {
    "packed": lambda: PackedState(PERSON_HISTORY),
    "live": lambda: LiveState(PERSON_HISTORY),
}
each_store = pytest.mark.parametrize("make", STORES.values(), ids=STORES)

keys = st.sampled_from("abcde")
values = st.integers(0, 5).map(
    lambda count: history_of(*(past_signal_of(n, at_us=NOW_US + n) for n in range(count)))
)
changes = st.lists(st.tuples(keys, st.none() | values), max_size=20)


def after(
    make: Callable[[], Store], story: list[tuple[str, PersonHistory | None]]
) -> tuple[Store, dict[str, PersonHistory]]:
    """A store after puts and (with None) deletes, and the dictionary it should be like."""
    store, model = make(), dict[str, PersonHistory]()
    for key, value in story:
        if value is None:
            store.delete(key)
            model.pop(key, None)
        else:
            store.put(key, value)
            model[key] = value
    return store, model


def held(store: Store) -> dict[str, PersonHistory | None]:
    return dict(zip(store.keys(), map(store.get, store.keys()), strict=True))


@each_store
@given(story=changes)
def test_it_holds_what_a_dictionary_would_hold_in_the_same_order(
    make: Callable[[], Store], story: list[tuple[str, PersonHistory | None]]
) -> None:
    store, model = after(make, story)
    assert {key: store.get(key) for key in "abcde"} == {key: model.get(key) for key in "abcde"}
    assert list(store.keys()) == list(model)
    assert len(store) == len(model)


@each_store
@given(story=changes)
def test_a_snapshot_restores_all_of_it_in_its_order(
    make: Callable[[], Store], story: list[tuple[str, PersonHistory | None]]
) -> None:
    store, model = after(make, story)
    other = make()
    other.put("z", PersonHistory())
    other.restore(store.snapshot())
    assert list(other.keys()) == list(model)
    assert held(other) == model
    assert other.snapshot() == store.snapshot()


@given(story=changes)
def test_both_stores_take_the_snapshots_of_the_other(
    story: list[tuple[str, PersonHistory | None]],
) -> None:
    packed, _ = after(STORES["packed"], story)
    live, _ = after(STORES["live"], story)
    assert packed.snapshot() == live.snapshot()


@each_store
def test_a_snapshot_is_a_copy(make: Callable[[], Store]) -> None:
    store, _ = after(make, [("a", PersonHistory(area="before"))])
    snapshot = store.snapshot()
    store.put("a", PersonHistory(area="later"))
    store.put("b", PersonHistory())
    other = make()
    other.restore(snapshot)
    assert held(other) == {"a": PersonHistory(area="before")}


@each_store
def test_a_value_changed_and_put_back_is_kept(make: Callable[[], Store]) -> None:
    store, _ = after(make, [("a", PersonHistory())])
    value = store.get("a")
    assert value is not None
    value.area = "changed"
    store.put("a", value)
    assert store.get("a") == PersonHistory(area="changed")


@each_store
@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\xff\x90", b"\x01\xc1"])
def test_a_damaged_or_newer_value_is_not_restored(
    make: Callable[[], Store], damaged: bytes
) -> None:
    store, _ = after(make, [("a", PersonHistory())])
    with pytest.raises(StateError):
        store.restore({"a": damaged})
    assert store.get("a") == PersonHistory()


def test_packed_state_forgets_changes_that_were_not_put_back() -> None:
    store, _ = after(STORES["packed"], [("a", PersonHistory())])
    value = store.get("a")
    assert value is not None
    value.area = "never put back"
    assert store.get("a") == PersonHistory()


def test_live_state_hands_out_the_object_itself() -> None:
    value = PersonHistory()
    store, _ = after(STORES["live"], [("a", value)])
    assert store.get("a") is value


due_times = st.integers(-BUCKET_US, 40 * BUCKET_US)


@given(
    added=st.lists(st.tuples(keys, due_times), max_size=20),
    asked=st.lists(due_times, min_size=1, max_size=10).map(sorted),
)
def test_whatever_falls_due_is_found_in_time_and_never_before(
    added: list[tuple[str, int]], asked: list[int]
) -> None:
    index, open_ = DueIndex(), list(added)
    for key, due_us in added:
        index.add(key, due_us)
    for now_us in asked:
        found = index.due(now_us)
        assert found == sorted(set(found))
        assert {key for key, due_us in open_ if due_us + BUCKET_US <= now_us} <= set(found)
        assert set(found) <= {key for key, due_us in open_ if due_us <= now_us}
        open_ = [
            (key, due_us) for key, due_us in open_ if -(-due_us // BUCKET_US) * BUCKET_US > now_us
        ]
    assert index.due(50 * BUCKET_US) == sorted({key for key, _ in open_})


@given(story=st.lists(st.tuples(keys, due_times, st.integers(0, BUCKET_US * 3)), max_size=20))
def test_a_time_added_late_is_found_at_the_next_question(
    story: list[tuple[str, int, int]],
) -> None:
    index, now_us = DueIndex(), 0
    for key, due_us, pause_us in story:
        index.add(key, due_us)
        now_us += pause_us
        found = index.due(now_us)
        assert due_us + 15 * MINUTE_US > now_us or key in found


def test_a_key_due_several_times_is_named_once() -> None:
    index = DueIndex()
    for due_us in (1, 2, BUCKET_US, 3 * BUCKET_US):
        index.add("a", due_us)
    assert index.due(2 * BUCKET_US) == ["a"]
    assert index.due(2 * BUCKET_US) == []
    assert index.due(3 * BUCKET_US) == ["a"]
