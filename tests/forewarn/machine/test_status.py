"""`forewarn status` where nothing runs, and what it says of each process."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from forewarn.cli import app
from forewarn.commands.status import table_of
from forewarn.machine.state_file import ChildState, MachineState

NOW = datetime(2026, 11, 4, 2, 30, tzinfo=UTC)


def child(name: str, phase: str, *, well: bool = True, restarts: int = 0) -> ChildState:
    since = NOW - timedelta(minutes=3)
    return ChildState(name, name, phase, since, restarts, well, 17, 8_300, -9, 204_800)


def shown(*children: ChildState) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(table_of(MachineState(1, NOW, children), NOW))
    return capture.get()


def test_nothing_runs_is_said_and_is_no_success(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["status", "--data", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "nothing runs in" in done.output
    assert not (tmp_path / "none").exists(), "looking makes nothing"


def test_each_process_is_told_with_its_restarts() -> None:
    told = shown(child("worker", "ready", restarts=2), child("api", "ready", well=False))
    assert "ready (last exit -9)" in told
    assert "does not answer" in told
    assert "3 min 0 s" in told


def test_a_machine_serves_when_all_serve_and_are_well() -> None:
    good = child("topics", "done"), child("worker", "ready")
    assert MachineState(1, NOW, good).serves
    assert not MachineState(1, NOW, (*good, child("api", "pausing"))).serves
    assert not MachineState(1, NOW, (*good, child("api", "ready", well=False))).serves
