"""`python -m bench.detection`: run the comparisons, print a table each, write the results as JSON.

Rules: a comparison is a module of this folder with `measure(quick, say)`; it is imported when it is
run. Tuning data and test data are apart in each. A missed target is said and is no failure.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from time import monotonic

import msgspec
from rich.console import Console

from bench.detection.figures import DetectionResults, Figure, Measure, show
from bench.results import machine

PARTS = ("ports", "weekly", "daily", "calls")
_RESULTS = Path(__file__).with_name("results.json")
_TABLE_COLUMNS = 140


def measured(part: str, quick: bool, console: Console) -> tuple[Figure, ...]:
    """Run one comparison, its progress on `console`."""
    began = monotonic()

    def say(what: str) -> None:
        console.print(f"{monotonic() - began:6.0f} s  {part}: {what}", highlight=False)

    measure: Measure = import_module(f"bench.detection.{part}").measure
    say("begins")
    return tuple(measure(quick, say))


def results_of(parts: dict[str, tuple[Figure, ...]], *, quick: bool) -> DetectionResults:
    """Put the figures of a run together with the machine's facts."""
    verdicts = {
        f"{part}: {figure.name}": figure.verdict
        for part, figures in parts.items()
        for figure in figures
        if figure.target is not None
    }
    return DetectionResults(quick, machine(), parts, verdicts)


def write(results: DetectionResults, path: Path) -> None:
    """Write the results as JSON, under their own name only when whole."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    partial.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparisons and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.detection", description="Compare forewarn's detection with its peers."
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="only this one (repeatable)")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that all runs")
    parser.add_argument("--out", type=Path, help="results file (else results.json beside the code)")
    given = parser.parse_args(arguments)
    if (given.quick or given.only) and given.out is None:
        parser.error("small sizes or a part alone are not kept as results: give --out with them")
    progress = Console(stderr=True)
    chosen = given.only or PARTS
    parts = {part: measured(part, given.quick, progress) for part in PARTS if part in chosen}
    results = results_of(parts, quick=given.quick)
    write(results, given.out or _RESULTS)
    console = Console()
    show(results, console if console.is_terminal else Console(width=_TABLE_COLUMNS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
