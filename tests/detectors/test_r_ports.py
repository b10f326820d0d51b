"""The ports against what R surveillance 1.20.3 said of its own data sets.

R's answers are in tests/golden/r-surveillance, made by `python -m bench.detection.ports --refresh`;
`python -m bench.detection --only ports` asks R itself.
"""

import csv
import math

import pytest

from bench.detection.ports import GOLDEN, compared, ears_bound
from bench.rows import Verdict
from detectors.base import Past
from detectors.glr import Day, likelihood_ratio
from detectors.nb_cusum import NbCusum
from detectors.usual import Usual

FIGURES = {figure.name: figure for figure in compared(GOLDEN)}


def test_the_answers_are_of_the_version_that_the_docs_name() -> None:
    assert "surveillance 1.20.3" in (GOLDEN / "versions.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FIGURES)
def test_a_port_says_what_r_says(name: str) -> None:
    figure = FIGURES[name]
    assert figure.verdict is Verdict.MET, f"{figure.name}: {figure.ours.value}"


@pytest.mark.parametrize(
    ("file", "rows", "alarms"),
    [("ears.csv", 3_246, 100), ("farrington.csv", 2_190, 50), ("glr.csv", 2_280, 50)],
)
def test_the_data_sets_have_alarms_to_get_wrong(file: str, rows: int, alarms: int) -> None:
    with (GOLDEN / file).open(encoding="utf-8", newline="") as lines:
        said = [row["alarm"] for row in csv.DictReader(lines)]
    assert len(said) == rows
    assert said.count("1") >= alarms


def test_a_bound_that_is_a_little_off_would_be_seen() -> None:
    with (GOLDEN / "ears.csv").open(encoding="utf-8", newline="") as lines:
        first = next(csv.DictReader(lines))
    with (GOLDEN / "series.csv").open(encoding="utf-8", newline="") as lines:
        counts = [
            int(row["count"]) for row in csv.DictReader(lines) if row["series"] == "hus_daily"
        ]
    right = counts[: int(first["place"]) + 1]
    wrong = [right[0] + 1, *right[1:]]
    assert abs(ears_bound("C1", right[:-1], right[-1]) - float(first["bound"])) < 1e-9
    assert abs(ears_bound("C1", wrong[:-1], wrong[-1]) - float(first["bound"])) > 0.01


@pytest.mark.parametrize("dispersion", [0.0, 0.2])
@pytest.mark.parametrize("count", [0, 3, 17])
def test_the_cusum_adds_the_likelihood_ratio_that_was_compared(
    count: int, dispersion: float
) -> None:
    # Equal weeks have no dispersion, unequal ones have. The chart starts at S = 20.
    counts = [4] * 58 if dispersion == 0 else ([1] * 7 + [9] * 7) * 4 + [4, 4]
    chart = NbCusum(1e-12, rise=1.5)
    said = chart.score_one([20.0], Past(740_000, counts), count)
    usual = chart._baseline.usual(Past(740_000, counts))
    assert said is not None
    assert isinstance(usual, Usual)
    assert (usual.dispersion > 0) == (dispersion > 0)
    ratio = likelihood_ratio([Day(float(count), *usual)], math.log(1.5))
    assert said.statistic == pytest.approx(20.0 + ratio, abs=1e-9)
