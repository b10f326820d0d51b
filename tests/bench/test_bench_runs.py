"""The benchmark runs from end to end on small sizes; what it measures is not judged here."""

import sys
from pathlib import Path
from subprocess import run

import msgspec
import pytest

from bench.results import Results
from bench.rows import Target, Verdict, at_least, at_most

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "replay of a town",
    "rate of the last quarter over the first",
    "replay where all is danger",
    "replay of a town, file to files",
    "cost of an event, few persons over many",
    "cost of a tick, many persons",
    "person step",
    "cost of a person step, few persons over many",
    "memory of a person, traced",
    "memory of a person, resident",
    "intake",
    "area step",
    "area tick",
}


def bench(*arguments: str) -> tuple[int, str, str]:
    done = run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_quick_run_prints_a_table_and_writes_every_row(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    code, printed, said = bench("--quick", "--only", "core", "--out", str(out))
    assert code == 0, said
    results = msgspec.json.decode(out.read_bytes(), type=Results)
    assert {row.name for row in results.rows} == EXPECTED
    assert results.quick
    assert results.machine.cores >= 1
    assert set(results.verdicts) == {row.name for row in results.rows if row.target}
    assert "person step" in printed
    assert "at most" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_quick_profile_names_the_costliest_functions() -> None:
    code, printed, said = bench("--quick", "--profile")
    assert code == 0, said
    assert "pipeline.py" in printed


def test_small_sizes_never_replace_the_kept_results() -> None:
    code, _, said = bench("--quick")
    assert code == 2
    assert "--out" in said


@pytest.mark.parametrize(
    ("target", "figure", "verdict"),
    [
        (at_least(2.0), 2.0, Verdict.MET),
        (at_least(2.0), 1.9, Verdict.MISSED),
        (at_most(2.0), 2.0, Verdict.MET),
        (at_most(2.0), 2.1, Verdict.MISSED),
    ],
)
def test_a_figure_on_its_bound_meets_it(target: Target, figure: float, verdict: Verdict) -> None:
    assert target.verdict(figure) is verdict
