"""What the one-machine mode says on the terminal: progress, then how to use it, then how it ended.

Rules: one line for each thing that happened, with how long it took; on a terminal a last line that
moves says what is being waited for. The same words go to a pipe. The token is shown once here, and
is in a file.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from forewarn.machine.member import Member
from forewarn.machine.process import last_lines
from forewarn.machine.restarts import Phase
from forewarn.machine.state_file import write_state

_WRITE_EVERY_S = 2.0
_SAID_CHARS_MAX = 60
_OVER = {
    Phase.READY: "[green]ready[/green]",
    Phase.DONE: "[green]done[/green]",
    Phase.STOPPED: "stopped",
}


class Telling:
    """Tells a terminal and the state file what happens."""

    def __init__(self, console: Console, state: Path, ready: Callable[[float], None]) -> None:
        self._console = console
        self._state = state
        self._ready = ready
        self._phases: dict[str, Phase] = {}
        self._begun_s: dict[str, float] = {}
        self._written_s = 0.0
        self._status: Status | None = None

    def changed(self, members: Sequence[Member]) -> None:
        """Say what has changed, and write it down."""
        for member in members:
            name, phase = member.child.name, member.life.phase
            before = self._phases.get(name)
            if before is phase:
                continue
            self._phases[name] = phase
            self._say(member, before)
        self._write(members)

    def _say(self, member: Member, before: Phase | None) -> None:
        name, phase = member.child.name, member.life.phase
        if phase is Phase.STARTING:
            self._begun_s[name] = time.monotonic()
            if before is Phase.PAUSING:
                self._line(name, f"starts again (number {member.life.restarts})")
        elif phase is Phase.PAUSING:
            pause_s = member.life.again_s - member.life.since_s
            self._line(
                name,
                f"[yellow]ended with {member.last_code}[/yellow], starts again in {pause_s:.1f} s",
            )
        elif phase in _OVER:
            took_s = time.monotonic() - self._begun_s.get(name, time.monotonic())
            took = f" after {took_s:.1f} s" if phase in {Phase.READY, Phase.DONE} else ""
            self._line(name, f"{_OVER[phase]}{took}")

    def _line(self, name: str, said: str) -> None:
        self._console.print(f"  {name:<10} {said}", highlight=False)

    def passed(self, members: Sequence[Member], seconds: float) -> None:
        """Show what is being waited for, and keep the state file of now."""
        waited = [one for one in members if one.life.phase is Phase.STARTING]
        if waited and self._status is None:
            self._status = self._console.status("")
            self._status.start()
        if self._status is not None and waited:
            self._status.update(f"{_waiting(waited)} ({seconds:.0f} s)")
        elif self._status is not None:
            self._status.stop()
            self._status = None
        if time.monotonic() - self._written_s > _WRITE_EVERY_S:
            self._write(members)

    def all_serve(self, seconds: float) -> None:
        """Say that all is ready, and how to use it."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self._ready(seconds)

    def stops(self, name: str) -> None:
        """Say which is being stopped."""
        self._console.print(f"  {name:<10} is being stopped", highlight=False)

    def _write(self, members: Sequence[Member]) -> None:
        self._written_s = time.monotonic()
        write_state(self._state, os.getpid(), members)


def _waiting(members: Sequence[Member]) -> str:
    """Return what is being waited for; of a single one also the last thing that it said."""
    if len(members) > 1:
        return f"waiting for {', '.join(one.child.name for one in members)}"
    child, process = members[0].child, members[0].process
    said = escape(last_lines(process.log, process.said_from, 1)[:_SAID_CHARS_MAX])
    return f"waiting for {child.name} ({child.about}){': ' if said else ''}{said}"
