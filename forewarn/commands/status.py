"""`forewarn status`: how each process of a machine is.

Rules: exit 0 where all of them serve and are well, 1 where one does not, or nothing runs.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from forewarn.commands.up import DATA
from forewarn.machine.folder import Folder, is_held
from forewarn.machine.state_file import ChildState, MachineState, read_state

OLD = timedelta(seconds=20)
_HOUR_S, _MINUTE_S = 3_600, 60


def status(
    data: Annotated[Path, typer.Option(help="Folder of the machine.", file_okay=False)] = DATA,
) -> None:
    """Tell how each process of this machine is; exit 0 where all is well, 1 where it is not."""
    folder = Folder(data.resolve())
    console = Console()
    state = read_state(folder.state)
    if not is_held(folder) or state is None:
        console.print(f"nothing runs in {folder.root}; start it with `forewarn up`", soft_wrap=True)
        raise typer.Exit(1)
    now = datetime.now(UTC)
    console.print(table_of(state, now))
    console.print(f"the supervisor is process {state.pid}; in all {state.memory_kb // 1024:,} MiB")
    if now - state.written > OLD:
        console.print(f"the supervisor has said nothing since {state.written:%H:%M:%S} UTC")
        raise typer.Exit(1)
    if not state.serves:
        console.print("not all is well: what each process said is in its log under logs/")
        raise typer.Exit(1)


def table_of(state: MachineState, now: datetime) -> Table:
    """Lay out the state as it was written."""
    table = Table("process", "is", "since", "restarts", "pid", "port", "MiB")
    for column in (3, 4, 5, 6):
        table.columns[column].justify = "right"
    for one in state.children:
        table.add_row(
            one.name,
            _is(one),
            _ago(now - one.since),
            f"{one.restarts}",
            f"{one.pid or ''}",
            f"{one.port or ''}",
            f"{one.memory_kb // 1024 or ''}",
        )
    return table


def _is(one: ChildState) -> str:
    if one.phase == "ready" and not one.well:
        return "[yellow]does not answer[/yellow]"
    colour = {"ready": "green", "done": "green", "failed": "red"}.get(one.phase, "yellow")
    code = f" (last exit {one.code})" if one.restarts and one.code is not None else ""
    return f"[{colour}]{one.phase}[/{colour}]{code}"


def _ago(span: timedelta) -> str:
    seconds = max(int(span.total_seconds()), 0)
    if seconds >= _HOUR_S:
        return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"
    if seconds >= _MINUTE_S:
        return f"{seconds // _MINUTE_S} min {seconds % _MINUTE_S} s"
    return f"{seconds} s"
