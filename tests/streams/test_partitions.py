"""Where a record goes is a matter of the record alone, and counties stay together."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.areas import Area, Directory
from schemas.closed import Text
from schemas.records import UNASSIGNED_AREA, Action, Transition
from schemas.taxonomy import AreaLevel, Scope
from streams.partitions import of_area, of_area_record, of_hex
from tests.builders import AREA, NOW_US, area_signal
from tests.streams.intake.contacts import key_of

BY_CODE = Directory()
numbers = st.integers(1, 48)
codes = st.from_regex(r"44[0-9]{13}", fullmatch=True)


@given(st.binary(min_size=16, max_size=32), numbers)
def test_a_key_goes_by_its_first_32_bits(key: bytes, partitions: int) -> None:
    assert of_hex(key.hex(), partitions) == int.from_bytes(key[:4], "big") % partitions


def test_keys_are_spread_evenly() -> None:
    places = Counter(of_hex(key_of(str(number)).hex(), 12) for number in range(12_000))
    assert len(places) == 12
    assert max(places.values()) < 1.15 * min(places.values())


@pytest.mark.parametrize("key", ["", "not hex digits", "g" * 32])
def test_what_is_no_key_has_no_partition(key: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        of_hex(key, 12)


@given(codes, numbers)
def test_an_area_goes_with_its_county(code: str, partitions: int) -> None:
    place = of_area(code, BY_CODE, partitions)
    assert place == of_area(code[:6], BY_CODE, partitions) == int(code[:6]) % partitions


@given(numbers)
def test_an_area_that_is_not_known_goes_to_the_first(partitions: int) -> None:
    assert of_area(UNASSIGNED_AREA, BY_CODE, partitions) == 0


def test_the_table_of_the_directory_decides_where_it_says_so() -> None:
    county = Area(AREA[:6], AreaLevel.COUNTY, Text(en="a", zh="甲"))
    directory = Directory([county], county_partitions={AREA[:6]: 7})
    assert of_area(AREA[:6], directory, 12) == 7
    assert of_area(AREA[:6], directory, 4) == 3


def test_a_signal_and_what_happens_to_its_alert_go_to_the_same_partition() -> None:
    closed = Transition("t", Scope.AREA, AREA, Action.CLOSED, NOW_US, "a" * 32)
    places = {of_area_record(one, BY_CODE, 12) for one in (area_signal(), closed)}
    assert places == {of_area(AREA, BY_CODE, 12)}
