"""The lowest area that explains a rise is named; never an area and its ancestor both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.localisation import Named, Rising, lowest_explaining

SHARE = 0.7
PARENT = {
    "county": None,
    "town1": "county",
    "town2": "county",
    "village11": "town1",
    "village12": "town1",
    "village21": "town2",
    "grid111": "village11",
    "grid112": "village11",
}


def line_of(area: str) -> tuple[str, ...]:
    parent = PARENT[area]
    return (area, *line_of(parent)) if parent else (area,)


def rising(**excess: float) -> dict[str, Rising]:
    return {area: Rising(line_of(area), amount) for area, amount in excess.items()}


@pytest.mark.parametrize(
    ("excess", "named"),
    [
        ({}, []),
        ({"county": 10}, [Named("county", ())]),
        ({"county": 10, "town1": 9}, [Named("town1", ())]),
        ({"county": 10, "town1": 7}, [Named("town1", ())]),
        ({"county": 10, "town1": 6.9}, [Named("county", ("town1",))]),
        ({"county": 10, "town1": 5, "town2": 5}, [Named("county", ("town1", "town2"))]),
        ({"county": 10, "town1": 8, "town2": 2}, [Named("town1", ()), Named("town2", ())]),
        ({"town1": 8, "town2": 9}, [Named("town1", ()), Named("town2", ())]),
        (
            {"county": 10, "town1": 9, "village11": 9, "grid111": 8},
            [Named("grid111", ())],
        ),
        ({"county": 10, "village11": 9}, [Named("village11", ())]),
        (
            {"county": 12, "town1": 5, "town2": 6, "village11": 5, "grid111": 5},
            [Named("county", ("grid111", "town1", "town2", "village11"))],
        ),
        (
            {"county": 10, "town1": 9, "village11": 4, "village12": 4},
            [Named("town1", ("village11", "village12"))],
        ),
    ],
)
def test_the_lowest_area_that_explains_the_rise_is_named(
    excess: dict[str, float], named: list[Named]
) -> None:
    assert list(lowest_explaining(rising(**excess), SHARE)) == named


rises = st.dictionaries(st.sampled_from(sorted(PARENT)), st.floats(0.1, 100)).map(
    lambda excess: rising(**excess)
)
shares = st.floats(0.05, 1)


@given(rises=rises, share=shares)
def test_an_area_is_never_named_with_its_ancestor(rises: dict[str, Rising], share: float) -> None:
    named = {one.area for one in lowest_explaining(rises, share)}
    for area in named:
        assert not set(line_of(area)[1:]) & named


@given(rises=rises, share=shares)
def test_every_rising_area_is_accounted_for_exactly_once(
    rises: dict[str, Rising], share: float
) -> None:
    answer = lowest_explaining(rises, share)
    named = [one.area for one in answer]
    within = [area for one in answer for area in one.within]
    above = {area for one in answer for area in line_of(one.area)[1:]} & set(rises)
    assert len(set(named)) == len(named)
    assert len(set(within)) == len(within)
    assert set(named) | set(within) | above == set(rises)
    assert set(named).isdisjoint(within)
    assert above.isdisjoint(within)
    for one in answer:
        assert all(one.area in line_of(area)[1:] for area in one.within)


@given(rises=rises, share=shares)
def test_an_area_is_left_out_only_for_one_below_that_carries_most_of_it(
    rises: dict[str, Rising], share: float
) -> None:
    answer = lowest_explaining(rises, share)
    above = {area for one in answer for area in line_of(one.area)[1:]} & set(rises)
    for area in above:
        below = [other for other in rises if area in line_of(other)[1:]]
        assert any(rises[other].excess >= share * rises[area].excess for other in below)


@given(rises=rises, share=shares, data=st.data())
def test_the_order_in_which_areas_are_listed_does_not_matter(
    rises: dict[str, Rising], share: float, data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(rises.items()))))
    assert lowest_explaining(shuffled, share) == lowest_explaining(rises, share)
