"""The daily comparison: its simulation is what it says, its figures count what they say."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench.detection import __main__ as program
from bench.detection.daily import judged, oracle
from bench.detection.daily_series import (
    DAYS,
    FIRST_DAY,
    JUDGED,
    JUDGED_FROM,
    KINDS,
    DailySeries,
    simulate,
)
from bench.detection.figures import DetectionResults, bootstrap


@pytest.fixture(scope="module")
def series() -> DailySeries:
    return simulate(1, "tuning", 2)


def test_the_same_seed_and_span_give_the_same_series_and_another_span_others(
    series: DailySeries,
) -> None:
    again, other = simulate(1, "tuning", 2), simulate(1, "test", 2)
    assert (again.counts == series.counts).all()
    assert (other.counts != series.counts).any()


def test_more_replicates_change_none_that_were_there(series: DailySeries) -> None:
    more = simulate(1, "tuning", 3)
    for kind in range(len(KINDS)):
        assert (
            more.counts[3 * kind : 3 * kind + 2] == series.counts[2 * kind : 2 * kind + 2]
        ).all()


def test_five_day_services_are_closed_at_weekends_and_on_holidays(series: DailySeries) -> None:
    closed = np.arange(DAYS) % 7 >= 5
    closed |= np.isin(FIRST_DAY + np.arange(DAYS), list(series.holidays))
    for row, counts in enumerate(series.counts):
        if KINDS[row // 2].five_days:
            assert counts[closed].sum() == 0
            assert series.cases[row, closed].sum() == 0
        else:
            assert counts[closed].mean() > 0.5 * counts[~closed].mean()


def test_every_series_has_an_outbreak_in_the_judged_weeks(series: DailySeries) -> None:
    assert (series.cases[:, JUDGED_FROM:].sum(axis=1) > 0).all()
    assert (series.cases <= series.counts).all()


def test_counts_are_about_their_mean(series: DailySeries) -> None:
    alone = series.counts - series.cases
    assert alone.sum(axis=1) == pytest.approx(series.mean.sum(axis=1), rel=0.08)


def test_what_is_counted_of_an_alarm() -> None:
    """Days made by hand: the even replicate sets the threshold, the odd one is told."""
    cases = np.zeros((2 * len(KINDS), DAYS), dtype=np.int64)
    cases[1::2, JUDGED_FROM + 10 : JUDGED_FROM + 20] = 2
    statistics = np.zeros((len(cases), JUDGED))
    statistics[0::2, :20] = 1.0  # 20 of 343 clean days: above the 98 % quantile lies nothing else
    statistics[1::2, 14:16] = 2.0
    statistics[1::2, 100] = 2.0
    by_hand = DailySeries(cases, cases, np.ones(cases.shape), np.ones(len(cases)), frozenset(), 2)
    false, clean, hits, days, found, passed, outbreaks = judged(by_hand, statistics)[0]
    assert (false, clean, hits, days, found, outbreaks) == (1, 333, 2, 10, 1, 1)
    assert passed == pytest.approx(0.4)


def test_a_missed_outbreak_has_passed_whole() -> None:
    cases = np.zeros((2 * len(KINDS), DAYS), dtype=np.int64)
    cases[1::2, JUDGED_FROM + 10] = 1
    by_hand = DailySeries(cases, cases, np.ones(cases.shape), np.ones(len(cases)), frozenset(), 2)
    statistics = np.zeros((len(cases), JUDGED))
    assert judged(by_hand, statistics)[0].tolist()[4:] == [0.0, 1.0, 1.0]


def test_the_oracle_says_nothing_of_closed_days_and_much_of_outbreaks(series: DailySeries) -> None:
    said = oracle(series)
    assert (said[series.mean[:, JUDGED_FROM:] == 0] == 0).all()
    cases = series.cases[:, JUDGED_FROM:] > 0
    assert np.median(said[cases]) > 10 * np.median(said[~cases] + 0.1)


def test_an_interval_holds_the_mean_of_independent_values_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = [
        interval.low <= 0.0 <= interval.high
        for interval in (bootstrap(rng.normal(size=40)) for _ in range(30))
    ]
    assert sum(held) / len(held) > 0.85


def test_values_of_one_block_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    blocks = np.repeat(np.arange(20.0), 30)
    values = rng.normal(size=20)[blocks.astype(int)]
    together, apart = bootstrap(values, blocks=blocks), bootstrap(values)
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_the_daily_comparison_runs_and_leaves_its_figures(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    assert program.main(["--only", "daily", "--quick", "--out", str(out)]) == 0
    results = msgspec.json.decode(out.read_bytes(), type=DetectionResults)
    named = {figure.name for figure in results.parts["daily"]}
    assert named >= {"POD", "timeliness", "sensitivity", "specificity reached", "update of a day"}
    assert all(figure.peers for figure in results.parts["daily"][:4])
    assert results.quick


def test_a_part_alone_is_not_kept_as_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--only", "daily"])
    assert "--out" in capsys.readouterr().err
