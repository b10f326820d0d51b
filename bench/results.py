"""What a run of all measurements leaves: a file that can be compared, and a table to read.

Rules: the file names no machine and no path; it says what the machine is like, because a figure
without that means nothing.
"""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.rows import Row, Target, Verdict
from schemas.closed import Closed

_CPU_INFO = Path("/proc/cpuinfo")
_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.NONE: ""}


class Machine(Closed, frozen=True):
    """What the machine is like; nothing that would tell which one it is."""

    cpu: str
    cores: int
    system: str
    python: str


class Results(Closed, frozen=True):
    """All rows of one run, `worker` those on a broker; `verdicts` are by the name of the row."""

    quick: bool
    machine: Machine
    rows: tuple[Row, ...]
    verdicts: dict[str, Verdict]
    worker: tuple[Row, ...] = ()
    format: int = 2


def machine() -> Machine:
    """Return the facts of this machine."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Machine(_cpu(), os.cpu_count() or 1, platform.system(), python)


def _cpu() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def results_of(rows: Sequence[Row], worker: Sequence[Row] = (), *, quick: bool) -> Results:
    """Put the rows of a run together with the machine's facts."""
    verdicts = {row.name: row.verdict for row in (*rows, *worker) if row.target is not None}
    return Results(quick, machine(), tuple(rows), verdicts, tuple(worker))


def write(results: Results, path: Path) -> None:
    """Write the results as JSON, under their own name only when whole."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    partial.replace(path)


def show(results: Results, console: Console) -> None:
    """Print the results: a table of the core, and one of the worker on a broker."""
    about = results.machine
    of_all = f"{about.cores} ({about.cpu}), {about.python}"
    if results.rows:
        said = "Rates and times are of the core's own time."
        table = _table(f"forewarn on one core of {of_all}", results.rows, results.quick, said)
        table.add_column("times its peer", ratio=4)
        table.add_column("of", ratio=6)
        for row in results.rows:
            peers = (f"{_number(ratio)} × {peer}" for peer, ratio in row.ratios.items())
            table.add_row(*_figures(row), "\n".join(peers), row.note)
        console.print(table)
    if results.worker:
        said = "Rates and times are by the clock, the broker and all peers on the same cores."
        table = _table(f"forewarn's worker on Kafka, {of_all}", results.worker, results.quick, said)
        table.add_column("of", ratio=10)
        for row in results.worker:
            table.add_row(*_figures(row), row.note)
        console.print(table)


def _table(title: str, rows: Sequence[Row], quick: bool, said: str) -> Table:
    """Return a table with the columns that both have."""
    verdicts = [row.verdict for row in rows]
    met, missed = verdicts.count(Verdict.MET), verdicts.count(Verdict.MISSED)
    small = "; small sizes, the figures mean nothing" if quick else ""
    caption = f"{met} targets met, {missed} missed{small}. {said}"
    table = Table(title=title, caption=caption, show_lines=True)
    table.add_column("what", ratio=4)
    table.add_column("figure", justify="right", ratio=3)
    table.add_column("target", ratio=3)
    return table


def _figures(row: Row) -> tuple[str, str, str]:
    unit = "" if row.unit == "ratio" else row.unit
    return row.name, f"{_number(row.figure)} {unit}".strip(), _target(row.target, row.verdict)


def _target(target: Target | None, verdict: Verdict) -> str:
    if target is None:
        return ""
    word = "at least" if target.at_least else "at most"
    colour = _COLOURS[verdict]
    return f"{word} {_number(target.bound)}\n[{colour}]{verdict.value}[/{colour}]"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
