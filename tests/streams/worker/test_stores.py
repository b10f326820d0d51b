"""What every store of frames owes, in memory and on disk, and what only one on disk can."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.worker.stores import MemoryStore, RocksStore, Store

Chunk = dict[bytes, bytes | None]
Opened = Callable[[], AbstractContextManager[Store]]
SECTIONS = (b"\x01", b"p", b"q", b"\xff")
keys = st.builds(
    lambda section, key: section + key, st.sampled_from(SECTIONS), st.binary(max_size=2)
)
chunks = st.lists(st.dictionaries(keys, st.none() | st.binary(max_size=9), max_size=6), max_size=6)


@contextmanager
def in_memory() -> Iterator[Store]:
    yield MemoryStore()


@contextmanager
def on_disk() -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = RocksStore(Path(folder) / "stage" / "0")
        try:
            yield store
        finally:
            store.close()


each_store = pytest.mark.parametrize("opened", [in_memory, on_disk])


def held(store: Store) -> dict[bytes, bytes | None]:
    return {key: store.get(key) for section in SECTIONS for key in store.keys(section)}


def after(story: list[Chunk]) -> dict[bytes, bytes]:
    """The dictionary that a store should be like after these chunks."""
    model: dict[bytes, bytes | None] = {}
    for changes in story:
        model |= changes
    return {key: frame for key, frame in model.items() if frame is not None}


@each_store
@settings(max_examples=40)
@given(story=chunks)
def test_it_holds_what_a_dictionary_would_hold(opened: Opened, story: list[Chunk]) -> None:
    with opened() as store:
        for offset, changes in enumerate(story):
            store.write(changes, offset)
            assert store.offset() == offset
        model = after(story)
        assert held(store) == model
        assert {key: store.get(key) for changes in story for key in changes} == {
            key: model.get(key) for changes in story for key in changes
        }


@each_store
def test_a_new_store_holds_nothing_and_has_no_offset(opened: Opened) -> None:
    with opened() as store:
        assert (store.offset(), len(store), store.get(b"pa"), held(store)) == (None, 0, None, {})


@each_store
def test_keys_are_those_of_one_section(opened: Opened) -> None:
    with opened() as store:
        store.write({b"pa": b"1", b"pb": b"2", b"qa": b"3", b"\x01progress": b"4"}, 7)
        assert sorted(store.keys(b"p")) == [b"pa", b"pb"]
        assert list(store.keys(b"\x01")) == [b"\x01progress"]
        assert list(store.keys(b"o")) == []


@each_store
def test_a_store_may_be_written_while_its_keys_are_gone_through(opened: Opened) -> None:
    with opened() as store:
        store.write({b"pa": b"1", b"pb": b"2", b"pc": b"3"}, 0)
        for key in store.keys(b"p"):
            store.write({key: None, b"z" + key: b"moved"}, 1)
        assert list(store.keys(b"p")) == []
        assert len(list(store.keys(b"z"))) == 3


@each_store
def test_an_offset_without_changes_is_kept(opened: Opened) -> None:
    with opened() as store:
        store.write({}, 2**40)
        assert store.offset() == 2**40


@each_store
def test_what_it_says_of_its_size_grows_with_what_it_holds(opened: Opened) -> None:
    with opened() as store:
        store.write({b"p%d" % number: bytes(100) for number in range(1_000)}, 0)
        assert 900 <= len(store) <= 1_100
        assert store.bytes_held() >= 0


@given(story=chunks)
def test_in_memory_the_sizes_are_exact(story: list[Chunk]) -> None:
    store = MemoryStore()
    for offset, changes in enumerate(story):
        store.write(changes, offset)
    model = after(story)
    assert len(store) == len(model)
    assert store.bytes_held() == sum(map(len, model.values()))


@each_store
def test_a_closed_store_answers_as_an_empty_one_however_often_it_is_closed(opened: Opened) -> None:
    with opened() as store:
        store.write({b"pa": b"1"}, 3)
        store.close()
        store.close()
        assert (store.get(b"pa"), store.offset(), held(store)) == (None, None, {})
        assert (len(store), store.bytes_held()) == (0, 0)


@settings(max_examples=15)
@given(story=chunks)
def test_the_one_on_disk_has_all_of_it_when_it_is_opened_again(story: list[Chunk]) -> None:
    with TemporaryDirectory() as folder:
        for offset, changes in enumerate(story):
            store = RocksStore(Path(folder))
            store.write(changes, offset)
            store.close()
        store = RocksStore(Path(folder))
        assert held(store) == after(story)
        assert store.offset() == (len(story) - 1 if story else None)
        store.close()


def test_the_one_on_disk_does_not_count_its_offset_among_the_keys(tmp_path: Path) -> None:
    store = RocksStore(tmp_path)
    store.write({b"pa": b"1"}, 9)
    assert held(store) == {b"pa": b"1"}
    store.close()
