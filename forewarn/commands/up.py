"""`forewarn up`: everything on this machine, supervised, until Ctrl-C.

Rules: exit 0 after it was told to stop, 2 where it cannot start and says why, 70 where it could not
go on; whatever the code, no process is left behind.
"""

import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from alerts.vault.keyring import KeyringError
from forewarn.broker.ports import PortsError
from forewarn.keys import load_or_make_keyring
from forewarn.machine import room
from forewarn.machine.composition import (
    SUPERVISOR,
    WANTED_PORTS,
    Machine,
    areas_of,
    has_canary,
)
from forewarn.machine.folder import Folder, FolderError, held
from forewarn.machine.meters import metrics_served
from forewarn.machine.process import resident_kb
from forewarn.machine.supervisor import Failure, Supervisor
from forewarn.machine.telling import Telling
from forewarn.machine.watching import CONFIG, prometheus_config
from forewarn.machine.welcome import REPORT, welcome, write_report
from schemas.areas import CANARY_CODE
from streams.feeds.mapping_reasons import FeedFileError

EXIT_USAGE = 2
EXIT_FAILED = 70
DATA = Path(typer.get_app_dir("forewarn")) / "machine"
_ALONE = "FOREWARN_UP_ALONE"
_CANNOT_START = (FolderError, room.RoomError, PortsError, KeyringError, FeedFileError, OSError)
_NO_CANARY = (
    f"  no canary   the area directory has no area {CANARY_CODE!r}, so nobody measures how soon "
    "events come out"
)


def up(
    data: Annotated[
        Path, typer.Option(help="Folder that keeps everything of this machine.", file_okay=False)
    ] = DATA,
    demo: Annotated[
        bool, typer.Option("--demo", help="Play a made-up town, so that there is something to see.")
    ] = False,
    areas: Annotated[
        str | None, typer.Option(help="Area directory (JSON), or the name of a shipped mapping.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the API; 0 keeps the one it has.")
    ] = 0,
    disk_mb: Annotated[
        int, typer.Option(min=0, help="Free disk that is asked for at the start, in MiB.")
    ] = room.DISK_TO_START_MB,
    disk_low_mb: Annotated[
        int, typer.Option(min=0, help="Everything is stopped below so much free disk, in MiB.")
    ] = room.DISK_TO_GO_ON_MB,
    memory_mb: Annotated[
        int, typer.Option(min=0, help="Memory that is asked for at the start, in MiB.")
    ] = room.MEMORY_TO_START_MB,
) -> None:
    """Start everything on this machine: broker, worker, store, API; Ctrl-C stops it.

    What ends by itself is started again. `forewarn status` tells how it is. The folder keeps all
    data: the next start goes on with it.
    """
    _alone()
    console = Console(stderr=True)
    folder = Folder(data.resolve())
    try:
        folder.make()
        with held(folder):
            room.refuse_without_room(folder.root, disk_mb, memory_mb)
            ports = room.ports_of(
                folder.run / "ports.json", WANTED_PORTS, {"api": port} if port else {}
            )
            machine = _machine(folder, ports, areas, demo=demo)
            load_or_make_keyring(machine.keys)
            folder.state.unlink(missing_ok=True)
            failure = _run(machine, console, disk_low_mb)
    except _CANNOT_START as error:
        console.print(f"[red]Stopped:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from error
    if failure is not None:
        _say_failure(failure, console)
        raise typer.Exit(EXIT_USAGE if failure.refused else EXIT_FAILED)
    console.print("stopped; no process is left, and the next start goes on with the data")


def _machine(folder: Folder, ports: dict[str, int], areas: str | None, *, demo: bool) -> Machine:
    """Compose the machine, and write down how to watch it."""
    placed = areas_of(folder, areas, demo=demo)
    machine = Machine(folder, ports, placed, demo, has_canary(folder, placed, demo=demo))
    (folder.root / CONFIG).write_text(prometheus_config(machine), encoding="utf-8")
    return machine


def _alone() -> None:
    """Begin anew without what the other commands have loaded: it would stay for as long as we run.

    It is about 130 MB.
    """
    if _ALONE not in os.environ:
        os.environ[_ALONE] = "1"
        words = ["-m", "forewarn.machine.alone", "up", *sys.argv[2:]]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606  # our own program
    del os.environ[_ALONE]


def _run(machine: Machine, console: Console, disk_low_mb: int) -> Failure | None:
    over, at_once = threading.Event(), threading.Event()

    def told(*_: object) -> None:
        if over.is_set():
            at_once.set()
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, told)

    def ready(seconds: float) -> None:
        if machine.demo:
            write_report(machine.folder.demo / REPORT, datetime.now(UTC))
        console.out(welcome(machine, seconds, resident_kb(os.getpid())), highlight=False)

    telling = Telling(console, machine.folder.state, ready)
    console.print(f"forewarn on this machine, in {machine.folder.root}", highlight=False)
    if machine.areas and not machine.canary:
        console.print(_NO_CANARY, highlight=False, soft_wrap=True)
    supervisor = Supervisor(
        machine.children(),
        machine.folder.logs,
        machine.variables(),
        telling,
        trouble=lambda: room.disk_trouble(machine.folder.root, disk_low_mb),
        more_logs=(machine.folder.kafka / "broker.log",),
    )
    with metrics_served(machine.ports[SUPERVISOR], supervisor.members, machine.folder.root):
        return supervisor.run(over, at_once)


def _say_failure(failure: Failure, console: Console) -> None:
    """Say what failed, so that the last line is the reason."""
    if failure.before:
        console.print(escape(failure.before), style="dim", highlight=False, soft_wrap=True)
    console.print(f"[red]Stopped:[/red] {escape(failure.reason)}", highlight=False, soft_wrap=True)
