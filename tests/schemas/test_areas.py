"""The area directory: nesting by prefix, a directory of one's own, validity, partitions, errors."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.areas import Area, Directory, DirectoryError, read_directory, write_directory
from schemas.closed import Text
from schemas.taxonomy import AreaLevel

GRID = "440703101002003"
CHAIN = ["4407", "440703", "440703101", "440703101002", GRID]
PREFIX = Directory()


def area(code: str, level: AreaLevel, parent: str | None = None, **more: Any) -> Area:
    return Area(code=code, level=level, name=Text(en=code, zh=code), parent=parent, **more)


def placed(directory: Directory, code: str) -> tuple[tuple[str, ...], str, bool]:
    """The line, the home, and whether an area is of the smallest kind."""
    place = directory.place(code)
    assert place is not None
    assert place.code == code
    return place.line, place.home, place.smallest


CITY = area("C", AreaLevel.CITY)
COUNTIES = (area("N", AreaLevel.COUNTY, "C", neighbours=("S",)), area("S", AreaLevel.COUNTY, "C"))
TOWN = area("N-1", AreaLevel.TOWN, "N", valid_from=date(2025, 1, 1), valid_until=date(2026, 1, 1))
LONE = area("X", AreaLevel.GRID)
OWN = Directory((CITY, *COUNTIES, TOWN, LONE), version="v7", county_partitions={"N": 5})
FILE: dict[str, Any] = json.loads(write_directory(OWN))


@pytest.mark.parametrize(("code", "level"), list(zip(CHAIN, AreaLevel, strict=True)))
def test_a_digit_code_has_the_level_of_its_length(code: str, level: AreaLevel) -> None:
    assert PREFIX.known(code)
    assert PREFIX.level(code) is level


def test_digit_codes_nest_by_prefix() -> None:
    assert [PREFIX.parent(code) for code in CHAIN] == [None, *CHAIN[:-1]]


def test_a_grid_is_placed_up_to_its_county() -> None:
    line = tuple(reversed(CHAIN[1:]))
    assert placed(PREFIX, GRID) == (line, "440703", True)


def test_a_city_is_its_own_home() -> None:
    assert placed(PREFIX, "4407") == (("4407",), "4407", False)


@pytest.mark.parametrize(
    "code", ["", "44", "44070", "44070x", "440703 ", "４４０７０３", "²²²²", "4407031010020031"]
)
def test_what_is_no_digit_code_has_no_place(code: str) -> None:
    assert not PREFIX.known(code)
    assert PREFIX.place(code) is None


def test_a_digit_code_has_itself_as_a_name_and_is_always_valid() -> None:
    assert PREFIX.name(GRID) == Text(en=GRID, zh=GRID)
    assert PREFIX.valid_on(GRID, 1)
    assert PREFIX.children("4407") == ()


@given(st.text(alphabet="0123456789", min_size=15, max_size=15), st.integers(1, 64))
def test_a_county_and_all_in_it_share_a_partition(code: str, partitions: int) -> None:
    _, home, _ = placed(PREFIX, code)
    homes = [PREFIX.place(code[:digits]) for digits in (6, 9, 12, 15)]
    assert {one.home for one in homes if one} == {home} == {code[:6]}
    assert 0 <= PREFIX.partition(home, partitions) < partitions


def test_a_directory_of_ones_own_knows_its_areas_and_no_others() -> None:
    assert OWN.known("N-1")
    assert not OWN.known(GRID)
    assert OWN.place(GRID) is None
    assert OWN.children("C") == ("N", "S")
    assert OWN.parent("N-1") == "N"
    assert OWN.level("N-1") is AreaLevel.TOWN
    assert OWN.areas["N"].neighbours == ("S",)
    assert placed(OWN, "N-1") == (("N-1", "N"), "N", False)


def test_an_area_without_a_parent_is_its_own_home() -> None:
    assert placed(OWN, "X") == (("X",), "X", True)


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2024, 12, 31), False),
        (date(2025, 1, 1), True),
        (date(2025, 12, 31), True),
        (date(2026, 1, 1), False),
    ],
)
def test_an_area_is_valid_from_its_first_day_to_the_day_before_its_end(
    day: date, *, valid: bool
) -> None:
    assert OWN.valid_on("N-1", day.toordinal()) is valid


def test_an_area_without_dates_is_always_valid() -> None:
    assert OWN.valid_on("N", 1)
    assert OWN.valid_on("N", date.max.toordinal())


def test_the_table_says_where_a_county_is_counted() -> None:
    assert OWN.partition("N", 12) == 5
    assert OWN.partition("N", 4) == 1
    assert OWN.partition("S", 12) == ["C", "N", "N-1", "S", "X"].index("S")
    assert OWN.partition("nowhere", 12) == 0


def test_a_directory_comes_back_from_its_file() -> None:
    written = write_directory(OWN)
    read = read_directory(written)
    assert (read.areas, read.version, read.time_zone) == (OWN.areas, "v7", "Asia/Shanghai")
    assert read.county_partitions == {"N": 5}
    assert write_directory(read) == written


def with_area(**changes: Any) -> bytes:
    first, *others = FILE["areas"]
    return json.dumps({**FILE, "areas": [{**first, **changes}, *others]}).encode()


def with_file(**changes: Any) -> bytes:
    return json.dumps({**FILE, **changes}).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b'{"format":1', "cannot be read"),
        (b'{"version":"\xff"}', "cannot be read"),
        (with_file(extra=1), "unknown field `extra`"),
        (with_area(population=1), "unknown field `population`"),
        (with_area(level="galaxy"), r"level`|enum value 'galaxy'"),
        (with_area(code=""), "length >= 1"),
        (with_file(format=2), "has format 2, this code reads 1"),
        (with_file(time_zone="Mars/Olympus"), "no time zone is called 'Mars/Olympus'"),
        (with_file(time_zone="../zone"), "no time zone is called '../zone'"),
        (with_file(time_zone=""), "no time zone is called ''"),
        (with_file(areas=FILE["areas"] * 2), "area 'C' is there twice"),
        (with_file(county_partitions={"Q": 1}), "county_partitions names 'Q', which is not there"),
        (with_area(parent="Q"), "area 'C' names 'Q', which is not there"),
        (with_area(neighbours=["Q"]), "area 'C' names 'Q', which is not there"),
        (with_area(parent="N"), r"area 'C' \(city\) cannot lie in 'N' \(county\)"),
        (with_area(parent="C"), r"area 'C' \(city\) cannot lie in 'C' \(city\)"),
        (with_area(valid_from="2026-01-02", valid_until="2026-01-02"), "'C' ends before it begins"),
    ],
)
def test_a_directory_that_contradicts_itself_says_where(data: bytes, message: str) -> None:
    with pytest.raises(DirectoryError, match=message):
        read_directory(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_directory_or_a_directory_error(data: bytes) -> None:
    with pytest.raises(DirectoryError):
        read_directory(data)


def test_many_areas_that_are_there_twice_are_told_quickly() -> None:
    areas = [{**FILE["areas"][0], "code": str(n // 2)} for n in range(50_000)]
    with pytest.raises(DirectoryError, match="area '0' is there twice"):
        read_directory(with_file(areas=areas, county_partitions={}))
