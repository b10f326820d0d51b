"""The space-time scan: regions, its statistic, and how soon it finds a planted surge."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.evidence import threshold_for
from detectors.scan import Region, RegionError, SpaceTimeScan, regions_of

Floats = NDArray[np.float64]
LINES = (("a1", "a", "x"), ("a2", "a", "x"), ("b1", "b", "x"), ("c1", "c", "x"))
BESIDE = {"a": ["b"], "b": ["c"]}


def test_regions_are_cells_areas_and_neighbours_each_once() -> None:
    regions = {region.name: region.cells for region in regions_of(LINES, BESIDE, rings=1)}
    assert regions == {
        "a1": (0,),
        "a2": (1,),
        "b1": (2,),
        "c1": (3,),
        "a": (0, 1),
        "x": (0, 1, 2, 3),
        "a+1": (0, 1, 2),
        "c+1": (2, 3),
    }


def test_the_second_ring_is_the_neighbours_of_the_neighbours() -> None:
    chain = [(str(cell),) for cell in range(6)]
    beside = {str(cell): [str(cell + 1)] for cell in range(5)}
    regions = {region.name: region.cells for region in regions_of(chain, beside, rings=2)}
    assert regions["0+2"] == (0, 1, 2)
    assert regions["2+2"] == (0, 1, 2, 3, 4)


def test_two_cells_of_one_code_are_refused() -> None:
    with pytest.raises(RegionError, match="same code"):
        regions_of([("a", "x"), ("a", "y")], {})


def test_more_cells_than_can_be_scanned_are_refused() -> None:
    with pytest.raises(RegionError, match="too many"):
        regions_of([(str(cell),) for cell in range(5_001)], {})


def test_the_statistic_is_kulldorffs_with_expectations() -> None:
    scan = SpaceTimeScan.over([Region("both", (0, 1))], 2)
    counts, expected = np.array([[1.0, 2.0], [8.0, 6.0]]), np.full((2, 2), 2.0)
    day, both = scan.statistics(counts, expected, np.ones(2))[:, 0]
    assert day == pytest.approx(14 * math.log(14 / 4) + 4 - 14)
    assert both == pytest.approx(17 * math.log(17 / 8) + 8 - 17)


counts_of_cells = st.lists(
    st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=1, max_size=14
)


@settings(max_examples=50)
@given(rows=counts_of_cells, threshold=st.floats(0, 20))
def test_what_is_found_never_overlaps_and_is_above_the_threshold(
    rows: list[list[int]], threshold: float
) -> None:
    scan = SpaceTimeScan.over(regions_of(LINES, BESIDE), 4)
    counts = np.array(rows, dtype=float)
    found = scan.find(counts, np.full(counts.shape, 5.0), np.full(4, 1.5), threshold)
    cells = [cell for one in found for cell in one.region.cells]
    assert len(cells) == len(set(cells))
    for one in found:
        assert one.statistic > threshold
        assert one.came > one.expected
        assert 1 <= one.days <= len(rows)
    assert [one.statistic for one in found] == sorted(
        (one.statistic for one in found), reverse=True
    )


def test_the_lowest_area_that_explains_the_rise_is_named_and_its_ancestors_are_not() -> None:
    scan = SpaceTimeScan.over(regions_of(LINES, BESIDE), 4)
    counts = np.full((3, 4), 5.0)
    counts[1:, :2] = 20.0
    [found] = scan.find(counts, np.full((3, 4), 5.0), np.ones(4), 10.0)
    assert (found.region.name, found.days, found.came, found.expected) == ("a", 2, 80.0, 20.0)


@pytest.mark.parametrize(
    "regions", [[], [Region("a", ())], [Region("a", (4,))], [Region("a", (-1,))]]
)
def test_regions_without_cells_that_are_there_are_refused(regions: list[Region]) -> None:
    with pytest.raises(RegionError):
        SpaceTimeScan.over(regions, 4)


@pytest.mark.parametrize(
    ("counts", "expected", "dispersion"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), np.ones(4)),
        (np.ones((15, 4)), np.ones((15, 4)), np.ones(4)),
        (np.ones((0, 4)), np.ones((0, 4)), np.ones(4)),
        (np.full((2, 4), -1.0), np.ones((2, 4)), np.ones(4)),
        (np.full((2, 4), np.nan), np.ones((2, 4)), np.ones(4)),
        (np.ones((2, 4)), np.zeros((2, 4)), np.ones(4)),
        (np.ones((2, 4)), np.full((2, 4), np.inf), np.ones(4)),
        (np.ones((2, 4)), np.ones((2, 4)), np.full(4, 0.5)),
    ],
)
def test_what_cannot_be_scanned_is_refused(
    counts: Floats, expected: Floats, dispersion: Floats
) -> None:
    scan = SpaceTimeScan.over(regions_of(LINES, {}), 4)
    with pytest.raises(ValueError, match=r"must be|looks at"):
        scan.statistics(counts, expected, dispersion)


def town_of_places(rng: np.random.Generator) -> tuple[SpaceTimeScan, Floats, Floats]:
    """97 places on a map: the scan over each with its 1 to 20 nearest, their means, their map."""
    at = rng.random((97, 2))
    near = np.linalg.norm(at[:, None] - at[None], axis=2).argsort(axis=1)
    sets = {
        tuple(sorted(near[place, :size].tolist())) for place in range(97) for size in range(1, 21)
    }
    regions = [Region(str(number), cells) for number, cells in enumerate(sorted(sets))]
    mean = rng.lognormal(-0.7, 0.6, 97)
    return SpaceTimeScan.over(regions, 97), mean, near


def test_planted_outbreaks_are_found_within_days_at_one_false_alert_a_month() -> None:
    """Seeded. After Neill (2009): 97 places, about 60 visits a day in all, an outbreak in a place
    and its nearest that grows by four cases a day. His expectation-based Poisson scan took 2.4 to
    3.2 days at one false alert a month, and found 90 to 100 %.
    """  # noqa: D205  # one thought
    rng = np.random.default_rng(5)
    scan, mean, near = town_of_places(rng)
    expected = np.tile(mean, (14, 1))
    clean = rng.poisson(mean, (14 + 304, 97)).astype(float)
    windows = [clean[day : day + 14] for day in range(304)]
    best = [float(scan.statistics(window, expected, np.ones(97)).max()) for window in windows]
    threshold = threshold_for([best], 1.0, quiet_days=0)
    delays, within = [], []
    for _ in range(40):
        counts = rng.poisson(mean, (28, 97)).astype(float)
        region = near[rng.integers(97), : int(rng.integers(3, 10))]
        for day in range(14):
            np.add.at(counts[14 + day], rng.choice(region, int(rng.poisson(4.0 * (day + 1)))), 1)
        for day in range(14):
            found = scan.find(counts[day + 1 : day + 15], expected, np.ones(97), threshold)
            if found:
                cells = set(found[0].region.cells)
                within.append(2 * len(cells & set(region.tolist())) / (len(cells) + len(region)))
                break
        delays.append(day + 1)
    assert len(within) >= 0.95 * 40
    assert float(np.mean(delays)) < 3.2
    assert float(np.mean(within)) > 0.6
