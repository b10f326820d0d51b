"""The comparison on real calls: its surges, its peers and its oracle, on cells made by hand."""

from pathlib import Path

import numpy as np
import pytest

from bench.detection.calls_cells import (
    TEST_DAYS,
    TRAINING_DAYS,
    Cells,
    NoCallsError,
    clean_history,
    read_cells,
)
from bench.detection.calls_judges import EarsTogether, Seasonal
from bench.detection.calls_surges import KS, SPREADS, oracle, shares, surges_of

CELLS = 12


@pytest.fixture(scope="module")
def cells() -> Cells:
    mean = np.linspace(0.2, 8.0, CELLS)
    return Cells(
        tuple((f"town {cell}", "EMS") for cell in range(CELLS)),
        735_000,
        np.random.default_rng(1).poisson(mean[:, None], (CELLS, TRAINING_DAYS + TEST_DAYS)),
        np.tile(mean[:, None], (1, 7)),
        np.linspace(1.0, 2.0, CELLS),
        np.arange(2, CELLS),
        np.full(24, 1 / 24),
    )


@pytest.mark.parametrize("k", KS)
@pytest.mark.parametrize("spread", SPREADS)
def test_a_surge_has_a_case_on_its_first_day_and_ends_within_the_test(
    cells: Cells, k: int, spread: int
) -> None:
    for surge in surges_of(cells, k, spread, 100, seed=2):
        assert surge.cases[0] > 0
        assert surge.cell in cells.surging
        assert surge.begin + surge.days + 2 <= TEST_DAYS


def test_a_surge_has_as_many_cases_as_its_size_says(cells: Cells) -> None:
    surges = surges_of(cells, 10, 1, 2_000, seed=3)
    expected = np.mean([10 * cells.sd[surge.cell] for surge in surges])
    assert np.mean([surge.cases.sum() for surge in surges]) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("spread", SPREADS)
def test_the_shares_of_a_surge_add_up_to_all_of_it(spread: int) -> None:
    assert shares(spread).sum() == pytest.approx(1.0)


def test_clean_history_has_the_mean_and_the_dispersion_of_its_cells(cells: Cells) -> None:
    counts = clean_history(cells, 20_000, np.random.default_rng(4))
    assert counts.mean(axis=1) == pytest.approx(cells.usual[:, 0], rel=0.05)
    assert counts.var(axis=1) / counts.mean(axis=1) == pytest.approx(cells.dispersion, rel=0.08)


def test_the_oracle_is_surest_while_the_surge_it_knows_is_under_way(cells: Cells) -> None:
    mean = cells.mean_of(np.arange(TEST_DAYS))
    counts = np.round(mean).astype(np.int64)
    counts[5, 20:26] += np.round(10 * cells.sd[5] * shares(1)).astype(np.int64)
    said = oracle(cells, mean, counts, 10, 1)
    assert 21 <= int(np.argmax(said[5])) < 26  # its last days are as usual and change nothing
    assert said[5].max() > said[np.arange(CELLS) != 5].max() + 5


def test_judging_a_cell_again_without_a_change_says_what_was_said(cells: Cells) -> None:
    seasonal, ears = Seasonal(cells), EarsTogether(1.0)
    said = seasonal.statistics(cells.counts, remember=True)
    seasonal.calibrate(np.tile(said, 3))
    evidence, by_ears = seasonal.evidence(said), ears.statistics(cells.counts)
    for cell in (0, 7):
        assert seasonal.again(cell, cells.counts[cell], 30, said) == pytest.approx(
            evidence[cell, 30:]
        )
        assert ears.again(cell, cells.counts[cell], 30, by_ears) == pytest.approx(
            ears.evidence(by_ears)[cell, 30:]
        )


def test_benjamini_and_hochberg_name_a_cell_at_the_least_rate_that_does(cells: Cells) -> None:
    """By hand: of chances .01, .02, .9 the least rates are .03, .03 and .9."""
    scores = np.array([[2.326348], [2.053749], [-1.281552]])
    rates = 10 ** -EarsTogether(1.0).evidence(scores)
    assert rates[:, 0] == pytest.approx([0.03, 0.03, 0.9], rel=1e-4)


def test_calls_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NoCallsError, match="FOREWARN_REAL_CALLS"):
        read_cells(tmp_path / "none.csv.gz")
