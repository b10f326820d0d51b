"""Rows to events: the matter, the place, the person at risk, and what is told of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.areas import Area, Directory
from schemas.closed import Text
from schemas.events import NOTE_CHARS_MAX, Location
from schemas.taxonomy import AreaLevel, Channel, Kind, Origin, Purpose, Scheme, Sign
from streams.feeds.mapping import Mapped, RejectedRow
from streams.feeds.mapping_parts import IDS_KEPT_MAX, SeenIds
from tests.streams.feeds.mapping_samples import CALLS, HEADER, ROW, csv_of, events, mapped, reasons

NAME = Text(en="x", zh="x")
PLACES = Directory(
    [Area("C", AreaLevel.COUNTY, NAME), Area("C/NORTH-END", AreaLevel.TOWN, NAME, "C")],
    time_zone="America/New_York",
)


def changed(*pairs: tuple[str, str]) -> str:
    text = CALLS
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def with_column(name: str, value: str, text: str, category: str = "beaten at home") -> list[Mapped]:
    row = ROW.replace("beaten at home", category) + f",{value}"
    return events(csv_of(row, header=f"{HEADER},{name}"), text)


def test_a_row_becomes_the_event_that_the_mapping_describes() -> None:
    event = events(csv_of(ROW + "she said he hit her"))[0].event
    assert (event.id, event.source, event.type) == (
        "c1",
        "/town/12345",
        "forewarn.hotline-call.v1",
    )
    data = event.data
    assert (data.kind, data.purpose, data.severity) == (
        Kind.DOMESTIC_VIOLENCE,
        Purpose.HARM_REPORT,
        3,
    )
    assert (data.signs, data.origin, data.channel) == (
        (Sign.INJURY,),
        Origin.REPORTED,
        Channel.PHONE,
    )
    assert data.person is not None
    assert (data.person.scheme, data.person.value) == (Scheme.PHONE, "13800000000")
    assert data.note == "she said he hit her"


def test_events_keep_the_order_of_the_rows_and_every_row_is_told() -> None:
    rows = [ROW.replace("c1", f"c{n}").replace("beaten at home", "?" * (n % 2)) for n in range(6)]
    found = mapped(csv_of(*rows, *(ROW.replace("c1", f"d{n}") for n in range(3))))
    assert [one.number for one in found] == list(range(1, 10))


def test_a_category_without_a_rule_is_refused_with_the_line_of_the_mapping() -> None:
    found = mapped(csv_of(ROW.replace("beaten at home", "flood")))[0]
    assert isinstance(found, RejectedRow)
    assert found.why.reason == "no_rule"
    assert found.why.mapping_line == 14


def test_a_rule_may_leave_rows_out_and_says_why() -> None:
    found = mapped(csv_of(ROW.replace("beaten at home", "test call")))[0]
    assert isinstance(found, RejectedRow)
    assert (found.why.reason, found.why.detail) == ("left_out", "a test of the line")


@pytest.mark.parametrize(
    ("rule", "category", "kind"),
    [
        ("prefix: [fire, smoke]", "smoke in a cellar", Kind.FIRE_GAS_HAZARD),
        ("pattern: '.*(gas|smoke).*'", "smell of gas", Kind.FIRE_GAS_HAZARD),
        ("equals: [fire, smoke]", "fire", Kind.FIRE_GAS_HAZARD),
        ("equals: ''", "", Kind.FIRE_GAS_HAZARD),
        ("prefix: beaten", "beaten at home", Kind.DOMESTIC_VIOLENCE),
    ],
)
def test_rules_fit_by_equality_prefix_or_whole_pattern_and_the_first_decides(
    rule: str, category: str, kind: Kind
) -> None:
    last = "      skip: a test of the line\n"
    text = changed((last, f"{last}    - {rule}\n      kind: fire_gas_hazard\n      severity: 1\n"))
    row = ROW.replace("beaten at home", category)
    assert events(csv_of(row), text)[0].event.data.kind is kind


def test_what_no_rule_fits_may_be_left_out_or_taken_as_something() -> None:
    row = csv_of(ROW.replace("beaten at home", "flood"))
    last = "      skip: a test of the line\n"
    assert reasons(row, changed((last, last + "  otherwise: skip\n"))) == ["left_out"]
    taken = changed((last, last + "  otherwise: {kind: environment, severity: 1}\n"))
    assert events(row, taken)[0].event.data.kind is Kind.ENVIRONMENT


def test_purpose_severity_and_channel_may_come_from_tables() -> None:
    text = changed(
        ("purpose: harm_report\n", "purpose: {column: asked, table: {求助: help_request}}\n"),
        ("      severity: 3\n", ""),
    )
    text += "severity: {column: asked, table: {}, otherwise: '2'}\n"
    data = with_column("asked", "求助", text)[0].event.data
    assert (data.purpose, data.severity) == (Purpose.HELP_REQUEST, 2)
    other = csv_of(ROW + ",?", header=HEADER + ",asked")
    assert reasons(other, text) == ["not_in_table"]


def test_signs_may_have_columns_of_their_own() -> None:
    text = CALLS + "signs:\n  - {sign: weapon, column: knife, equals: [Y, yes]}\n"
    assert with_column("knife", "Y", text)[0].event.data.signs == (Sign.INJURY, Sign.WEAPON)
    assert with_column("knife", "N", text)[0].event.data.signs == (Sign.INJURY,)


def test_a_blank_person_is_no_person() -> None:
    assert events(csv_of(ROW.replace("13800000000", "  ")))[0].event.data.person is None


def test_a_complaint_never_carries_a_person() -> None:
    found = events(csv_of(ROW.replace("beaten at home", "noise")))[0]
    assert found.event.data.person is None
    assert found.left_out == ("person, where the purpose is neither harm nor help",)
    assert b"13800000000" not in found.encoded


def test_a_mapping_may_say_that_there_is_no_person() -> None:
    start, end = CALLS.index("person:"), CALLS.index("category:")
    text = CALLS[:start] + "person: none\n" + CALLS[end:]
    assert events(csv_of(ROW), text)[0].event.data.person is None


def test_the_area_falls_back_to_the_finest_code_that_is_filled_and_known() -> None:
    text = changed(('["{town}"]', '["C/{town}/{remark}", "C/{town}", "C"]'))
    text = text.replace("note: {column: remark}\n", "")
    text = text.replace('"C"]}', '"C"], spaces_become: "-", replace: {town: {N E: NORTH END}}}')
    for town, remark, area in (
        ("NORTH END", "", "C/NORTH-END"),
        ("N E", "12", "C/NORTH-END"),
        ("ELSEWHERE", "12", "C"),
        ("", "12", "C"),
    ):
        row = ROW.replace("440703101", town) + remark
        assert events(csv_of(row), text, PLACES)[0].event.data.area == area


def test_an_area_that_is_blank_or_unknown_is_refused() -> None:
    assert reasons(csv_of(ROW.replace("440703101", " "))) == ["no_area"]
    assert reasons(csv_of(ROW), CALLS, PLACES) == ["unknown_area"]
    assert reasons(csv_of(ROW.replace("440703101", "x" * 65))) == ["unknown_area"]


def test_a_repeated_or_blank_id_is_refused() -> None:
    rows = csv_of(ROW, ROW, ROW.replace("c1", ""))
    assert reasons(rows) == ["event", "id_repeated", "no_id"]


def test_rows_may_be_numbered_with_a_prefix() -> None:
    text = changed(("{column: case}", "{row_number: yes, prefix: 2026-}"))
    assert [one.event.id for one in events(csv_of(ROW, ROW), text)] == [
        "2026-000000001",
        "2026-000000002",
    ]


def test_what_the_schema_refuses_is_refused_here() -> None:
    found = mapped(csv_of(ROW.replace("c1", "c" * 129)))[0]
    assert isinstance(found, RejectedRow)
    assert found.why.reason == "bad_event"
    assert "$.id" in found.why.detail


def test_a_long_note_is_cut_or_refused() -> None:
    long = csv_of(ROW + "n" * 2_500)
    found = events(long)[0]
    assert found.event.data.note == "n" * (NOTE_CHARS_MAX - 1) + "…"
    assert found.left_out == ("end of a long note",)
    refuse = changed(("{column: remark}", "{column: remark, when_too_long: refuse}"))
    assert reasons(long, refuse) == ["note_too_long"]


@pytest.mark.parametrize(
    ("lat", "lon", "found"),
    [
        ("22.5", "113.1", Location(22.5, 113.1)),
        ("", "", None),
        ("32.3", "-86.2", "bad_location"),
        ("22.5", "", "bad_location"),
        ("nan", "inf", "bad_location"),
        ("north", "east", "bad_location"),
    ],
)
def test_a_location_is_within_the_bounds_or_refused_or_left_out(
    lat: str, lon: str, found: Location | str | None
) -> None:
    place = "location: {lat: x, lon: y, within: [22, 112, 24, 114]}"
    text = changed(("note: {column: remark}", place))
    data = csv_of(ROW + f",{lat},{lon}", header=HEADER + ",x,y")
    if isinstance(found, str):
        assert reasons(data, text) == [found]
        kept = events(data, text.replace("114]}", "114], otherwise: leave_out}"))[0]
        assert kept.event.data.location is None
        assert kept.left_out == ("location outside the bounds",)
    else:
        assert events(data, text)[0].event.data.location == found


def test_ids_are_remembered_within_a_bound() -> None:
    seen = SeenIds()
    assert not seen.seen("first")
    for number in range(IDS_KEPT_MAX):
        seen.seen(str(number))
    assert seen.seen("first")
    for number in range(2 * IDS_KEPT_MAX):
        seen.seen(f"later {number}")
    assert not seen.seen("first")


@given(st.lists(st.sampled_from(["beaten at home", "noise", "test call", "flood"]), max_size=30))
def test_a_row_maps_as_it_would_alone(categories: list[str]) -> None:
    rows = [
        ROW.replace("c1", f"c{n}").replace("beaten at home", what)
        for n, what in enumerate(categories)
    ]
    assert reasons(csv_of(*rows)) == [reasons(csv_of(row))[0] for row in rows]
