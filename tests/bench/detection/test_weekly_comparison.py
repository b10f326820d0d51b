"""The weekly comparison: the simulation keeps to the protocol, the judging counts what it says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.detection.weekly_candidates import farrington, surge
from bench.detection.weekly_compare import (
    CEILING,
    OURS,
    RATES,
    Span,
    above,
    calibrated,
    compare,
    interval,
    judged,
    reset_chart,
)
from bench.detection.weekly_peers import GLR_WINDOWS, STATISTICS, answered_once
from bench.detection.weekly_series import (
    BASELINE,
    CURRENT,
    KS,
    SCENARIOS,
    WEEKS,
    Series,
    simulate,
)
from detectors.glr import Day, glr

SEED = 7


@pytest.fixture(scope="module")
def two() -> Series:
    return simulate(SEED, "tuning", range(2))


def test_there_are_42_scenarios_of_312_weeks(two: Series) -> None:
    assert len(SCENARIOS) == 42
    assert two.quiet.shape == (84, WEEKS)
    assert (BASELINE, CURRENT) == (263, 49)


def test_more_replicates_change_none_and_the_spans_have_nothing_in_common(two: Series) -> None:
    more = simulate(SEED, "tuning", range(3))
    assert (more.quiet.reshape(42, 3, -1)[:, :2] == two.quiet.reshape(42, 2, -1)).all()
    other = simulate(SEED, "test", range(2))
    assert not (other.quiet == two.quiet).all(axis=1).any()


def test_counts_have_the_mean_and_the_variance_of_their_scenario() -> None:
    many = simulate(SEED, "tuning", range(0, 200, 5))  # replicates whose baseline has no outbreak
    counts = many.quiet.reshape(42, 40, WEEKS)[:, :, BASELINE:]
    for scenario, found in zip(SCENARIOS, counts, strict=True):
        mean = scenario.mean()[BASELINE:]
        error = (found - mean) / np.sqrt(scenario.phi * mean)
        assert abs(float(error.mean())) < 0.15
        assert float(error.var()) == pytest.approx(1.0, abs=0.3)


def test_an_outbreak_has_a_case_and_lies_in_the_current_weeks(two: Series) -> None:
    for k in KS:
        outbreak = two.outbreak(k)
        assert outbreak.any(axis=1).all()
        added = two.with_outbreak(k) - two.quiet
        assert (added[:, :BASELINE] == 0).all()
        assert (added[:, BASELINE:][~outbreak] == 0).all()
        assert (added.sum(axis=1) >= 1).all()


def test_alarms_are_counted_from_the_first_case_to_the_last() -> None:
    outbreaks = np.zeros((1, 3, 8), dtype=bool)
    outbreaks[0, :, 2:6] = True
    alarms = np.zeros((1, 3, 8), dtype=bool)
    alarms[0, 0, 3] = alarms[0, 0, 5] = True
    alarms[0, 1, 1] = alarms[0, 1, 6] = True
    alarms[0, 2, 2] = True
    found = judged(alarms, outbreaks)
    assert found["POD"].tolist() == [[1.0, 0.0, 1.0]]
    assert found["timeliness"].tolist() == [[0.25, 1.0, 0.0]]


@pytest.mark.parametrize("rate", RATES)
def test_the_threshold_is_the_least_that_keeps_the_rate(rate: float) -> None:
    statistics = np.random.default_rng(1).exponential(1.0, (10, 40, CURRENT))
    quiet = np.ones(statistics.shape, dtype=bool)
    threshold = calibrated(above(statistics), quiet, rate)
    assert float((statistics > threshold).mean()) <= rate
    assert float((statistics > threshold - 1e-3).mean()) > rate - 1e-3


def test_a_chart_put_together_is_a_chart_that_begins_anew() -> None:
    rng = np.random.default_rng(2)
    counts = rng.negative_binomial(2, 0.4, CURRENT).tolist()
    days = [Day(float(count), 3.0, 0.5) for count in counts]
    windows = np.array(
        [[glr(days[max(0, week - m) : week + 1]) for week in range(CURRENT)] for m in range(5)]
    )
    put_together = reset_chart(windows[:, None, None, :])(1.0)[0, 0].tolist()
    alarms, since = [], 0
    for week in range(CURRENT):
        statistic = glr(days[max(since, week - 4) : week + 1])
        alarms.append(statistic >= 1.0)
        since = week + 1 if alarms[-1] else since
    assert sum(alarms) > 2
    assert put_together == alarms


def test_the_interval_holds_the_mean_and_narrows_with_more_series() -> None:
    values = np.random.default_rng(3).normal(0.2, 1.0, 4_000)
    few, many = interval(values[:100], 1), interval(values, 1)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_a_method_that_sees_more_is_found_to_be_better(two: Series) -> None:
    shape = (len(KS), len(two.quiet), CURRENT)

    def said(seed: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        rng = np.random.default_rng(seed)
        noise = {name: rng.exponential(1.0, shape) for name in STATISTICS}
        noise |= {name: rng.exponential(1.0, (2, *shape)) for name in (OURS, CEILING)}
        outbreak = np.array([two.outbreak(k) for k in KS])
        noise[OURS] += 6.0 * outbreak
        noise["farringtonFlexible"] += 1.0 * outbreak
        return noise

    figures = compare(Span(two, said(1)), Span(two, said(2)), SEED)
    assert len(figures) == len(RATES) * 2 * len(KS)
    gains = [figure.gain for figure in figures]
    assert all(gain is not None and gain.low > 0 for gain in gains)
    against = [figure.note.startswith("against farringtonFlexible") for figure in figures]
    assert sum(against) > len(figures) / 2


def test_the_product_s_detectors_speak_for_every_week() -> None:
    series = simulate(SEED, "tuning", range(1))
    some = Series(series.quiet[18:20], series.start[18:20], series.extra[18:20])
    for said in (*surge(some), farrington(some)):
        assert said.shape == (len(KS), 2, CURRENT)
        assert np.isfinite(said).all()
        assert said.max() > 0.5


def test_an_answer_is_asked_for_once(tmp_path: Path, two: Series) -> None:
    asked: list[int] = []

    def make() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        asked.append(1)
        return np.arange(4, dtype=np.float32)

    for code in (b"one", b"one", b"other"):
        assert answered_once(two, tmp_path, code, make).tolist() == [0, 1, 2, 3]
    assert len(asked) == 2


def test_without_r_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from bench.detection.weekly_peers import run_r;"
        "run_r(Path('a.R'), [], 1.0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PATH": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "NoRError" in done.stderr
    assert "r-cran-surveillance" in done.stderr


def test_the_windows_of_glrnb_are_all_there() -> None:
    assert [name for name in STATISTICS if name.startswith("glrnb")] == [
        f"glrnb M {window}" for window in GLR_WINDOWS
    ]
