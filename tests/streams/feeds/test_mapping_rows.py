"""What the bytes of an export can be, and that one bad row never costs another."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.feeds.mapping import Mapped, RejectedRow
from streams.feeds.mapping_reasons import FeedFileError, MappingError
from streams.feeds.rows import ROW_CHARS_MAX
from tests.streams.feeds.mapping_samples import CALLS, HEADER, ROW, csv_of, events, mapped, reasons

JSONL = CALLS.replace("{type: csv}", "{type: jsonl}")
GOOD = {
    "case": "c1",
    "at": "2026-03-01 08:00",
    "town": 440703101,
    "what": "beaten at home",
    "victim_phone": None,
    "remark": "",
}


def row(case: str) -> str:
    return ROW.replace("c1", case, 1)


def jsonl(*objects: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_line_ends_byte_order_marks_and_gzip_are_no_matter(
    end: str, mark: bytes, pack: type[bytes]
) -> None:
    data = mark + end.join([HEADER, row("c1"), "", row("c2")]).encode()
    assert [one.event.id for one in events(pack(data))] == ["c1", "c2"]


def test_a_quoted_field_may_hold_delimiters_and_line_ends() -> None:
    found = events(csv_of(ROW + '"two\nlines, and a ""quote"""', row("c2")))
    assert found[0].event.data.note == 'two\nlines, and a "quote"'
    assert len(found) == 2


def test_other_delimiters_and_encodings() -> None:
    text = CALLS.replace("{type: csv}", "{type: csv, delimiter: tab, encoding: gb18030}")
    data = "\n".join([HEADER, row("c1") + "被打"]).replace(",", "\t").encode("gb18030")
    assert events(data, text)[0].event.data.note == "被打"


def test_a_row_of_the_wrong_width_is_refused_alone() -> None:
    assert reasons(csv_of(row("c1"), "c2,short", row("c3"))) == ["event", "ragged", "event"]


def test_bytes_of_another_encoding_cost_their_row_only() -> None:
    data = csv_of(row("c1")) + (row("c2") + "被打\n").encode("gb18030") + (row("c3")).encode()
    assert reasons(data) == ["event", "bad_encoding", "event"]


def test_a_nul_costs_its_row_only() -> None:
    assert reasons(csv_of(row("c1"), row("c\0"), row("c3"))) == ["event", "nul_character", "event"]


def test_a_quote_in_the_wrong_place_costs_its_row_only() -> None:
    assert reasons(csv_of(ROW + '"a"b', row("c3"))) == ["bad_quotes", "event"]


def test_a_quote_that_is_never_closed_costs_a_bounded_part() -> None:
    found = reasons(csv_of(ROW + '"open', *(row(f"d{n}") for n in range(6_000))))
    assert found[0] == "row_too_long"
    assert found.count("event") > 3_000


def test_a_quote_open_at_the_end_is_told() -> None:
    assert reasons(csv_of(row("c1"), row("c2") + '"open')) == ["event", "bad_quotes"]


def test_a_huge_row_costs_itself_only() -> None:
    huge = row("c1") + "x" * (3 * ROW_CHARS_MAX)
    rows = mapped(csv_of(huge, row("c2")))
    assert isinstance(rows[0], RejectedRow)
    assert len(rows[0].content) < 5_000
    assert isinstance(rows[1], Mapped)


def test_a_rejected_row_says_where_it_is_and_keeps_what_was_written() -> None:
    found = mapped(csv_of(row("c1"), "", '"c\n2",,,,,'))[1]
    assert isinstance(found, RejectedRow)
    assert (found.number, found.line) == (2, 4)
    assert found.content["case"] == "c\n2"


def test_an_empty_file_is_told_and_a_header_alone_is_no_error() -> None:
    with pytest.raises(FeedFileError, match="empty"):
        mapped(b"")
    assert mapped(csv_of()) == []


def test_a_missing_column_is_told_before_the_first_row() -> None:
    with pytest.raises(MappingError) as caught:
        mapped(csv_of(header=HEADER.replace("town", "twon")))
    assert str(caught.value).startswith("calls.yaml line 9: the file has no column 'town'.")
    assert "Did you mean 'twon'? It has: 'case', 'at', 'twon'" in str(caught.value)


def test_a_column_that_is_there_twice_is_told() -> None:
    with pytest.raises(MappingError, match="2 columns 'at'"):
        mapped(csv_of(header=HEADER + ",at"))


def test_a_header_in_another_encoding_is_told() -> None:
    with pytest.raises(MappingError, match="encoding"):
        mapped((HEADER + ",地点\n").encode("gb18030"))


@pytest.mark.parametrize("cut", [12, 40, -9, -1])
def test_a_packed_file_that_is_cut_off_is_an_error(cut: int) -> None:
    data = gzip.compress(csv_of(*(row(f"c{n}") for n in range(400))))
    with pytest.raises(FeedFileError, match=r"cut off|damaged"):
        mapped(data[:cut])


def test_a_packed_file_that_is_damaged_is_an_error() -> None:
    data = bytearray(gzip.compress(csv_of(*(row(f"c{n}") for n in range(400)))))
    data[60:70] = b"\xff" * 10
    with pytest.raises((FeedFileError, MappingError)):
        mapped(bytes(data))


@pytest.mark.parametrize(("start", "word"), [(b"PK\x03\x04", "Excel"), (b"BZh9", "bzip2")])
def test_files_that_are_something_else_are_named(start: bytes, word: str) -> None:
    with pytest.raises(FeedFileError, match=word):
        mapped(start + b"rest")


def test_json_lines() -> None:
    found = events(b"\xef\xbb\xbf" + jsonl(GOOD, GOOD | {"case": 2, "extra": [1]}), JSONL)
    assert [one.event.id for one in found] == ["c1", "2"]
    assert found[0].event.data.area == "440703101"


def test_json_names_reach_into_objects() -> None:
    text = JSONL.replace("{town}", "{place.town}")
    assert events(jsonl(GOOD | {"place": {"town": "t"}}), text)[0].event.data.area == "t"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "not_an_object"),
        (b"3", "not_an_object"),
        (b"{", "bad_json"),
        (b'{"a":' * 30_000, "row_too_long"),
        (b'{"a":' * 20_000, "bad_json"),
        (b'{"case":"\xff"}', "bad_encoding"),
        (b'{"case":["c"]}', "nested_value"),
        (b'{"case":"\\u0000"}', "nul_character"),
        (b'{"case":"' + b"x" * 200_000 + b'"}', "row_too_long"),
    ],
)
def test_a_bad_line_of_json_costs_itself_only(line: bytes, reason: str) -> None:
    data = jsonl(GOOD) + line + b"\n\n" + jsonl(GOOD | {"case": "c3"})
    assert reasons(data, JSONL) == ["event", reason, "event"]


def test_a_name_that_no_object_has_is_told_before_the_first_row() -> None:
    with pytest.raises(MappingError, match=r"line 9: none of the first 1 objects has 'town'"):
        mapped(jsonl({name: value for name, value in GOOD.items() if name != "town"}), JSONL)


def test_numbers_of_json_keep_their_digits() -> None:
    data = jsonl(GOOD).replace(b'"c1"', b"1.10") + jsonl(GOOD | {"case": 2**80})
    assert [one.event.id for one in events(data, JSONL)] == ["1.10", str(2**80)]


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.lists(st.text(CHARACTERS, max_size=40)))
def test_every_text_comes_back_as_the_note_it_was(notes: list[str]) -> None:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER.split(","))
    for number, note in enumerate(notes):
        writer.writerow([*row(f"c{number}").split(",")[:-1], note])
    found = events(file.getvalue().encode())
    assert [one.event.data.note or "" for one in found] == [note.strip() for note in notes]


@given(st.binary(max_size=300), st.sampled_from([CALLS, JSONL]))
def test_no_bytes_bring_it_down(data: bytes, text: str) -> None:
    try:
        found = mapped(csv_of() + data if text is CALLS else data, text)
    except (FeedFileError, MappingError):
        return
    assert all(isinstance(one, RejectedRow | Mapped) for one in found)
